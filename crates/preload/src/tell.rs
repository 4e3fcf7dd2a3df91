//! What the hooks tell: the functions of `hooks/tell.h`, entered from C before and after calls.
//!
//! They run on the program's threads, in its signal handlers too. Each is guarded; see `guard.rs`.
//! Waits, `epoll_ctl` and what makes or copies an epoll take the model's lock; what reads, writes
//! and closes changes the descriptor's slot and leaves a note at most: no allocation, no lock.

use crate::books::blocking::{self, Blocked, Call};
use crate::books::mailbox::{self, Message, Subject};
use crate::books::slot::{Slot, State};
use crate::books::slots::{Table, slot, update};
use crate::books::{counts, family, model, stacks};
use crate::entry::io_kind::IoKind;
use crate::guard::{self, book_keeping};
use crate::jump::hidden;
use crate::life::{fork, monitor, rounds, start};
use crate::output::report;
use crate::questions::{descriptor, hazard, threads};
use crate::runtime::clock::now;
use crate::runtime::thread::tid;
use crate::runtime::{failure, process};
use epshim_check::world::{Descriptors, Kind, Site};
use epshim_check::{AtFailure, Ctl, Io, Outcome};
use libc::{c_char, c_int, c_long, c_uint, c_void, epoll_event, size_t, ssize_t};
use std::ffi::CStr;
use std::sync::atomic::Ordering::Relaxed;

hidden! {
    tell_start => start;
    tell_created => created;
    tell_ctl => ctl;
    tell_wait_begins => wait_begins;
    tell_wait_ended => wait_ended;
    tell_io_begins => io_begins;
    tell_io_ended => io_ended;
    tell_gone => gone;
    tell_closing => closing;
    tell_duplicated => duplicated;
    tell_flags_changed => flags_changed;
    tell_shut_down => shut_down;
    tell_unseen => unseen;
    tell_fork_begins => fork_begins;
    tell_fork_ended => fork_ended;
    tell_forked => forked;
    tell_end => end;
}

/// # Safety
/// `options` is null or a string.
unsafe extern "C" fn start(options: *const c_char) {
    if options.is_null() {
        return;
    }
    // SAFETY: not null, so a string, says the caller; and it is the environment's, which stays.
    let text = unsafe { CStr::from_ptr(options) }.to_string_lossy();
    // SAFETY: a string; what it returns is the environment's.
    let no_color =
        unsafe { libc::getenv(c"NO_COLOR".as_ptr()).as_ref() }.is_some_and(|&first| first != 0);
    start::start(&text, no_color);
}

/// Book-keeping of what changes which file a descriptor names, and who watches it: not in a
/// vforked child, which does such things on its way to exec.
fn change(body: impl FnOnce()) {
    often(|| {
        if process::owns_memory() {
            body();
        }
    });
}

/// Book-keeping of what a program does for every message: without the system call that it takes to
/// know a vforked child. What such a child reads and writes only counts as this process's calls.
fn often(body: impl FnOnce()) {
    book_keeping(|| {
        if process::is_new_copy() {
            fork::adopt();
        }
        body();
    });
}

extern "C" fn created(epfd: c_int, _flags: c_int, site: *const c_void) {
    change(|| {
        update(epfd, |state| state.is_epoll = true);
        family::made(epfd, process::id());
        let site = stacks::capture(site);
        model::with(|checker| checker.created(epfd, site, &Table));
    });
}

fn at(site: *const c_void) -> Site {
    Site(site.addr() as u64)
}

extern "C" fn ctl(
    epfd: c_int,
    op: c_int,
    fd: c_int,
    event: *const epoll_event,
    error: c_int,
    site: *const c_void,
) {
    change(|| {
        // Changes may be many; what is added or fails is not.
        let is_rare = error != 0 || op == libc::EPOLL_CTL_ADD;
        let site = if is_rare { stacks::capture(site) } else { at(site) };
        let mut ctl = Ctl { epfd, op, fd, events: 0, data: 0, padding: None, site };
        if error != libc::EFAULT && matches!(op, libc::EPOLL_CTL_ADD | libc::EPOLL_CTL_MOD) {
            // SAFETY: the kernel has just read it, before all else (fs/eventpoll.c, SYSCALL epoll_ctl).
            (ctl.events, ctl.data, ctl.padding) = unsafe { read(event) };
        }
        if error != 0 {
            return ctl_failed(ctl, error);
        }
        register(epfd, op, fd);
        if op == libc::EPOLL_CTL_ADD {
            counts::REGISTRATIONS.add_one();
        }
        // Asked at once: it may have ended, as it should, before the watcher comes to ask.
        let other = family::changed(epfd, process::id());
        let other = other.filter(|&other| threads::is_alive(other));
        model::with(|checker| {
            checker.ctl(tid(), now(), ctl, &Table);
            if let Some(other) = other {
                checker.shared(tid(), now(), epfd, other, site);
            }
        });
    });
}

