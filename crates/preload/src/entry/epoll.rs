//! What the hooks report of epolls: one was made, `epoll_ctl` is about to be called, and it returned.
//!
//! A registration changes two books: the descriptor's slot, so that the hooks report its calls, and
//! the model. Both know before the call that it is made: another thread may be given the first event
//! of the registration, read it and close the descriptor before the call has returned. What the call
//! adds is known when it has returned: the program's event is read after the call, and only where the
//! kernel has read it too.
//!
//! Surprising: a call that fails is taken back, unless the descriptor was closed meanwhile.

use crate::books::places::Places;
use crate::books::slot::{Slot, State};
use crate::books::slots::{Table, slot, update};
use crate::books::{belongings, counts, family, model, recording, stacks};
use crate::entry::event::read;
use crate::entry::guard::record_change;
use crate::life::monitor;
use crate::questions::{descriptor, lines, threads};
use crate::runtime::clock::now;
use crate::runtime::sandbox::{self, Call};
use crate::runtime::{process, spawned};
use epshim_observe::{AtFailure, Ctl, Io, Kind};
use epshim_observe::{Descriptors, MILLISECOND, Nanos, Site, What};
use libc::{c_int, c_void, epoll_event};

/// The first call sites that failed in a way that is reported at once. The thread waits for the report
/// there, once, and no more often than this in all: a program may live with such failures.
static FAILED_AT: Places<64> = Places::new();
/// How long it waits.
const LONGEST_PAUSE: Nanos = 500 * MILLISECOND;

pub extern "C" fn created(epfd: c_int, _flags: c_int, site: *const c_void) {
    record_change(|| {
        update(epfd, |state| state.is_epoll = true);
        family::made(epfd, process::id());
        model::observe(stacks::capture(site), What::Create { epfd });
    });
}

/// Returns what [`ctl`] is to be given: 0, or the descriptor's generation and one.
pub extern "C" fn ctl_begins(epfd: c_int, op: c_int, fd: c_int) -> u64 {
    let mut begun = 0;
    if matches!(op, libc::EPOLL_CTL_ADD | libc::EPOLL_CTL_MOD) {
        record_change(|| {
            let Some(slot) = slot(fd) else { return };
            if op == libc::EPOLL_CTL_ADD {
                begin(fd, slot);
            }
            begun = u64::from(slot.get().generation) + 1;
            model::observe(Site(0), What::CtlBegins { op, epfd, fd });
        });
    }
    begun
}

/// The descriptor is about to be added.
fn begin(fd: c_int, slot: &Slot) {
    let State { registrations, is_connecting, .. } = slot.get();
    if registrations == 0 {
        // What was done with it since its connect is known.
        if !is_connecting {
            anew(fd, slot);
        }
        if lines::are_there() {
            belongings::registered(fd);
        }
    }
    update(fd, |state| {
        state.registrations += 1;
        (state.is_left, state.is_connecting) = (false, false);
    });
}

/// Nothing is known of the file that is open under this number.
pub fn anew(fd: c_int, slot: &Slot) -> Kind {
    slot.begin_anew();
    // Asked now, while the program has it open: later, it may be closing it.
    let kind = Table.kind(fd);
    if recording::is_on() {
        let may_block = Table.may_block(fd);
        recording::write(Site(0), &What::Open { fd, kind, may_block });
    }
    kind
}

/// It was not added. Where it was closed meanwhile, the count began anew.
fn take_back(fd: c_int, begun: u64, is_refused: bool) {
    update(fd, |state| {
        if u64::from(state.generation) + 1 == begun {
            state.registrations = state.registrations.saturating_sub(1);
            state.is_refused = is_refused;
        }
    });
}

