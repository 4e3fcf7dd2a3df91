//! The mailbox: what reads, writes and closes have to say to the model, whose lock they must not take.
//! Any thread posts a message, in a signal handler too; the next thread that takes the model's lock
//! takes all messages along.
//!
//! The mailbox does not grow: when all places are taken, a message is dropped and counted. A message
//! is posted without a lock and without an allocation.
//!
//! Surprising: messages are taken in the order of their places, not of time.

use crate::books::counts;
use crate::runtime::thread::tid;
use epshim_observe::Call;
use std::ffi::{c_int, c_void};
use std::sync::atomic::Ordering::{self, Relaxed, SeqCst};
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, fence};

/// A message to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// What happened.
    pub subject: Subject,
    /// To which descriptor.
    pub fd: c_int,
    /// In which thread.
    pub tid: c_int,
    /// Where in the program.
    pub site: u64,
    /// Bytes, nanoseconds, an errno, an inode, or a number of calls.
    pub amount: u64,
}

impl Message {
    /// About a call that this thread makes.
    pub fn of_this_thread(subject: Subject, fd: c_int, site: *const c_void, amount: u64) -> Self {
        Self { subject, fd, tid: tid(), site: site.addr() as u64, amount }
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Subject {
    /// A write was short or found no room.
    Unwritten = 1,
    /// A descriptor was closed after a hang-up, with this number of bytes unread.
    ClosedUnread,
    /// A read was blocked for this time; likewise an accept, and a write.
    ReadBlocked,
    /// See `ReadBlocked`.
    AcceptBlocked,
    /// See `ReadBlocked`.
    WriteBlocked,
    /// A datagram socket was closed after an empty datagram.
    ClosedEmpty,
    /// A write failed with this errno, for the socket is not connected.
    Unconnected,
    /// Bytes were read of a descriptor whose reads are told.
    Took,
    /// A call on a stale descriptor ended with this errno.
    StaleUse,
    /// A stream of this inode was closed that executed programs inherit.
    ClosedInheritable,
    /// A call was made in vain, after many.
    Futile,
}

impl Subject {
    const ALL: [Self; 11] = [
        Self::Unwritten,
        Self::ClosedUnread,
        Self::ReadBlocked,
        Self::AcceptBlocked,
        Self::WriteBlocked,
        Self::ClosedEmpty,
        Self::Unconnected,
        Self::Took,
        Self::StaleUse,
        Self::ClosedInheritable,
        Self::Futile,
    ];

    /// A call was blocked.
    pub fn blocked(call: Call) -> Self {
        match call {
            Call::Read | Call::Recv => Self::ReadBlocked,
            Call::Accept => Self::AcceptBlocked,
            Call::Write | Call::Send => Self::WriteBlocked,
        }
    }
}

struct Place {
    /// 0: free; `WRITING`; or the subject.
    state: AtomicU32,
    fd: AtomicI32,
    tid: AtomicI32,
    site: AtomicU64,
    amount: AtomicU64,
}

const WRITING: u32 = u32::MAX;
const PLACES: usize = 128;

static MAILBOX: [Place; PLACES] = [const {
    Place {
        state: AtomicU32::new(0),
        fd: AtomicI32::new(0),
        tid: AtomicI32::new(0),
        site: AtomicU64::new(0),
        amount: AtomicU64::new(0),
    }
}; PLACES];

/// Messages in the mailbox, at least.
static WAITING: AtomicU32 = AtomicU32::new(0);

/// Posts a message that is the same for each call on a descriptor, unless such a one is there: the thread
/// that takes that one looks at the descriptor after this call.
pub fn post_once(message: Message) {
    let is_same = |place: &Place| {
        place.state.load(Ordering::Acquire) == message.subject as u32
            && place.fd.load(Relaxed) == message.fd
    };
    // Either this thread finds the place free, or the other one the descriptor as it is now.
    fence(SeqCst);
    if !has_messages() || !MAILBOX.iter().any(is_same) {
        post(message);
    }
}

/// Posts a message that is said again if it is still so, unless half of the places are taken: what is said once needs
/// the rest.
pub fn post_if_quiet(message: Message) {
    let is_taken = |place: &&Place| place.state.load(Relaxed) != 0;
    if MAILBOX.iter().filter(is_taken).count() < PLACES / 2 {
        post(message);
    }
}

/// Posts a message.
pub fn post(message: Message) {
    let claim = |place: &&Place| {
        place.state.compare_exchange(0, WRITING, Ordering::Acquire, Relaxed).is_ok()
    };
    let Some(place) = MAILBOX.iter().find(claim) else {
        counts::NOT_POSTED.add_one();
        return;
    };
    place.fd.store(message.fd, Relaxed);
    place.tid.store(message.tid, Relaxed);
    place.site.store(message.site, Relaxed);
    place.amount.store(message.amount, Relaxed);
    place.state.store(message.subject as u32, Ordering::Release);
    WAITING.fetch_add(1, Ordering::Release);
}

/// Takes all messages. To be called with the model's lock.
pub fn take_all(mut each: impl FnMut(Message)) {
    if WAITING.swap(0, Ordering::Acquire) == 0 {
        return;
    }
    for place in &MAILBOX {
        let state = place.state.load(Ordering::Acquire);
        let is_it = |&&subject: &&Subject| subject as u32 == state;
        let Some(&subject) = Subject::ALL.iter().find(is_it) else { continue };
        let message = Message {
            subject,
            fd: place.fd.load(Relaxed),
            tid: place.tid.load(Relaxed),
            site: place.site.load(Relaxed),
            amount: place.amount.load(Relaxed),
        };
        place.state.store(0, Ordering::Release);
        fence(SeqCst); // see `post_once`
        each(message);
    }
}

/// Whether there are messages.
pub fn has_messages() -> bool {
    WAITING.load(Relaxed) != 0
}

/// In a forked child: what its parent's threads posted was for the parent, or is half written.
pub fn forked() {
    WAITING.store(0, Relaxed);
    MAILBOX.iter().for_each(|place| place.state.store(0, Relaxed));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_again_leaves_room_for_what_is_said_once_and_is_not_lost() {
        let message = |subject| Message { subject, fd: 5, tid: 1, site: 0, amount: 0 };
        (0..2 * PLACES).for_each(|_| post_if_quiet(message(Subject::Futile)));
        (0..PLACES / 2).for_each(|_| post(message(Subject::StaleUse)));
        let (mut futile, mut stale) = (0, 0);
        take_all(|message| match message.subject {
            Subject::Futile => futile += 1,
            _ => stale += 1,
        });
        assert_eq!((futile, stale, counts::NOT_POSTED.get()), (PLACES / 2, PLACES / 2, 0));
    }
}
