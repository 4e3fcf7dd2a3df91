//! The program enters a sandbox: before it does, the monitor thread ends, what will be needed is fetched,
//! and the library stops making calls of its own.
//!
//! The user is told before, for afterwards the library may not be able to. If the program is refused the
//! sandbox, all is as it was before.
//!
//! Surprising: another thread may be in the middle of a question to the kernel. It is given a moment to
//! finish. There is no other way to know.

use crate::books::slots;
use crate::life::{monitor, suspicions};
use crate::output::{frames, line, report};
use crate::runtime::reserve;
use crate::runtime::sandbox;
use crate::runtime::{pages, signals};
use rustix::thread::futex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

/// The program was in a sandbox already, of its own making, when it asked for this one.
static WAS_IN_ONE: AtomicBool = AtomicBool::new(false);

const MOMENT: futex::Timespec = futex::Timespec { tv_sec: 0, tv_nsec: 2_000_000 };
/// Descriptors whose slots are made before.
const DESCRIPTORS: i32 = 4096;

/// `is_earnest`: the call has what it needs; without, a program asks whether there are sandboxes at all.
pub fn begins(site: usize, is_earnest: bool) {
    let was_in_one = sandbox::entered_at().is_some();
    WAS_IN_ONE.store(was_in_one, Relaxed);
    if !was_in_one && is_earnest {
        suspicions::pass();
        if !reserve::prepare_for_sandbox() {
            pages::run_out(); // The checker gives up, before the program is in it.
        }
        slots::prepare(DESCRIPTORS);
        frames::keep();
        report::prepare_for_sandbox();
        line::say(format_args!(
            "the program enters a sandbox (seccomp): what needs the kernel's word is not asked any more"
        ));
    }
    if !was_in_one {
        signals::with_all_blocked(monitor::bar);
    }
    sandbox::enter(site);
    report::note_sandbox();
    if !was_in_one {
        let nothing = AtomicU32::new(0);
        let _ = futex::wait(&nothing, futex::Flags::PRIVATE, 0, Some(&MOMENT));
    }
}

/// The call has returned.
pub fn ended(has_entered: bool) {
    if has_entered || WAS_IN_ONE.load(Relaxed) {
        return;
    }
    sandbox::leave();
    report::note_sandbox();
    frames::forget();
    monitor::unbar();
}
