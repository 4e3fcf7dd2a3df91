//! Threads, each with a server.
//!
//! Not the standard library's: those allocate, and end the process where memory is out, also the new
//! thread while it makes its stack for signals. Here all that a thread needs is there before it starts,
//! but for its stack, and without that pthread_create(3) fails.

use crate::process::{Failed, OrSay};
use crate::server::Server;
use libc::c_void;
use std::io;
use std::mem::MaybeUninit;
use std::ptr;

/// Runs one server to its end, in the calling thread. One that fails does not leave the others behind.
/// Returns whether every byte was echoed.
pub fn run(server: &mut Server) -> bool {
    server.run().or_say("epoll_wait failed").unwrap_or_else(|Failed| {
        if !server.is_stopping() {
            // SAFETY: takes integers.
            unsafe { libc::kill(libc::getpid(), libc::SIGTERM) };
        }
        false
    })
}

/// A thread that runs a server.
pub struct Thread(libc::pthread_t);

/// Far more than a round needs.
const STACK_SIZE: usize = 256 * 1024;
/// What a thread returns.
const ALL_ECHOED: *mut c_void = ptr::without_provenance_mut(1);

impl Thread {
    pub fn start(server: &'static mut Server) -> io::Result<Self> {
        let server = ptr::from_mut(server).cast();
        let mut attributes = MaybeUninit::uninit();
        let mut thread = MaybeUninit::uninit();
        // SAFETY: pthread_attr_init initialises what the others use until it is destroyed, and
        // pthread_create the thread, if it succeeds; it has no memory to do more. What they write lives
        // through the calls. The server is this thread's alone from now on, and may be sent to it.
        unsafe {
            let mut error = libc::pthread_attr_init(attributes.as_mut_ptr());
            if error == 0 {
                libc::pthread_attr_setstacksize(attributes.as_mut_ptr(), STACK_SIZE);
                error =
                    libc::pthread_create(thread.as_mut_ptr(), attributes.as_ptr(), begin, server);
                libc::pthread_attr_destroy(attributes.as_mut_ptr());
            }
            if error == 0 {
                Ok(Self(thread.assume_init()))
            } else {
                Err(io::Error::from_raw_os_error(error))
            }
        }
    }

    /// Waits for its end. Returns whether every byte was echoed.
    pub fn join(self) -> bool {
        let mut result = ptr::null_mut();
        // SAFETY: the thread was started, and is joined once. The result lives through the call.
        unsafe { libc::pthread_join(self.0, &raw mut result) == 0 && result == ALL_ECHOED }
    }
}

extern "C" fn begin(server: *mut c_void) -> *mut c_void {
    // SAFETY: `start` passes a server that lasts as long as the process, and leaves it to this thread.
    let server = unsafe { &mut *server.cast::<Server>() };
    if run(server) { ALL_ECHOED } else { ptr::null_mut() }
}

const _: fn() = || {
    fn may_be_sent<T: Send>() {}
    may_be_sent::<Server>();
};
