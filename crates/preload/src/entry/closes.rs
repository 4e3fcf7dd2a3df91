//! What the hooks report of closes, before they are made: of a watched descriptor, and of any
//! descriptor while a hazard is announced.
//!
//! A close takes no lock, unless it is an epoll's.

use crate::books::mailbox::{self, Message, Subject};
use crate::books::slot::State;
use crate::books::slots::{Table, slot, update};
use crate::books::{family, model, stacks};
use crate::entry::guard::record_change;
use crate::life::monitor;
use crate::output::report;
use crate::questions::{descriptor, hazard};
use crate::runtime::clock::now;
use crate::runtime::thread::tid;
use epshim_check::ports::{Descriptors, Kind};
use libc::{c_int, c_uint, c_void};
use std::sync::atomic::Ordering::Relaxed;

pub extern "C" fn gone(first: c_uint, last: c_uint) {
    record_change(|| hazard::closing(first, last));
}

pub extern "C" fn closing(fd: c_int, site: *const c_void) {
    record_change(|| {
        report::closing(fd);
        let Some(slot) = slot(fd) else { return };
        let (state, io) = (slot.get(), slot.io());
        if io.may_lose_input() {
            let bytes = descriptor::unread(fd).unwrap_or(0);
            // Its own shutdown may have come before it was added, and the error of a reset been taken by
            // a write: the state of the connection is there still.
            let is_hang_up = || Table.kind(fd) != Kind::Listener && !descriptor::is_over(fd);
            if bytes > 0 && is_hang_up() {
                mailbox::post(Message::of_this_thread(Subject::ClosedUnread, fd, site, bytes));
            }
        }
        slot.closed.store(site.addr() as u64, Relaxed);
        update(fd, |state| {
            *state = State { generation: state.generation.wrapping_add(1), ..Default::default() };
        });
        if state.is_epoll {
            epoll_closed(fd, site);
        }
    });
}

/// Rare enough for the lock: a thread may wait on the epoll, and never be woken.
fn epoll_closed(epfd: c_int, site: *const c_void) {
    family::closed(epfd);
    let next = model::with(|checker| {
        checker.epoll_closed(tid(), now(), epfd, stacks::only(site));
        checker.next_due()
    });
    if let Some(next) = next.flatten() {
        monitor::wake_by_from_handler(next);
    }
}
