//! What the hooks report of the process: it starts, forks, and ends.
//!
//! The start comes from the library's constructor, the end from its destructor or from the hook of a way
//! out that runs none, the fork from pthread_atfork(3). Each is a few steps here; what they do is in `life/`.
//!
//! Surprising: a signal handler may fork in the middle of the book-keeping. Its thread holds the
//! locks then, in the child too, and gives them back itself.

use crate::books::recording;
use crate::chaos::limit;
use crate::entry::guard::{
    enter_fork, guarded, if_checking, leave_fork, prepare_end, record_change,
};
use crate::life::{fork, monitor, start, suspicions};
use crate::output::{line, mail, report};
use crate::questions::side_process;
use crate::runtime::lock::PATIENCE;
use crate::runtime::{failure, process, rings, shared_page, slot_life, spawned, watched};
use epshim_page::mail::Place;
use libc::{c_char, c_int};
use std::ffi::CStr;

/// Sleeps of a lock: 12 seconds. The symbolizer, which another thread may be waiting for, is given up
/// after 10.
const PATIENCE_AT_EXIT: u32 = 120;

/// # Safety
/// `options` is null or a string.
pub unsafe extern "C" fn start(options: *const c_char) {
    if options.is_null() {
        return;
    }
    // SAFETY: not null, so a string, as the caller promises. It is the environment's, which stays.
    let text = unsafe { CStr::from_ptr(options) }.to_string_lossy();
    // SAFETY: a string; what it returns is the environment's.
    let no_color =
        unsafe { libc::getenv(c"NO_COLOR".as_ptr()).as_ref() }.is_some_and(|&first| first != 0);
    start::start(&text, no_color);
}

pub extern "C" fn fork_begins() {
    if !enter_fork() {
        fork::take_locks();
    }
}

pub extern "C" fn fork_ended() {
    spawned::spawns();
    recording::has_forked();
    leave_fork(fork::give_locks);
}

pub extern "C" fn forked() {
    leave_fork(fork::give_locks);
    if_checking(|| {
        process::is_new_copy(); // It is no longer one.
        fork::adopt();
    });
}

pub extern "C" fn alone_begins() {
    record_change(monitor::bar);
}

pub extern "C" fn alone_ended() {
    record_change(monitor::unbar);
}

/// The process is about to execute another program. Returns whether it is to be reported if it does not.
pub extern "C" fn exec_begins() -> bool {
    spawned::spawns();
    limit::raise_for_exec();
    if watched::is_checking() && process::owns_memory() {
        rings::leave();
    }
    watched::is_checking() && slot_life::executes()
}

/// A program is about to be started by a function that forks unseen.
pub extern "C" fn spawned() {
    spawned::spawns();
    limit::end();
}

/// It did not.
pub extern "C" fn exec_failed() {
    slot_life::executes_not();
}

/// The program is about to wait for children of every kind, perhaps until it has none. The observer would be
/// one for ever, and each side process one that the program does not know: they do not run until it
/// has returned.
pub extern "C" fn clones_awaited() {
    let had_observer = shared_page::dismiss();
    record_change(|| {
        if had_observer {
            line::say(format_args!(
                "the program waits for every kind of child (__WALL): the observer leaves, and writes no end"
            ));
        }
        monitor::bar();
        side_process::bar(PATIENCE);
    });
}

/// It has returned.
pub extern "C" fn clones_waited_for() {
    record_change(|| {
        side_process::unbar();
        monitor::unbar();
    });
}

/// Returns the status that the program is to have, or -1.
pub extern "C" fn end() -> c_int {
    prepare_end();
    finish(PATIENCE_AT_EXIT)
}

/// The same, where the program ends at once. A signal handler may do that in the middle of the
/// book-keeping: then the end of the report is lost, and the status is right.
pub extern "C" fn leaving() -> c_int {
    finish(PATIENCE)
}

/// Writes the end of the report, once. Another thread is waited for through this number of sleeps.
fn finish(patience: u32) -> c_int {
    record_change(|| {
        if !report::is_over() {
            suspicions::finish(patience);
            report::finish(patience);
        }
    });
    // A child of vfork has this memory, and ends without ending this process.
    if !process::owns_memory() {
        return -1;
    }
    if failure::has_failed() && !report::is_over() {
        guarded(|| report::finish_failed(patience));
    }
    // Who waits for this process finds the profile written, if there is to be one.
    record_change(|| drop(mail::send(Place::Profile, true, b"")));
    // The observer writes what this process could not.
    slot_life::ended(report::is_over() && !report::is_lost());
    report::exit_code().map_or(-1, c_int::from)
}
