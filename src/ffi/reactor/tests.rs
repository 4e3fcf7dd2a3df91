//! Callbacks that come back in, for Miri: it sees two references to the same inside. What the
//! functions promise is tested from C (`c_tests/reactor*.c`).

use super::*;
use std::ptr;

struct Scene {
    own: u64,
    other: u64,
    eventfd: c_int,
    log: Vec<u32>,
}

/// Uses every function in a callback, its own registration and another's.
unsafe extern "C" fn use_everything(
    reactor: *mut CReactor,
    handle: u64,
    events: u32,
    data: *mut c_void,
) {
    // SAFETY: the scene outlives the reactor, and no other code uses it while a callback runs; the reactor
    // is the one that calls this.
    unsafe {
        let scene = data.cast::<Scene>();
        (*scene).log.push(events);
        assert_eq!(epshim_reactor_wake(reactor), 0);
        if handle != (*scene).own {
            return;
        }
        assert_eq!(epshim_reactor_free(reactor), -1);
        assert_eq!(epshim_reactor_run(reactor), -1);
        assert_eq!(epshim_reactor_run_once(reactor, 0), -1);
        assert_eq!(epshim_reactor_modify(reactor, (*scene).other, libc::EPOLLIN as u32), 0);
        assert_eq!(epshim_reactor_again(reactor, handle, 4), 0);
        assert_eq!(epshim_reactor_remove(reactor, (*scene).other), 0);
        assert_eq!(epshim_reactor_remove(reactor, handle), 0);
        assert_eq!(epshim_reactor_remove(reactor, handle), -1);
        add(reactor, scene, (*scene).eventfd);
        for _ in 0..20 {
            add(reactor, scene, -1);
        }
        assert_eq!(epshim_reactor_again(reactor, (*scene).own, 8), 0);
        assert_eq!(epshim_reactor_timer(reactor, (*scene).own, -1), 0);
        if (*scene).log.len() > 4 {
            assert_eq!(epshim_reactor_stop(reactor), 0);
        }
    }
}

/// # Safety
///
/// `reactor` is a reactor that `scene` outlives.
unsafe fn add(reactor: *mut CReactor, scene: *mut Scene, fd: c_int) {
    // SAFETY: the caller's contract.
    unsafe {
        let handle = if fd == -1 { &raw mut (*scene).own } else { &raw mut (*scene).other };
        let interest = if fd == -1 { 0 } else { (libc::EPOLLIN | libc::EPOLLET) as u32 };
        let added =
            epshim_reactor_add(reactor, fd, interest, Some(use_everything), scene.cast(), handle);
        assert_eq!(added, 0);
    }
}

#[test]
fn callbacks_may_use_everything_again() {
    let mut reactor = ptr::null_mut();
    // SAFETY: the reactor is new, used by this thread alone, and freed once, before the scene.
    unsafe {
        let eventfd = libc::eventfd(1, libc::EFD_NONBLOCK);
        let scene = Box::into_raw(Box::new(Scene { own: 0, other: 0, eventfd, log: Vec::new() }));
        assert_eq!(epshim_reactor_new(&raw mut reactor), 0);
        assert_eq!(epshim_reactor_on_wake(reactor, Some(use_everything), scene.cast()), 0);
        add(reactor, scene, eventfd);
        add(reactor, scene, -1);
        assert_eq!(epshim_reactor_again(reactor, (*scene).own, 2), 0);
        assert_eq!(epshim_reactor_run(reactor), 0);
        assert!(epshim_reactor_run_once(reactor, 0) >= 0);
        assert_eq!(epshim_reactor_free(reactor), 0);
        let scene = Box::from_raw(scene);
        assert!(scene.log.starts_with(&[1, 2]) && scene.log.contains(&8), "{:?}", scene.log);
        assert_eq!(libc::close(eventfd), 0);
    }
}
