//! What the hooks report of input and output on watched descriptors: a call that may block begins, a
//! call ended.
//!
//! These are the bulk of a server's calls. They never take the model's lock: they change the slot,
//! and post a message where the model must know.
//!
//! Surprising: a call of a vforked child arrives here too, and is counted as this process's. Its
//! short writes are not: the rest is the child's to write.

use crate::books::blocking::{self, Blocked, Call};
use crate::books::mailbox::{self, Message, Subject};
use crate::books::slot::name;
use crate::books::slots::{Table, exchanged, slot};
use crate::entry::guard::record;
use crate::entry::io_kind::IoKind;
use crate::runtime::clock::now;
use crate::runtime::thread::{set_source, source};
use crate::runtime::{process, watched};
use epshim_check::ports::Descriptors;
use epshim_check::rules::blocking_fd::BLOCKS;
use epshim_check::{Io, Outcome};
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
            if Table.may_block(fd) {
                blocking::enter(fd, call, site.addr() as u64);
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
        let outcome = outcome(asked, got, error);
        if is_write && !outcome.is_whole() && !process::owns_memory() {
            return;
        }
        let is_short = got >= 0 && (got as size_t) < asked;
        let (before, after) = slot.did(|io| after(io, kind, outcome, is_short));
        match kind {
            IoKind::Read | IoKind::Message | IoKind::Messages if got > 0 => {
                set_source(name(fd, slot.get().generation));
            }
            IoKind::Write if got > 0 => exchanged(source(), fd, slot),
            _ => {}
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
