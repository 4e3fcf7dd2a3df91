//! The threads that wait on epolls, each in a place: whether it waits just now, and what the observer has
//! seen of one that does not.
//!
//! A thread writes one number when a wait of its begins and ends, and no time: the observer looks often enough to
//! see that a number stays.

use crate::text::Text;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering, Ordering::Relaxed};

/// Threads of all processes together. Others are not looked at.
pub const LOOPS: usize = 256;
/// Callers that are kept of a thread that stands still.
pub const DEPTH: usize = 16;

/// The place of a thread.
#[derive(Debug)]
#[repr(C)]
pub struct Loop {
    /// The thread; 0: the place is free.
    pub tid: AtomicI32,
    /// Its process.
    pub pid: AtomicI32,
    /// The epoll that it waits on, or has waited on last.
    pub epfd: AtomicI32,
    /// Grows when a wait begins, and when it ends: odd while the thread does not wait.
    pub turns: AtomicU32,
    stall: Stall,
}

/// What was seen of a thread that stood still.
#[derive(Debug)]
#[repr(C)]
struct Stall {
    /// What its turns were; 0: nothing was seen.
    turn: AtomicU32,
    depth: AtomicU32,
    nanos: AtomicU64,
    call: Text<32>,
    stack: [AtomicU64; DEPTH],
}

/// A thread that stood still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The epoll that it did not wait on.
    pub epfd: i32,
    /// For so long.
    pub nanos: u64,
    /// The system call that it slept in; empty: it computed.
    pub call: String,
    /// Return addresses, the innermost first.
    pub stack: Vec<u64>,
}

impl Loop {
    /// Takes the place for a thread. False: it is another one's.
    pub fn take(&self, pid: i32, tid: i32) -> bool {
        if self.tid.compare_exchange(0, tid, Ordering::AcqRel, Relaxed).is_err() {
            return false;
        }
        self.pid.store(pid, Relaxed);
        self.turns.store(0, Relaxed);
        self.stall.turn.store(0, Relaxed);
        true
    }

    /// The thread is gone.
    pub fn free(&self, tid: i32) {
        let _ = self.tid.compare_exchange(tid, 0, Ordering::AcqRel, Relaxed);
    }

    /// A wait begins. Returns what was seen of the time before it.
    pub fn waits(&self, epfd: i32) -> Option<Seen> {
        let (turn, before) = (self.turns.load(Relaxed), self.epfd.load(Relaxed));
        self.epfd.store(epfd, Relaxed);
        self.turns.store(turn.wrapping_add(1) & !1, Relaxed);
        if self.stall.turn.load(Relaxed) == 0 {
            return None;
        }
        let seen_in = self.stall.turn.swap(0, Ordering::Acquire);
        (seen_in == turn).then(|| self.stall.read(before))
    }

    /// The wait has ended.
    pub fn returns(&self) {
        self.turns.store(self.turns.load(Relaxed) | 1, Relaxed);
    }

    /// For the observer: what it has seen of the thread in this turn.
    pub fn stands_still(&self, turn: u32, seen: &Seen) {
        let stall = &self.stall;
        stall.turn.store(0, Relaxed);
        stall.nanos.store(seen.nanos, Relaxed);
        stall.call.set(seen.call.as_bytes());
        for (place, address) in stall.stack.iter().zip(&seen.stack) {
            place.store(*address, Relaxed);
        }
        stall.depth.store(seen.stack.len().min(DEPTH) as u32, Relaxed);
        stall.turn.store(turn, Ordering::Release);
    }
}

impl Stall {
    fn read(&self, epfd: i32) -> Seen {
        let depth = (self.depth.load(Relaxed) as usize).min(DEPTH);
        Seen {
            epfd,
            nanos: self.nanos.load(Relaxed),
            call: self.call.get().unwrap_or_default(),
            stack: self.stack[..depth].iter().map(|place| place.load(Relaxed)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Loop {
        Loop {
            tid: AtomicI32::new(0),
            pid: AtomicI32::new(0),
            epfd: AtomicI32::new(0),
            turns: AtomicU32::new(0),
            stall: Stall {
                turn: AtomicU32::new(0),
                depth: AtomicU32::new(0),
                nanos: AtomicU64::new(0),
                call: Text::default(),
                stack: [const { AtomicU64::new(0) }; DEPTH],
            },
        }
    }

    #[test]
    fn what_was_seen_is_for_the_next_wait_of_that_turn_and_for_no_other() {
        let place = place();
        let seen = Seen { epfd: 3, nanos: 7, call: "fsync".to_owned(), stack: vec![1, 2] };
        assert!(place.take(10, 11) && !place.take(10, 12));
        assert_eq!(place.waits(3), None);
        place.returns();
        place.stands_still(place.turns.load(Relaxed), &seen);
        assert_eq!(place.waits(4), Some(seen.clone()));
        place.returns();
        place.stands_still(1, &seen);
        assert_eq!(place.waits(4), None, "it is of another turn");
        place.free(12);
        assert!(!place.take(10, 12));
        place.free(11);
        assert!(place.take(10, 12));
    }
}