/// The interest, the data, and what lies in the padding between them where there is some.
///
/// # Safety
/// `event` is readable.
unsafe fn read(event: *const epoll_event) -> (u32, u64, Option<u32>) {
    // The padding may be uninitialised: it is read as the kernel reads it, byte by byte.
    const HAS_PADDING: bool = size_of::<epoll_event>() == 16;
    // SAFETY: readable, says the caller; the fields may be unaligned, and the padding is within.
    unsafe {
        let events = (&raw const (*event).events).read_unaligned();
        let data = (&raw const (*event).u64).read_unaligned();
        let padding = event.cast::<u32>().wrapping_add(1);
        (events, data, HAS_PADDING.then(|| padding.read_volatile()))
    }
}

fn register(epfd: c_int, op: c_int, fd: c_int) {
    match op {
        libc::EPOLL_CTL_ADD => {
            // It may have been made where nobody told of it.
            update(epfd, |state| state.is_epoll = true);
            if let Some(slot) = slot(fd).filter(|slot| slot.get().registrations == 0) {
                slot.begin_anew();
                // Now, while the program has it open: later, it may be closing it.
                Table.kind(fd);
            }
            update(fd, |state| {
                (state.registrations, state.is_left) = (state.registrations + 1, false)
            });
        }
        libc::EPOLL_CTL_DEL => {
            // What has hung up is watched to its close: it may have been read or not by then.
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

fn ctl_failed(ctl: Ctl, errno: c_int) {
    let at = descriptor::at_failure(errno, ctl.epfd, ctl.fd);
    let next = model::with(|checker| {
        checker.ctl_failed(tid(), now(), ctl, at, &Table);
        checker.next_due()
    });
    if let Some(next) = next.flatten() {
        monitor::wake_by(next);
    }
}

extern "C" fn wait_begins(epfd: c_int, _maxevents: c_int, timeout: i64, site: *const c_void) {
    often(|| {
        blocking::leave_all();
        let next = model::with(|checker| {
            counts::WAITS.add_one();
            checker.wait_begins(tid(), now(), epfd, timeout, at(site), &Table);
            checker.next_due()
        });
        if let Some(next) = next.flatten() {
            monitor::wake_by(next);
        } else if blocking::is_used() {
            monitor::wake_by(now());
        }
    });
}

extern "C" fn wait_ended(epfd: c_int, events: *const epoll_event, count: c_int, error: c_int) {
    often(|| match usize::try_from(count) {
        Ok(count) => {
            let deliveries = (0..count).map(|place| {
                // SAFETY: the kernel has written so many events there, and nobody else has the
                // array before the program's wait returns.
                let (events, data, _) = unsafe { read(events.add(place)) };
                (events, data)
            });
            model::with(|checker| checker.wait_ended(tid(), now(), deliveries, &Table));
        }
        Err(_) => {
            let at = match error {
                libc::EBADF | libc::EINVAL => descriptor::at_failure(error, epfd, -1),
                _ => AtFailure { errno: error, epfd: Some(true), fd_is_open: false },
            };
            model::with(|checker| checker.wait_failed(tid(), now(), at, &Table));
        }
    });
}

extern "C" fn io_begins(fd: c_int, kind: IoKind, dontwait: bool, site: *const c_void) {
    let call = match kind {
        IoKind::Read | IoKind::Message | IoKind::Messages => Call::Read,
        IoKind::Accept => Call::Accept,
        IoKind::Write => Call::Write,
        IoKind::Peek | IoKind::Beside | IoKind::Control => return,
    };
    if !dontwait {
        often(|| {
            if Table.may_block(fd) {
                blocking::enter(fd, call, site.addr() as u64);
            }
        });
    }
}

extern "C" fn io_ended(
    fd: c_int,
    kind: IoKind,
    asked: size_t,
    got: ssize_t,
    error: c_int,
    site: *const c_void,
) {
    often(|| {
        if let Some(blocked) = blocking::leave(fd) {
            let nanos = now().saturating_sub(blocked.since);
            if nanos > epshim_check::rules::blocking_fd::BLOCKS && blocked.has_slept() {
                let Blocked { call, fd, tid, site, .. } = blocked;
                let subject = Subject::blocked(call);
                mailbox::post(Message { subject, fd, tid, site, amount: nanos });
            }
        }
        let Some(slot) = slot(fd) else { return };
        let outcome = outcome(asked, got, error);
        if kind == IoKind::Write && !outcome.is_whole() && !process::owns_memory() {
            return;
        }
        let (before, after) = slot.did(|io| match kind {
            IoKind::Read | IoKind::Message => io.after_input(outcome),
            // Fewer than asked for: the next one would have failed.
            IoKind::Messages if got >= 0 && (got as size_t) < asked => {
                io.after_input(outcome).after_input(Outcome::WouldBlock)
            }
            IoKind::Messages => io.after_input(outcome),
            IoKind::Accept => io.after_accept(outcome),
            IoKind::Write => io.after_output(outcome),
            IoKind::Peek => io,
            IoKind::Beside | IoKind::Control => io.touched(),
        });
        if kind == IoKind::Write && after.is_unwritten() {
            slot.written.store(site.addr() as u64, Relaxed);
            if !before.is_unwritten() {
                post(Subject::Unwritten, fd, site, 0);
            }
        } else if got > 0 && kind != IoKind::Write {
            slot.read.store(site.addr() as u64, Relaxed);
        }
    });
}

fn outcome(asked: size_t, got: ssize_t, error: c_int) -> Outcome {
    match (u64::try_from(got), error) {
        (Ok(bytes), _) => Outcome::Moved { bytes, asked: asked as u64 },
        (Err(_), libc::EAGAIN) => Outcome::WouldBlock,
        (Err(_), libc::EINTR) => Outcome::Interrupted,
        (Err(_), libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM) => Outcome::Exhausted,
        (Err(_), _) => Outcome::Failed,
    }
}

fn post(subject: Subject, fd: c_int, site: *const c_void, amount: u64) {
    mailbox::post(Message::of_this_thread(subject, fd, site, amount));
}

extern "C" fn gone(first: c_uint, last: c_uint) {
    change(|| hazard::closing(first, last));
}

extern "C" fn closing(fd: c_int, site: *const c_void) {
    change(|| {
        let Some(slot) = slot(fd) else { return };
        let (state, io) = (slot.get(), slot.io());
        if io.may_lose_input() {
            let bytes = descriptor::unread(fd).unwrap_or(0);
            if bytes > 0 && Table.kind(fd) != Kind::Listener {
                post(Subject::ClosedUnread, fd, site, bytes);
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

/// Rare enough for the lock: somebody may wait on it, and never be told.
fn epoll_closed(epfd: c_int, site: *const c_void) {
    family::closed(epfd);
    let next = model::with(|checker| {
        checker.epoll_closed(tid(), now(), epfd, at(site));
        checker.next_due()
    });
    if let Some(next) = next.flatten() {
        monitor::wake_by(next);
    }
}

extern "C" fn duplicated(from: c_int, to: c_int, site: *const c_void) {
    change(|| {
        let Some(slot) = slot(from) else { return };
        slot.duplicated.store(site.addr() as u64, Relaxed);
        if slot.get().is_epoll {
            update(to, |state| state.is_epoll = true);
            family::duplicated(from, to);
            model::with(|checker| checker.duplicated(from, to, &Table));
        }
    });
}

extern "C" fn flags_changed(fd: c_int) {
    change(|| {
        if let Some(slot) = slot(fd) {
            slot.forget_blocking();
        }
    });
}

extern "C" fn shut_down(fd: c_int) {
    change(|| {
        if let Some(slot) = slot(fd) {
            slot.did(Io::shut_down);
        }
    });
}

extern "C" fn unseen(_number: c_long) {
    book_keeping(|| {
        counts::RINGS.add_one();
    });
}

extern "C" fn fork_begins() {
    if guard::enter_fork() {
        // In a handler, which may have interrupted who has the locks: that is this thread, in the
        // child too, and it will give them back.
        return;
    }
    fork::take_locks();
}

/// In both processes.
fn fork_made() {
    guard::leave_fork(fork::give_locks);
}

extern "C" fn fork_ended() {
    fork_made();
}

extern "C" fn forked() {
    fork_made();
    book_keeping(|| {
        process::is_new_copy(); // It is no longer one.
        fork::adopt();
    });
}

/// The program ends.
extern "C" fn end() {
    guard::prepare_end();
    change(|| {
        rounds::finish();
        report::finish();
    });
    if failure::has_failed() && process::owns_memory() {
        guard::keep(report::finish_failed);
    }
}
