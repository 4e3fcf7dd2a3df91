//! Faults of connect.

use crate::chaos::books::{At, Books};
use crate::chaos::fate::Fate;
use crate::chaos::{monitor, situation};
use crate::questions::fd::FdNumber;
use epshim_observe::fault::{Fault, Faults, Name, Planned, Situation, Subject};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use std::ffi::c_int;

const OF_CONNECTS: [Fault; 3] =
    [Fault::ConnectAgain, Fault::ConnectInterrupted, Fault::ConnectRefused];

/// A connect is about to be made, to an address of this family. `room` of what it returns is 0 where nobody is to be
/// reached.
pub fn begins(books: &mut Books, at: At, family: u64) -> Fate {
    let Some(process) = books.process() else { return Fate::default() };
    books.could(at.site, OF_CONNECTS.into_iter().collect::<Faults>());
    let number = books.next(Subject::Connect);
    // The one before was told of this number: the program calls again, and must succeed.
    let is_again = books.last_refused == Some((at.fd, number - 1));
    for fault in OF_CONNECTS {
        let name = Name { fault, process, subject: Subject::Connect, number, offset: 0 };
        let situation =
            |_: &mut Books, _| Situation { is_again, ..situation::of_connect(at.fd, family) };
        if books.choose(&name, at, |_, _| 0, situation).is_none() {
            continue;
        }
        let fate = Fate { fault: Some(fault), ..Fate::default() };
        let (fate, errno) = match fault {
            Fault::ConnectInterrupted => {
                let Some(signal) = goes_on(at.fd) else { continue };
                (Fate { lost: libc::EINTR, signal, ..fate }, libc::EINTR)
            }
            Fault::ConnectRefused => (Fate { room: Some(0), ..fate }, libc::ECONNREFUSED),
            _ => (Fate { error: libc::EAGAIN, ..fate }, libc::EAGAIN),
        };
        books.last_refused = Some((at.fd, number));
        books.made(Planned { name, gives: 0 }, at, errno);
        return fate;
    }
    Fate::default()
}

/// The call is not to block, so that the connection goes on as after a signal (net/ipv4/af_inet.c,
/// __inet_stream_connect: the socket stays in SS_CONNECTING, and the next connect returns 0). Returns the signal.
fn goes_on(fd: c_int) -> Option<c_int> {
    let signal = situation::interruption(fd, true)?;
    block(fd, false).then_some(signal)
}

/// Whether calls on it block. False: that could not be said.
fn block(fd: c_int, may_block: bool) -> bool {
    let Some(number) = FdNumber::new(fd) else { return false };
    let Ok(flags) = fcntl_getfl(number) else { return false };
    let wanted = if may_block { flags - OFlags::NONBLOCK } else { flags | OFlags::NONBLOCK };
    fcntl_setfl(number, wanted).is_ok()
}

/// It has returned. Whether an error is to be told in its place: it goes on.
pub fn ended(fd: c_int, fate: Fate, errno: c_int) -> bool {
    match fate.fault {
        Some(Fault::ConnectInterrupted) => {
            block(fd, true);
            errno == libc::EINPROGRESS
        }
        Some(Fault::ConnectRefused) => {
            if errno == 0 {
                monitor::violated("a connect to nobody has succeeded");
            }
            false
        }
        _ => false,
    }
}
