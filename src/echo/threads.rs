//! Threads, each with a server.
//!
//! Not the standard library's: those allocate, and end the process where memory is out, also the new
//! thread while it makes its stack for signals. Here all that a thread needs is there before it starts,
//! but for its stack, and without that pthread_create(3) fails.

use crate::server::Server;
use crate::signals;
use crate::streams::say;
use std::ffi::c_void;
use std::io;
use std::mem::MaybeUninit;
use std::ptr;

/// Far more than a round needs.
const STACK_SIZE: usize = 256 * 1024;

/// A thread that runs a server.
pub struct Thread(libc::pthread_t);

impl Thread {
    /// Starts it.
    pub fn start(server: Box<Server>) -> io::Result<Self> {
        let server = Box::into_raw(server);
        let mut thread = MaybeUninit::uninit();
        // SAFETY: `begin` takes a server over, and may do so in another thread (`may_be_sent`).
        match unsafe { create(&mut thread, server.cast()) } {
            // SAFETY: pthread_create has succeeded, and then has written it.
            0 => Ok(Self(unsafe { thread.assume_init() })),
            error => {
                // SAFETY: it was a box, and no thread has taken it over.
                drop(unsafe { Box::from_raw(server) });
                Err(io::Error::from_raw_os_error(error))
            }
        }
    }

    /// Waits for its end. Returns whether every byte was echoed.
    pub fn join(self) -> bool {
        let mut result = ptr::null_mut();
        // SAFETY: the thread was started, and is joined once. The result lives through the call.
        let error = unsafe { libc::pthread_join(self.0, &raw mut result) };
        error == 0 && result == ALL_ECHOED
    }
}

/// Runs one server to its end, in the calling thread. One that fails does not leave the others behind.
/// Returns whether every byte was echoed.
pub fn run(mut server: Box<Server>) -> bool {
    server.run().unwrap_or_else(|failure| {
        say(failure);
        if !server.is_stopping() {
            signals::stop_all();
        }
        false
    })
}

/// # Safety
///
/// `server` is a box, which the new thread may take over.
unsafe fn create(thread: &mut MaybeUninit<libc::pthread_t>, server: *mut c_void) -> libc::c_int {
    let mut attributes = MaybeUninit::uninit();
    // SAFETY: pthread_attr_init initialises what the others use until it is destroyed, and what they
    // write lives through the calls.
    unsafe {
        let mut error = libc::pthread_attr_init(attributes.as_mut_ptr());
        if error != 0 {
            return error;
        }
        error = libc::pthread_attr_setstacksize(attributes.as_mut_ptr(), STACK_SIZE);
        if error == 0 {
            error = libc::pthread_create(thread.as_mut_ptr(), attributes.as_ptr(), begin, server);
        }
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        error
    }
}

/// What [`begin`] returns.
const ALL_ECHOED: *mut c_void = ptr::without_provenance_mut(1);

/// Where a thread begins.
extern "C" fn begin(server: *mut c_void) -> *mut c_void {
    // SAFETY: `start` passes a box, and leaves it to this thread.
    let server = unsafe { Box::from_raw(server.cast::<Server>()) };
    if run(server) { ALL_ECHOED } else { ptr::null_mut() }
}

const _: fn() = || {
    fn may_be_sent<T: Send>() {}
    may_be_sent::<Box<Server>>();
};
