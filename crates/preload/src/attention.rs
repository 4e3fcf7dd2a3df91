//! What reads, writes and closes have for the model, which they must not lock: a few notes that
//! any thread may leave, and that whoever has the lock takes along. When all places are taken a
//! note is dropped and counted.

use std::ffi::c_int;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering, Ordering::Relaxed};

/// A note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Note {
    /// What happened.
    pub event: Event,
    /// To which descriptor.
    pub fd: c_int,
    /// In which thread.
    pub tid: c_int,
    /// Where in the program.
    pub site: u64,
    /// Bytes, or nanoseconds.
    pub amount: u64,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Event {
    /// A write was short or found no room.
    Unwritten = 1,
    /// Closed after a hang-up with so many bytes unread.
    ClosedUnread,
    /// A read blocked for so long; likewise an accept, and a write.
    ReadBlocked,
    /// See `ReadBlocked`.
    AcceptBlocked,
    /// See `ReadBlocked`.
    WriteBlocked,
}

const EVENTS: [Event; 5] = [
    Event::Unwritten,
    Event::ClosedUnread,
    Event::ReadBlocked,
    Event::AcceptBlocked,
    Event::WriteBlocked,
];

struct Place {
    /// 0: free; `WRITING`; or the event.
    state: AtomicU32,
    fd: AtomicI32,
    tid: AtomicI32,
    site: AtomicU64,
    amount: AtomicU64,
}

const WRITING: u32 = u32::MAX;
const PLACES: usize = 128;

static BOARD: [Place; PLACES] = [const {
    Place {
        state: AtomicU32::new(0),
        fd: AtomicI32::new(0),
        tid: AtomicI32::new(0),
        site: AtomicU64::new(0),
        amount: AtomicU64::new(0),
    }
}; PLACES];

/// Notes on the board, at least.
static NOTES: AtomicU32 = AtomicU32::new(0);
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// Leaves a note.
pub fn leave(note: Note) {
    let claim = |place: &&Place| {
        place.state.compare_exchange(0, WRITING, Ordering::Acquire, Relaxed).is_ok()
    };
    let Some(place) = BOARD.iter().find(claim) else {
        DROPPED.fetch_add(1, Relaxed);
        return;
    };
    place.fd.store(note.fd, Relaxed);
    place.tid.store(note.tid, Relaxed);
    place.site.store(note.site, Relaxed);
    place.amount.store(note.amount, Relaxed);
    place.state.store(note.event as u32, Ordering::Release);
    NOTES.fetch_add(1, Ordering::Release);
}

/// Takes all notes, in no order. To be called with the model's lock.
pub fn take(mut each: impl FnMut(Note)) {
    if NOTES.swap(0, Ordering::Acquire) == 0 {
        return;
    }
    for place in &BOARD {
        let state = place.state.load(Ordering::Acquire);
        let Some(&event) = EVENTS.iter().find(|&&event| event as u32 == state) else { continue };
        let note = Note {
            event,
            fd: place.fd.load(Relaxed),
            tid: place.tid.load(Relaxed),
            site: place.site.load(Relaxed),
            amount: place.amount.load(Relaxed),
        };
        place.state.store(0, Ordering::Release);
        each(note);
    }
}

/// Whether somebody left one.
pub fn is_wanted() -> bool {
    NOTES.load(Relaxed) != 0
}

/// Notes for which there was no place.
pub fn dropped() -> u64 {
    DROPPED.load(Relaxed)
}

/// In a forked child: what its parent's threads left was for its parent, or is half written.
pub fn forked() {
    NOTES.store(0, Relaxed);
    DROPPED.store(0, Relaxed);
    BOARD.iter().for_each(|place| place.state.store(0, Relaxed));
}

/// What a report calls a call of this kind: `enum tell_io`.
pub const fn call(kind: u32) -> &'static str {
    match kind {
        crate::tell::ACCEPT => "accept",
        crate::tell::WRITE => "a write",
        _ => "a read",
    }
}
