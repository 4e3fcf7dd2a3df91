//! How many times this thread has called `epoll_ctl`: the test program's own function of that name
//! stands before libc's, counts, and passes on.

use libc::{c_int, epoll_event};
use std::cell::Cell;

thread_local!(static CALLS: Cell<usize> = const { Cell::new(0) });

/// Runs `work`, and returns how many calls of `epoll_ctl` it made.
pub fn epoll_ctl_calls(work: impl FnOnce()) -> usize {
    let before = CALLS.get();
    work();
    CALLS.get() - before
}

/// # Safety
///
/// As libc's: the kernel validates everything.
#[unsafe(no_mangle)]
unsafe extern "C" fn epoll_ctl(
    epfd: c_int,
    op: c_int,
    fd: c_int,
    event: *mut epoll_event,
) -> c_int {
    CALLS.set(CALLS.get() + 1);
    // SAFETY: the arguments of epoll_ctl(2), passed on.
    unsafe { libc::syscall(libc::SYS_epoll_ctl, epfd, op, fd, event) as c_int }
}

#[test]
fn the_counter_counts_what_the_library_calls() {
    let mut reactor = epshim::Reactor::new().unwrap();
    let calls = epoll_ctl_calls(|| {
        let (key, _theirs) = crate::add(&mut reactor, epshim::EventFlags::IN);
        reactor.remove(key);
    });
    assert_eq!(calls, 2);
}
