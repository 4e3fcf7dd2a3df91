//! What the hooks report of closes, before they are made: of a watched descriptor, and of any
//! descriptor while a hazard is announced.
//!
//! A close takes no lock, unless it is an epoll's.

use crate::books::mailbox::Subject;
use crate::books::slot::{Slot, State};
use crate::books::slots::{Table, slot, update};
use crate::books::{belongings, family, model, recording, stacks};
use crate::entry::guard::record_change;
use crate::entry::posts::post;
use crate::life::monitor;
use crate::output::report;
use crate::questions::{descriptor, hazard, lines};
use crate::runtime::clock::now;
use crate::runtime::spawned;
use crate::runtime::thread::tid;
use epshim_observe::{Descriptors, Io, Kind, MILLISECOND, Nanos, What};
use libc::{c_int, c_uint, c_void};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

pub extern "C" fn gone(first: c_uint, last: c_uint) {
    record_change(|| hazard::closing(first, last));
}

pub extern "C" fn closing(fd: c_int, site: *const c_void) {
    record_change(|| {
        report::closing(fd);
        let Some(slot) = slot(fd) else { return };
        let state = slot.get();
        let unread = state.is_known().then(|| left_behind(fd, slot, site)).flatten();
        if lines::are_there() {
            belongings::closed(fd);
        }
        slot.closed.store(site.addr() as u64, Relaxed);
        // What was delivered with others, and not used since: another one's handler closes it, or its own.
        let is_stale = slot.batch.load(Relaxed) == tid() && !state.is_epoll;
        update(fd, |state| {
            let generation = state.generation.wrapping_add(1);
            *state = State { generation, is_stale, ..Default::default() };
        });
        if state.is_epoll {
            epoll_closed(fd, site);
        } else {
            recording::write(stacks::only(site), &What::Close { fd, unread });
        }
    });
}

/// What is lost with a file that is about to be closed, or is not: the model is told. Returns the bytes that are unread.
fn left_behind(fd: c_int, slot: &Slot, site: *const c_void) -> Option<u64> {
    let (state, io) = (slot.get(), slot.io());
    let post = |subject, amount| post(subject, fd, site, amount);
    let unread = io.may_lose_input().then(|| unread_input(fd)).flatten();
    if let Some(bytes) = unread {
        post(Subject::ClosedUnread, bytes);
    }
    let is_datagram = || Table.kind(fd) == Kind::Datagram && descriptor::is_of_datagrams(fd);
    if io.received_nothing() && is_datagram() {
        post(Subject::ClosedEmpty, 0);
        recording::write(stacks::only(site), &What::ClosedEmpty { fd });
    }
    if let Some(inode) = left_to_others(fd, state, io) {
        post(Subject::ClosedInheritable, inode);
        // What becomes of it is asked in a second, also where no thread waits.
        monitor::wake_by_from_handler(now());
    }
    unread
}

/// The bytes that a hang-up has left unread.
fn unread_input(fd: c_int) -> Option<u64> {
    let bytes = descriptor::unread(fd).filter(|&bytes| bytes > 0)?;
    // Its own shutdown may have come before it was added, and the error of a reset been taken by a write: the state
    // of the connection is there still.
    let is_hang_up = Table.kind(fd) != Kind::Listener && !descriptor::is_over(fd);
    is_hang_up.then_some(bytes)
}

/// The inode of a connection that has been used, and that a program may have inherited which this process has
/// executed. Of closes that follow each other soon, not all are looked at.
fn left_to_others(fd: c_int, state: State, io: Io) -> Option<u64> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    const BETWEEN: Nanos = 100 * MILLISECOND;
    let may_be = spawned::has_spawned()
        && fd > libc::STDERR_FILENO
        && (state.registrations > 0 || state.is_left)
        && io.calls() > 0
        && !io.is_shut_down()
        && Table.kind(fd) == Kind::Stream;
    let (now, next) = if may_be { (now(), NEXT.load(Relaxed)) } else { return None };
    if now < next || !descriptor::is_inheritable(fd) {
        return None;
    }
    NEXT.store(now.saturating_add(BETWEEN), Relaxed);
    descriptor::inode_of_socket(fd)
}

/// Rare enough for the lock: a thread may wait on the epoll, and never be woken.
fn epoll_closed(epfd: c_int, site: *const c_void) {
    family::closed(epfd);
    let what = What::Close { fd: epfd, unread: None };
    if let Some(next) = model::observe(stacks::only(site), what) {
        monitor::wake_by_from_handler(next);
    }
}
