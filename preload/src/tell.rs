//! What the hooks tell: the functions of `hooks/tell.h`, entered from C before and after calls.
//!
//! They run on the program's threads, in its signal handlers too: nothing here allocates, locks,
//! or keeps a descriptor. Each is guarded; see `guard.rs`.

use crate::descriptors::{self, Slot};
use crate::guard::book_keeping;
use crate::jump::hidden;
use crate::options::Options;
use crate::{guard, process, watched};
use libc::{c_char, c_int, c_long, c_void, epoll_event, size_t, ssize_t};
use std::ffi::CStr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Calls whose descriptor no slot was found for.
static DROPPED: AtomicU64 = AtomicU64::new(0);
/// Calls that cannot be followed: rings.
static UNSEEN: AtomicU64 = AtomicU64::new(0);

hidden! {
    tell_start => start;
    tell_created => created;
    tell_ctl => ctl;
    tell_wait_begins => wait_begins;
    tell_wait_ended => wait_ended;
    tell_io_begins => io_begins;
    tell_io_ended => io_ended;
    tell_closing => closing;
    tell_duplicated => duplicated;
    tell_flags_changed => flags_changed;
    tell_shut_down => shut_down;
    tell_unseen => unseen;
    tell_forked => forked;
}

/// # Safety
/// `options` is null or a string.
unsafe extern "C" fn start(options: *const c_char) {
    if options.is_null() {
        return;
    }
    // SAFETY: not null, so a string, says the caller; and it is the environment's, which stays.
    let options = Options::parse(unsafe { CStr::from_ptr(options) }.to_bytes());
    if options.is_checking {
        process::prepare();
        guard::prepare(options.panic_after);
        watched::start_checking();
    }
}

/// Book-keeping of what changes what is known of a descriptor: not in a vforked child.
fn change(body: impl FnOnce()) {
    book_keeping(|| {
        if process::is_new_copy() {
            process::adopt();
        }
        if process::owns_memory() {
            body();
        }
    });
}

/// Changes a descriptor's slot, and whether the hooks tell of it.
fn update(fd: c_int, change: impl FnMut(&mut descriptors::State)) {
    let Some(slot) = descriptors::slot(fd) else {
        DROPPED.fetch_add(1, Relaxed);
        return;
    };
    slot.update(change);
    show(fd, slot);
}

/// Another thread may change the slot between the look at it and the bit: look again.
fn show(fd: c_int, slot: &Slot) {
    let mut is_known = slot.get().is_known();
    loop {
        watched::watch(fd, is_known);
        let now = slot.get().is_known();
        if now == is_known {
            return;
        }
        is_known = now;
    }
}

extern "C" fn created(epfd: c_int, _flags: c_int, _site: *const c_void) {
    change(|| update(epfd, |state| state.is_epoll = true));
}

extern "C" fn ctl(
    epfd: c_int,
    op: c_int,
    fd: c_int,
    _event: *const epoll_event,
    error: c_int,
    _site: *const c_void,
) {
    change(|| match op {
        _ if error != 0 => {}
        libc::EPOLL_CTL_ADD => {
            // It may have been made where nobody told of it.
            update(epfd, |state| state.is_epoll = true);
            update(fd, |state| state.registrations += 1);
        }
        libc::EPOLL_CTL_DEL => {
            update(fd, |state| state.registrations = state.registrations.saturating_sub(1));
        }
        _ => {}
    });
}

extern "C" fn wait_begins(_epfd: c_int, _maxevents: c_int, _timeout: i64, _site: *const c_void) {
    book_keeping(|| {});
}

extern "C" fn wait_ended(_epfd: c_int, _events: *const epoll_event, _count: c_int, _error: c_int) {
    book_keeping(|| {});
}

extern "C" fn io_begins(_fd: c_int, _kind: c_int, _dontwait: bool, _site: *const c_void) {
    book_keeping(|| {});
}

extern "C" fn io_ended(
    _fd: c_int,
    _kind: c_int,
    _asked: size_t,
    _got: ssize_t,
    _error: c_int,
    _site: *const c_void,
) {
    book_keeping(|| {});
}

extern "C" fn closing(fd: c_int, _site: *const c_void) {
    change(|| {
        update(fd, |state| {
            *state = descriptors::State {
                generation: state.generation.wrapping_add(1),
                ..Default::default()
            };
        });
    });
}

extern "C" fn duplicated(from: c_int, to: c_int, _site: *const c_void) {
    change(|| {
        if descriptors::slot(from).is_some_and(|slot| slot.get().is_epoll) {
            update(to, |state| state.is_epoll = true);
        }
    });
}

extern "C" fn flags_changed(_fd: c_int) {
    change(|| {});
}

extern "C" fn shut_down(_fd: c_int) {
    change(|| {});
}

extern "C" fn unseen(_number: c_long) {
    book_keeping(|| {
        UNSEEN.fetch_add(1, Relaxed);
    });
}

extern "C" fn forked() {
    book_keeping(|| {
        process::is_new_copy(); // It is no longer one.
        process::adopt();
    });
}
