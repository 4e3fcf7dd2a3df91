//! A timer signal for this thread alone, so that a wait without limit ends with EINTR.

use std::mem;
use std::ptr;

/// Sends SIGUSR2 to the thread that made it, again and again, until dropped.
pub struct Interrupter {
    timer: libc::timer_t,
}

impl Interrupter {
    /// The handler does nothing and is installed without SA_RESTART (waits never restart anyway).
    pub fn new() -> Self {
        extern "C" fn nothing(_: libc::c_int) {}
        // SAFETY: plain structures, filled before use; the handler is async-signal-safe; the timer
        // is ours until it is deleted in drop.
        unsafe {
            let mut action: libc::sigaction = mem::zeroed();
            action.sa_sigaction = nothing as extern "C" fn(libc::c_int) as usize;
            assert_eq!(libc::sigaction(libc::SIGUSR2, &raw const action, ptr::null_mut()), 0);

            let mut event: libc::sigevent = mem::zeroed();
            event.sigev_notify = libc::SIGEV_THREAD_ID;
            event.sigev_signo = libc::SIGUSR2;
            event.sigev_notify_thread_id = libc::gettid();
            let mut timer = mem::zeroed();
            let made = libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer);
            assert_eq!(made, 0);
            Self { timer }
        }
    }

    /// Signals every millisecond from now on, or no more.
    pub fn arm(&self, on: bool) {
        let every = libc::timespec { tv_sec: 0, tv_nsec: if on { 1_000_000 } else { 0 } };
        let setting = libc::itimerspec { it_interval: every, it_value: every };
        // SAFETY: our own timer, and a setting that lives through the call.
        let set =
            unsafe { libc::timer_settime(self.timer, 0, &raw const setting, ptr::null_mut()) };
        assert_eq!(set, 0);
    }
}

impl Drop for Interrupter {
    fn drop(&mut self) {
        // SAFETY: our own timer, deleted once.
        unsafe { libc::timer_delete(self.timer) };
    }
}
