//! What the hooks report of input and output on watched descriptors: a call that may block begins, a
//! call ended.
//!
//! These are the bulk of a server's calls. They never take the model's lock: they change the slot,
//! and post a message where the model must know.
//!
//! Surprising: a call of a vforked child arrives here too, and is counted as this process's. Its
//! short writes are not: the rest is the child's to write.

use crate::books::blocking::{self, Blocked};
use crate::books::mailbox::{self, Message, Subject};
use crate::books::slot::{Slot, name};
use crate::books::slots::{Table, exchanged, known, slot};
use crate::books::{belongings, recording, stacks};
use crate::entry::guard::record;
use crate::entry::io_kind::IoKind;
use crate::entry::posts::{post, post_if_quiet};
use crate::life::monitor;
use crate::questions::lines;
use crate::runtime::clock::now;
use crate::runtime::thread::{set_source, source, tid};
use crate::runtime::{process, watched};
use epshim_check::BLOCKS;
use epshim_observe::Descriptors;
use epshim_observe::{Call, Ended, FUTILE, Io, Outcome, Site, What};
use libc::{c_int, c_void, size_t, ssize_t};
use std::sync::atomic::Ordering::Relaxed;

pub extern "C" fn io_begins(fd: c_int, kind: IoKind, dontwait: bool, site: *const c_void) {
    let call = match kind {
        IoKind::Read | IoKind::Message | IoKind::Messages => Call::Read,
        IoKind::Accept => Call::Accept,
        IoKind::Write => Call::Write,
        IoKind::Peek | IoKind::Beside | IoKind::Control => return,
    };
    if !dontwait {
        record(|| {
            if known(fd).is_some() && Table.may_block(fd) {
                let Site(site) = stacks::before_blocking(site);
                blocking::enter(fd, call, site);
            }
        });
    }
}

pub extern "C" fn io_ended(
    fd: c_int,
    kind: IoKind,
    asked: size_t,
    got: ssize_t,
    error: c_int,
    site: *const c_void,
) {
    record(|| {
        if let Some(blocked) = blocking::leave(fd) {
            returned(blocked);
        }
        let Some(slot) = slot(fd) else { return };
        let is_write = kind == IoKind::Write;
        if slot.batch.load(Relaxed) != 0 {
            used(fd, slot, kind, error, site);
        }
        if !slot.get().is_known() {
            if is_write && lines::are_deferred() {
                belongings::written(fd, || stacks::users_line(site));
            }
            if recording::is_on() && error != libc::EINTR {
                record_call(fd, kind, asked, got, error, site);
            }
            return;
        }
        let outcome = outcome(asked, got, error);
        if is_write && !outcome.is_whole() && !process::owns_memory() {
            return;
        }
        let is_short = got >= 0 && (got as size_t) < asked;
        let (before, after) = slot.did(|io| after(io, kind, outcome, is_short));
        if error == libc::EAGAIN && after.calls() != before.calls() && after.calls() % FUTILE == 0 {
            post_if_quiet(Subject::Futile, fd, site, after.moved().into());
            // The thread may go on so for ever, and never wait.
            monitor::wake_by_from_handler(now());
        }
        if recording::is_on() && error != libc::EINTR {
            record_call(fd, kind, asked, got, error, site);
        }
        match kind {
            IoKind::Read | IoKind::Message | IoKind::Messages if got > 0 => {
                set_source(name(fd, slot.get().generation));
                if slot.tells_reads.load(Relaxed) {
                    post(Subject::Took, fd, site, 0);
                }
            }
            IoKind::Write if got > 0 => exchanged(source(), fd, slot),
            _ => {}
        }
        if is_write && lines::are_there() {
            belongings::written(fd, || stacks::users_line(site));
        }
        if is_write && matches!(error, libc::ENOTCONN | libc::ECONNREFUSED) {
            post(Subject::Unconnected, fd, site, error.unsigned_abs().into());
        }
        if is_write && after.is_unwritten() {
            slot.written.store(site.addr() as u64, Relaxed);
            watched::left_unwritten();
            if !before.is_unwritten() {
                mailbox::post_once(Message::of_this_thread(Subject::Unwritten, fd, site, 0));
            }
        } else if is_input(kind) && error != libc::EINTR {
            slot.read.store(site.addr() as u64, Relaxed);
            slot.error.store(u8::try_from(error).unwrap_or(u8::MAX), Relaxed);
        }
    });
}

/// Writes down what has become of the slot: see [`after`].
fn record_call(
    fd: c_int,
    kind: IoKind,
    asked: size_t,
    got: ssize_t,
    error: c_int,
    site: *const c_void,
) {
    let site = stacks::only(site);
    let ended = match u64::try_from(got) {
        Ok(bytes) => Ended::Moved { bytes, asked: asked as u64 },
        Err(_) => Ended::Failed(error),
    };
    let what = match kind {
        IoKind::Read | IoKind::Message | IoKind::Messages => What::Read { fd, ended },
        IoKind::Accept if got >= 0 => What::Accept { fd, accepted: Ok(got as c_int) },
        IoKind::Accept => What::Accept { fd, accepted: Err(error) },
        IoKind::Write => What::Write { fd, ended },
        IoKind::Peek => return,
        IoKind::Beside | IoKind::Control => What::Touch { fd },
    };
    recording::write(site, &what);
    if kind == IoKind::Messages && got >= 0 && (got as size_t) < asked {
        let ended = Ended::Failed(libc::EAGAIN);
        recording::write(site, &What::Read { fd, ended });
    }
}

/// A call on a descriptor that was delivered with others: its thread has served it, or uses what it has closed.
fn used(fd: c_int, slot: &Slot, kind: IoKind, error: c_int, site: *const c_void) {
    if !slot.get().is_stale {
        slot.batch.store(0, Relaxed);
    } else if slot.batch.load(Relaxed) == tid() && is_stale_use(kind, error) {
        post(Subject::StaleUse, fd, site, error.unsigned_abs().into());
    }
}

/// Whether a call on a number that was closed says so: there is none, or nothing to be read of a new one.
fn is_stale_use(kind: IoKind, error: c_int) -> bool {
    error == libc::EBADF || error == libc::EAGAIN && is_input(kind)
}

/// Whether the call takes what has arrived.
fn is_input(kind: IoKind) -> bool {
    matches!(kind, IoKind::Read | IoKind::Message | IoKind::Messages | IoKind::Accept)
}

/// A call that may block returned: where it was blocked for long, the model must know.
fn returned(blocked: Blocked) {
    let nanos = now().saturating_sub(blocked.since);
    if nanos > BLOCKS && blocked.has_slept() {
        let Blocked { call, fd, tid, site, .. } = blocked;
        let subject = Subject::blocked(call);
        let Site(site) = stacks::with_lines(site);
        mailbox::post(Message { subject, fd, tid, site, amount: nanos });
    }
}

/// What is known of a descriptor's input and output after a call.
fn after(io: Io, kind: IoKind, outcome: Outcome, is_short: bool) -> Io {
    match kind {
        IoKind::Read | IoKind::Message => io.after_input(outcome),
        // Fewer messages than asked for: to receive the next one would have failed.
        IoKind::Messages if is_short => io.after_input(outcome).after_input(Outcome::WouldBlock),
        IoKind::Messages => io.after_input(outcome),
        IoKind::Accept => io.after_accept(outcome),
        IoKind::Write => io.after_output(outcome),
        IoKind::Peek => io,
        IoKind::Beside | IoKind::Control => io.touched(),
    }
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
