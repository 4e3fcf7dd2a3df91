//! A thread of the library's own, made by pthread_create(3): for targets that `own_thread.rs` does not know.
//!
//! Surprising: the calls in a signal handler that may have interrupted malloc must not start it
//! ([`FROM_HANDLERS`]). close(2) never does; a wait in a handler does, at its own risk.

use crate::runtime::thread;
use rustix::process::{Pid, test_kill_process};
use rustix::thread::futex;
use std::ffi::{c_int, c_void};
use std::mem::{MaybeUninit, transmute};
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering::Relaxed};

/// Whether a thread may be started from a signal handler.
pub const FROM_HANDLERS: bool = false;

const STACK: usize = 256 << 10;

/// Before the checking starts.
pub fn prepare() {}

/// The thread; 0: none was started.
static TID: AtomicI32 = AtomicI32::new(0);

/// In a forked child.
pub fn forked() {
    TID.store(0, Relaxed);
}

/// Whether the thread has ended. Waits for it, for this number of sleeps at most.
pub fn has_ended(sleeps: u32) -> bool {
    const MOMENT: futex::Timespec = futex::Timespec { tv_sec: 0, tv_nsec: 1_000_000 };
    let nothing = AtomicU32::new(0);
    for _ in 0..sleeps * 100 {
        // kill(2) finds a thread by its id, too.
        match Pid::from_raw(TID.load(Relaxed)) {
            Some(thread) if test_kill_process(thread).is_ok() => {}
            _ => return true,
        }
        let _ = futex::wait(&nothing, futex::Flags::PRIVATE, 0, Some(&MOMENT));
    }
    false
}

/// Starts the thread, which begins with the caller's signal mask. False: it cannot be.
pub fn start(run: fn() -> c_int) -> bool {
    create(run) == 0
}

/// Returns what pthread_create(3) does.
fn create(run: fn() -> c_int) -> c_int {
    let mut thread = MaybeUninit::uninit();
    let mut attributes = MaybeUninit::uninit();
    // SAFETY: each call gets pointers to objects of its type that live until it returns, and the
    // attributes are initialised before they are used. `enter` gets the function that it expects.
    unsafe {
        libc::pthread_attr_init(attributes.as_mut_ptr());
        libc::pthread_attr_setstacksize(attributes.as_mut_ptr(), STACK);
        libc::pthread_attr_setdetachstate(attributes.as_mut_ptr(), libc::PTHREAD_CREATE_DETACHED);
        let argument = run as *mut c_void;
        let failed =
            libc::pthread_create(thread.as_mut_ptr(), attributes.as_ptr(), enter, argument);
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        failed
    }
}

extern "C" fn enter(run: *mut c_void) -> *mut c_void {
    // SAFETY: `create` passes such a function.
    let run = unsafe { transmute::<*mut c_void, fn() -> c_int>(run) };
    TID.store(thread::tid(), Relaxed);
    thread::hide_from_sanitizer();
    run();
    thread::show_to_sanitizer();
    ptr::null_mut()
}
