//! What the hooks report of epolls: one was made, and `epoll_ctl` returned.
//!
//! A registration changes two books: the descriptor's slot, so that the hooks report its calls, and
//! the model.
//!
//! Surprising: the program's event is read after the call, and only where the kernel has read it too.

use crate::books::slot::Slot;
use crate::books::slots::{Table, slot, update};
use crate::books::{counts, family, model, stacks};
use crate::entry::event::read;
use crate::entry::guard::record_change;
use crate::life::monitor;
use crate::questions::{descriptor, threads};
use crate::runtime::clock::now;
use crate::runtime::process;
use crate::runtime::thread::tid;
use epshim_check::ports::Descriptors;
use epshim_check::{Ctl, Io};
use libc::{c_int, c_void, epoll_event};

pub extern "C" fn created(epfd: c_int, _flags: c_int, site: *const c_void) {
    record_change(|| {
        update(epfd, |state| state.is_epoll = true);
        family::made(epfd, process::id());
        let site = stacks::capture(site);
        model::with(|checker| checker.created(epfd, site, &Table));
    });
}

pub extern "C" fn ctl(
    epfd: c_int,
    op: c_int,
    fd: c_int,
    event: *const epoll_event,
    error: c_int,
    site: *const c_void,
) {
    record_change(|| {
        // A program may change its registrations often; it adds and fails rarely.
        let is_rare = error != 0 || op == libc::EPOLL_CTL_ADD;
        let site = if is_rare { stacks::capture(site) } else { stacks::only(site) };
        let mut ctl = Ctl { epfd, op, fd, events: 0, data: 0, padding: None, site };
        if error != libc::EFAULT && matches!(op, libc::EPOLL_CTL_ADD | libc::EPOLL_CTL_MOD) {
            // SAFETY: the kernel has just read it, before all else (fs/eventpoll.c, SYSCALL epoll_ctl).
            (ctl.events, ctl.data, ctl.padding) = unsafe { read(event) };
        }
        if error == 0 { succeeded(ctl) } else { failed(ctl, error) }
    });
}

fn succeeded(ctl: Ctl) {
    register(ctl.epfd, ctl.op, ctl.fd);
    if ctl.op == libc::EPOLL_CTL_ADD {
        counts::REGISTRATIONS.add_one();
    }
    let other = family::changed(ctl.epfd, process::id());
    // Asked at once: the other process may end, as it should, before the monitor thread asks.
    let other = other.filter(|&other| threads::is_alive(other));
    let (epfd, site) = (ctl.epfd, ctl.site);
    model::with(|checker| {
        checker.ctl(tid(), now(), ctl, &Table);
        if let Some(other) = other {
            checker.shared(tid(), now(), epfd, other, site);
        }
    });
}

fn register(epfd: c_int, op: c_int, fd: c_int) {
    match op {
        libc::EPOLL_CTL_ADD => {
            // The epoll may have been made by a call that no hook saw.
            update(epfd, |state| state.is_epoll = true);
            if let Some(slot) = slot(fd).filter(|slot| slot.get().registrations == 0) {
                slot.begin_anew();
                // Asked now, while the program has it open: later, it may be closing it.
                Table.kind(fd);
            }
            update(fd, |state| {
                (state.registrations, state.is_left) = (state.registrations + 1, false)
            });
        }
        libc::EPOLL_CTL_DEL => {
            // A connection that has hung up is watched to its close: until then the program may
            // read the rest, or not.
            let io = slot(fd).map_or(Io::default(), Slot::io);
            let is_left = io.may_lose_input();
            update(fd, |state| {
                state.registrations = state.registrations.saturating_sub(1);
                state.is_left = is_left;
            });
        }
        _ => {}
    }
}

fn failed(ctl: Ctl, errno: c_int) {
    let at = descriptor::at_failure(errno, ctl.epfd, ctl.fd);
    let next = model::with(|checker| {
        checker.ctl_failed(tid(), now(), ctl, at, &Table);
        checker.next_due()
    });
    if let Some(next) = next.flatten() {
        monitor::wake_by(next);
    }
}
