//! The variables that each thread has of its own: how deep it is in the book-keeping, where on its
//! stack it went into it, its id, and errno.
//!
//! All but errno are C's (`hooks/watched.c`): there they lie in the static TLS block, which a signal
//! handler may touch. This file reads and writes them, one at a time. In which order they change is
//! the business of the guard (`entry/guard.rs`).
//!
//! Surprising: a signal handler may run between any two calls here. It leaves the variables as it
//! found them, or never returns. So no reference to one of them is ever made.

use crate::runtime::sandbox::{self, Call};
use std::ffi::c_int;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering::Relaxed};

unsafe extern "C" {
    // The calling thread's own variables, which live as long as the thread.
    safe fn epshim_depth() -> *mut c_int;
    safe fn epshim_frame() -> *mut usize;
    safe fn epshim_tid() -> *mut c_int;
    safe fn epshim_place() -> *mut u32;
    safe fn epshim_source() -> *mut u32;
    safe fn epshim_ring() -> *mut u32;
    // `hooks/sanitizer.c`: calls that must come in pairs.
    safe fn epshim_tsan_ignore();
    safe fn epshim_tsan_observe();
}

/// The variables of the thread that called [`Own::current`]. The pointers keep the value in that
/// thread: it is not `Send`.
#[derive(Debug)]
pub struct Own {
    depth: *mut c_int,
    frame: *mut usize,
    errno: *mut c_int,
}

// In each of the blocks below: the pointer is to a variable of this thread, which lives as long as
// the thread, and this value does not leave the thread; and there is no reference to the variable.
impl Own {
    /// Those of the calling thread.
    #[inline]
    pub fn current() -> Self {
        let (depth, frame) = (epshim_depth(), epshim_frame());
        // SAFETY: it takes nothing, and returns the address of the calling thread's errno.
        Self { depth, frame, errno: unsafe { libc::__errno_location() } }
    }

    /// How deep the thread is in the book-keeping; 0: it runs the program.
    #[inline]
    pub fn depth(&self) -> c_int {
        // SAFETY: this thread's own, without a reference to it; see above.
        unsafe { *self.depth }
    }

    /// Sets the depth.
    #[inline]
    pub fn set_depth(&self, depth: c_int) {
        // SAFETY: this thread's own, without a reference to it; see above.
        unsafe { *self.depth = depth }
    }

    /// Where on the stack the thread went into the book-keeping, or 0.
    #[inline]
    pub fn frame(&self) -> usize {
        // SAFETY: this thread's own, without a reference to it; see above.
        unsafe { *self.frame }
    }

    /// Sets the place on the stack.
    #[inline]
    pub fn set_frame(&self, frame: usize) {
        // SAFETY: this thread's own, without a reference to it; see above.
        unsafe { *self.frame = frame }
    }

    /// The thread's errno.
    #[inline]
    pub fn errno(&self) -> c_int {
        // SAFETY: this thread's own, without a reference to it; see above.
        unsafe { *self.errno }
    }

    /// Sets errno.
    #[inline]
    pub fn set_errno(&self, errno: c_int) {
        // SAFETY: this thread's own, without a reference to it; see above.
        unsafe { *self.errno = errno }
    }
}

/// Where libc keeps a thread's id, from the address that pthread_self(3) returns; 0: not found.
static ID_OF_LIBC: AtomicUsize = AtomicUsize::new(0);
/// Threads whose id could not be asked.
static UNKNOWN: AtomicI32 = AtomicI32::new(0);
/// Their ids begin here, above all that the kernel gives (PID_MAX_LIMIT, include/linux/threads.h).
pub const FIRST_UNKNOWN: c_int = 1 << 24;

/// Before the checking starts: finds where libc keeps a thread's id. The kernel writes it there when it makes
/// the thread, and in a forked child.
pub fn find_id_of_libc() {
    /// Less than `struct pthread` of any libc.
    const SIZE: usize = 1024;
    let own = tid();
    // SAFETY: it takes nothing, and returns the address of the thread's descriptor.
    let descriptor = unsafe { libc::pthread_self() } as usize;
    let words = (4..SIZE / 4).map(|word| word * 4);
    // SAFETY: within this thread's descriptor, which only the thread itself changes here.
    let mut found = words.filter(|at| unsafe { *((descriptor + at) as *const c_int) } == own);
    ID_OF_LIBC.store(found.next().unwrap_or(0), Relaxed);
}

/// This thread's id, as libc has it. `None`: it cannot be read there.
pub fn id_of_libc() -> Option<c_int> {
    let at = Some(ID_OF_LIBC.load(Relaxed)).filter(|&at| at != 0)?;
    // SAFETY: as above.
    let id = unsafe { *((libc::pthread_self() as usize + at) as *const c_int) };
    (id > 0).then_some(id)
}

/// An address that no other living thread has: of a variable of this one.
pub fn address() -> usize {
    epshim_tid().addr()
}

fn ask_tid() -> c_int {
    if sandbox::may(Call::Identity) {
        return rustix::thread::gettid().as_raw_nonzero().get();
    }
    id_of_libc().unwrap_or_else(|| FIRST_UNKNOWN + UNKNOWN.fetch_add(1, Relaxed))
}

/// The id of this thread is known otherwise: it is the only one of this process.
pub fn set_tid(tid: c_int) {
    // SAFETY: this thread's own variable, valid while it runs.
    unsafe { *epshim_tid() = tid };
}

/// The id of this thread, as gettid(2) has it: asked once, and kept.
pub fn tid() -> c_int {
    let kept = epshim_tid();
    // SAFETY: this thread's own variable, valid while it runs.
    unsafe {
        if *kept == 0 {
            *kept = ask_tid();
        }
        *kept
    }
}

/// Its place among the loops of the page, from 1; 0: it has asked for none.
pub fn place() -> u32 {
    // SAFETY: this thread's own variable, valid while it runs.
    unsafe { *epshim_place() }
}

/// Sets it.
pub fn set_place(place: u32) {
    // SAFETY: this thread's own variable, valid while it runs.
    unsafe { *epshim_place() = place }
}

/// What this thread has read last; 0: nothing. The form is the caller's.
pub fn source() -> u32 {
    // SAFETY: this thread's own variable, valid while it runs.
    unsafe { *epshim_source() }
}

/// Sets it.
pub fn set_source(source: u32) {
    // SAFETY: this thread's own variable, valid while it runs.
    unsafe { *epshim_source() = source }
}

/// Which ring this thread has; 0: none. The form is the caller's.
#[inline]
pub fn ring() -> u32 {
    // SAFETY: this thread's own variable, valid while it runs.
    unsafe { *epshim_ring() }
}

/// Sets it.
pub fn set_ring(ring: u32) {
    // SAFETY: this thread's own variable, valid while it runs.
    unsafe { *epshim_ring() = ring };
}

/// In a forked child: its thread has another id than the parent's that it is a copy of.
pub fn forget_tid() {
    // SAFETY: this thread's own variables.
    unsafe { (*epshim_tid(), *epshim_place()) = (0, 0) };
}

/// From now on ThreadSanitizer ignores what this thread does.
pub fn hide_from_sanitizer() {
    epshim_tsan_ignore();
}

/// Ends the above. Called too before the program is ended from within the book-keeping: the
/// sanitizer must not find the thread hidden then.
pub fn show_to_sanitizer() {
    epshim_tsan_observe();
}