pub extern "C" fn ctl(
    epfd: c_int,
    op: c_int,
    fd: c_int,
    event: *const epoll_event,
    error: c_int,
    begun: u64,
    site: *const c_void,
) {
    record_change(|| {
        if error != 0 && begun != 0 && op == libc::EPOLL_CTL_ADD {
            take_back(fd, begun, error == libc::EPERM);
        }
        // A program may change its registrations often; it adds and fails rarely.
        let is_rare = error != 0 || op == libc::EPOLL_CTL_ADD;
        let site = if is_rare { stacks::capture_of(site, fd) } else { stacks::only(site) };
        let mut ctl = Ctl { epfd, op, fd, events: 0, data: 0, padding: None, site };
        if error != libc::EFAULT && matches!(op, libc::EPOLL_CTL_ADD | libc::EPOLL_CTL_MOD) {
            // SAFETY: the kernel has just read it, before all else (fs/eventpoll.c, SYSCALL epoll_ctl).
            (ctl.events, ctl.data, ctl.padding) = unsafe { read(event) };
        }
        if error == 0 { succeeded(ctl, begun != 0) } else { failed(ctl, error) }
    });
}

fn succeeded(ctl: Ctl, has_begun: bool) {
    register(ctl.epfd, ctl.op, ctl.fd, has_begun);
    if ctl.op == libc::EPOLL_CTL_ADD {
        counts::REGISTRATIONS.add_one();
    }
    let other = family::changed(ctl.epfd, process::id());
    let may_ask = sandbox::may(Call::Descriptors);
    // Asked at once: the other process may end, as it should, before the monitor thread asks.
    let other = other.filter(|&other| may_ask && threads::is_alive(other));
    model::observe(ctl.site, returned(ctl, None));
    if let Some(other) = other {
        model::observe(ctl.site, What::Shared { epfd: ctl.epfd, other });
    }
}

fn returned(ctl: Ctl, at: Option<AtFailure>) -> What<'static> {
    let Ctl { epfd, op, fd, events, data, padding, .. } = ctl;
    let errno = at.map_or(0, |at| at.errno);
    What::Ctl { op, epfd, fd, events, data, padding, errno, at }
}

fn register(epfd: c_int, op: c_int, fd: c_int, has_begun: bool) {
    match op {
        libc::EPOLL_CTL_ADD => {
            // The epoll may have been made by a call that no hook saw.
            update(epfd, |state| state.is_epoll = true);
            match slot(fd) {
                Some(slot) if !has_begun => begin(fd, slot),
                Some(_) => {}
                None => counts::WITHOUT_SLOT.add_one(),
            }
        }
        libc::EPOLL_CTL_DEL => {
            // A connection that has hung up is watched to its close: until then the program may
            // read the rest, or not. Likewise a datagram socket whose last datagram was empty, and any
            // that a program may have inherited.
            let io = slot(fd).map_or(Io::default(), Slot::io);
            let is_empty = io.received_nothing() && Table.kind(fd) == Kind::Datagram;
            let is_left = io.may_lose_input() || is_empty || spawned::has_spawned();
            update(fd, |state| {
                state.registrations = state.registrations.saturating_sub(1);
                state.is_left = is_left;
            });
        }
        _ => {}
    }
}

/// The state of both descriptors: the kernel's word, or in a sandbox what the books and errno say together.
fn at_failure(errno: c_int, ctl: Ctl) -> AtFailure {
    if sandbox::may(Call::Descriptors) {
        return descriptor::at_failure(errno, ctl.epfd, ctl.fd);
    }
    let is_epoll = slot(ctl.epfd).is_some_and(|slot| slot.get().is_epoll);
    let is_bad = errno == libc::EBADF;
    let epfd = if is_epoll || !is_bad { Some(is_epoll || errno != libc::EINVAL) } else { None };
    AtFailure { errno, epfd, fd_is_open: !(is_bad && is_epoll), unread: None }
}

fn failed(ctl: Ctl, errno: c_int) {
    let at = at_failure(errno, ctl);
    let site = ctl.site;
    let told = model::with(|checker| {
        let at_call = now();
        recording::tell(checker, &model::observation(at_call, site, returned(ctl, Some(at))));
        Some((at_call, checker.next_due()?))
    });
    let Some((at_call, next)) = told.flatten() else { return };
    monitor::wake_by(next);
    // The program may abort for it, as assert(3) does: then the finding is to be written before.
    if next <= at_call && FAILED_AT.note(site.0) {
        monitor::wait_for_pass(LONGEST_PAUSE);
    }
}
