//! Reports by way of the observer, which holds the files of `--log` and `--json`: a chroot, another user and
//! closed descriptors do not keep it from writing them.
//!
//! It takes memory and futex(2) alone. Where no observer answers, the process writes for itself, and does
//! not ask again.
//!
//! Surprising: a message that was not answered in time is taken back. Only one that is being written just
//! then may come twice.

use crate::output::writing::Unwritten;
use crate::runtime::sandbox::{self, Call};
use crate::runtime::signals::with_all_blocked;
use crate::runtime::{process, shared_page};
use epshim_page::Page;
use epshim_page::mail::{Mail, Place, SENT, TAKEN};
use rustix::io::Errno;
use rustix::thread::futex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The observer did not answer, or the files are not those of this process.
static IS_OFF: AtomicBool = AtomicBool::new(false);

const MOMENT: futex::Timespec = futex::Timespec { tv_sec: 0, tv_nsec: 10_000_000 };
/// Moments: a second.
const PATIENCE: u32 = 100;

/// The observer's files are not those that the options name.
pub fn switch_off() {
    IS_OFF.store(true, Relaxed);
}

/// Has a text written. `None`: the observer does not do it. `is_per_process`: the file's name has the
/// process id in it.
pub fn send(place: Place, is_per_process: bool, text: &[u8]) -> Option<Result<(), Unwritten>> {
    let page = shared_page::page().filter(|_| !IS_OFF.load(Relaxed))?;
    let is_held = page.held.load(Relaxed) >> place as u32 & 1 == 1;
    if !is_held
        || !page.is_observed()
        || !sandbox::may(Call::Sleep)
        || !shared_page::is_known()
        || (is_per_process && !shared_page::is_first())
    {
        return None;
    }
    let answer = with_all_blocked(|| {
        let own = process::id().unsigned_abs();
        if !(0..PATIENCE).any(|_| is_locked(&page.mail, own)) {
            return None;
        }
        let answer = if page.mail.send(place, text) { wait(page) } else { None };
        page.mail.unlock(own);
        answer
    })
    .flatten();
    if answer.is_none() && text.len() <= epshim_page::mail::ROOM {
        switch_off();
    }
    answer.map(|errno| match errno {
        0 => Ok(()),
        errno => Err(Unwritten::Failed(Errno::from_raw_os_error(errno))),
    })
}

/// The observer's answer.
fn wait(page: &Page) -> Option<i32> {
    shared_page::ring(page);
    let mail: &Mail = &page.mail;
    for _ in 0..PATIENCE {
        if let Some(answer) = mail.answer() {
            return Some(answer);
        }
        if !page.is_observed() {
            break;
        }
        for state in [SENT, TAKEN] {
            let _ = futex::wait(&mail.state, futex::Flags::empty(), state, Some(&MOMENT));
        }
    }
    // It is being written just now, or it was.
    if mail.take_back() || !page.is_observed() { None } else { mail.answer().or(Some(0)) }
}

/// Takes the lock, or sleeps for a moment.
fn is_locked(mail: &Mail, own: u32) -> bool {
    let owner = mail.owner.load(Relaxed);
    let is_taken = owner == 0 && mail.lock(own);
    if !is_taken && owner != 0 {
        let _ = futex::wait(&mail.owner, futex::Flags::empty(), owner, Some(&MOMENT));
    }
    is_taken
}
