//! What the hooks report of writes that SIGPIPE may follow, before they are made.
//!
//! Where SIGPIPE is ignored or handled, the first of them says so, and the hooks report no more. Elsewhere poll(2)
//! is asked before each whether the reader is there still: if not, the program is about to end, and the finding is
//! written before.
//!
//! Surprising: this takes the model's lock in the call of a write. It does so once for each call site, and
//! where the program is about to end.

use crate::books::places::Places;
use crate::books::slots::Table;
use crate::books::{model, stacks};
use crate::entry::guard::record;
use crate::life::monitor;
use crate::questions::descriptor;
use crate::runtime::clock::now;
use crate::runtime::signals::{Sigpipe, sigpipe};
use crate::runtime::{process, watched};
use epshim_observe::{Descriptors, Kind, MILLISECOND, Nanos, SECOND, What, bits};
use libc::{c_int, c_void};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// That a write may end the program was told.
static IS_TOLD: AtomicBool = AtomicBool::new(false);
/// The call sites whose reader was gone. A thread waits for the report at each of them, once.
static GONE_AT: Places<64> = Places::new();
/// How long it waits, at most: where the write only may end the program, and where it does. The symbolizer takes long
/// on a busy machine, and is given up after 10 s.
const LONGEST_PAUSE: Nanos = 500 * MILLISECOND;
const LAST_PAUSE: Nanos = 12 * SECOND;

pub extern "C" fn unguarded(fd: c_int, site: *const c_void) {
    // A program that writes to a pipe of a shell's is to end with it.
    if fd <= libc::STDERR_FILENO {
        return;
    }
    record(|| {
        let kind = Table.kind(fd);
        if !matches!(kind, Kind::Stream | Kind::Pipe) {
            return;
        }
        let is_first = !IS_TOLD.load(Relaxed);
        let gone = gone(fd, kind);
        if gone == 0 && !is_first {
            return;
        }
        match sigpipe() {
            Sigpipe::Harmless => watched::sigpipe_is_harmless(),
            Sigpipe::Blocked => {}
            Sigpipe::Ends if !process::owns_memory() => {}
            Sigpipe::Ends if gone != 0 => ends(fd, gone, site),
            Sigpipe::Ends if !IS_TOLD.swap(true, Relaxed) => tell(fd, 0, site),
            Sigpipe::Ends => {}
        }
    });
}

/// That the reader is gone, as the rule knows it: `EPOLLHUP`, with `EPOLLERR` where the connection has an error.
fn gone(fd: c_int, kind: Kind) -> u32 {
    let ready = descriptor::readiness(fd, 0).unwrap_or(0) & (bits::HUP | bits::ERR);
    // A pipe whose reader is gone says POLLERR (pipe(7)).
    if kind == Kind::Pipe && ready & bits::ERR != 0 { bits::HUP } else { ready }
}

fn ends(fd: c_int, gone: u32, site: *const c_void) {
    if GONE_AT.note(site.addr() as u64) {
        tell(fd, gone, site);
        monitor::wake_by_from_handler(now());
        monitor::wait_for_pass(if gone == bits::HUP { LAST_PAUSE } else { LONGEST_PAUSE });
    }
}

fn tell(fd: c_int, ready: u32, site: *const c_void) {
    model::observe(stacks::capture(site), What::Unguarded { fd, ready });
}
