//! The threads that wait on epolls, each in a place: whether it waits just now, and what the observer has
//! seen of one that does not.
//!
//! A thread writes one number when a wait of its begins and ends, and no time: the observer looks often enough to
//! see that a number stays.

use crate::stall::{Addresses, REPORTED, Seen, Stall};
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering, Ordering::Relaxed};

/// Threads of all processes together. Others are not looked at.
pub const LOOPS: usize = 256;
/// Places at which one thread waits, of which the callers are looked for.
const PLACES: u32 = 16;

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
    /// Where the latest wait returns to, and about where the stack was then.
    site: AtomicU64,
    stack_pointer: AtomicU64,
    /// The callers of the wait at that place, as far as they are known; and how often they were looked for.
    callers: Addresses,
    walks: AtomicU32,
    stall: Stall,
}

impl Loop {
    /// Takes the place for a thread. False: it is another one's.
    pub fn take(&self, pid: i32, tid: i32) -> bool {
        if self.tid.compare_exchange(0, tid, Ordering::AcqRel, Relaxed).is_err() {
            return false;
        }
        self.pid.store(pid, Relaxed);
        self.turns.store(0, Relaxed);
        self.site.store(0, Relaxed);
        self.callers.set(&[]);
        self.walks.store(0, Relaxed);
        self.stall.turn.store(0, Relaxed);
        true
    }

    /// The thread is gone.
    pub fn free(&self, tid: i32) {
        let _ = self.tid.compare_exchange(tid, 0, Ordering::AcqRel, Relaxed);
    }

    /// A wait begins, which returns to `site`. Returns what was seen of the time before it.
    pub fn waits(&self, epfd: i32, site: u64, stack_pointer: u64) -> Option<Seen> {
        let (turn, before) = (self.turns.load(Relaxed), self.epfd.load(Relaxed));
        self.epfd.store(epfd, Relaxed);
        self.stack_pointer.store(stack_pointer, Relaxed);
        if self.site.load(Relaxed) != site {
            self.callers.set(&[]);
            self.site.store(site, Relaxed);
        }
        self.turns.store(turn.wrapping_add(1) & !1, Relaxed);
        if self.stall.turn.load(Relaxed) == 0 {
            return None;
        }
        let seen_in = self.stall.turn.swap(0, Ordering::Acquire);
        (seen_in as u32 == turn).then(|| self.stall.read(before, seen_in))
    }

    /// The wait has ended.
    pub fn returns(&self) {
        self.turns.store(self.turns.load(Relaxed) | 1, Relaxed);
    }

    /// Whether the callers of the latest wait are to be looked for: they are not known, and the thread waits at no
    /// more than 16 places in turn.
    pub fn wants_callers(&self) -> bool {
        let walks = self.walks.load(Relaxed);
        let is_wanted = self.callers.depth.load(Relaxed) == 0 && walks < PLACES;
        if is_wanted {
            self.walks.store(walks + 1, Relaxed);
        }
        is_wanted
    }

    /// Those of the latest wait are these: where it returns to itself, and then its callers.
    pub fn called_by(&self, addresses: &[u64]) {
        self.callers.set(addresses);
    }

    /// Where the latest wait returns to, then its callers as far as they are known; and about where the stack was.
    pub fn latest_wait(&self) -> (Vec<u64>, u64) {
        let callers = self.callers.get();
        let site = || vec![self.site.load(Relaxed)];
        (if callers.is_empty() { site() } else { callers }, self.stack_pointer.load(Relaxed))
    }

    /// For the observer: what it has seen of the thread in this turn.
    pub fn stands_still(&self, turn: u32, seen: &Seen) {
        let stall = &self.stall;
        stall.turn.store(0, Relaxed);
        stall.nanos.store(seen.nanos, Relaxed);
        stall.call.set(seen.call.as_bytes());
        stall.stack.set(&seen.stack);
        let (write_end, read_end) = seen.pipe.unwrap_or((-1, -1));
        stall.write_end.store(write_end, Relaxed);
        stall.read_end.store(read_end, Relaxed);
        stall.turn.store(turn.into(), Ordering::Release);
    }

    /// For the observer: it reports what it has seen, and not the thread. False: the thread has waited, and
    /// reports it.
    pub fn claim(&self, turn: u32) -> bool {
        let (seen, claimed) = (u64::from(turn), u64::from(turn) | REPORTED);
        self.stall.turn.compare_exchange(seen, claimed, Ordering::AcqRel, Relaxed).is_ok()
    }

    /// For the process that ends: what the observer has reported of a thread that has not waited since.
    pub fn reported(&self) -> Option<Seen> {
        let claimed = u64::from(self.turns.load(Relaxed)) | REPORTED;
        let taken = self.stall.turn.compare_exchange(claimed, 0, Ordering::AcqRel, Relaxed);
        taken.is_ok().then(|| self.stall.read(self.epfd.load(Relaxed), claimed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stall::DEPTH;
    use crate::text::Text;

    fn addresses() -> Addresses {
        Addresses { depth: AtomicU32::new(0), all: [const { AtomicU64::new(0) }; DEPTH] }
    }

    fn place() -> Loop {
        Loop {
            tid: AtomicI32::new(0),
            pid: AtomicI32::new(0),
            epfd: AtomicI32::new(0),
            turns: AtomicU32::new(0),
            site: AtomicU64::new(0),
            stack_pointer: AtomicU64::new(0),
            callers: addresses(),
            walks: AtomicU32::new(0),
            stall: Stall {
                turn: AtomicU64::new(0),
                nanos: AtomicU64::new(0),
                call: Text::default(),
                stack: addresses(),
                write_end: AtomicI32::new(0),
                read_end: AtomicI32::new(0),
            },
        }
    }

    fn fsync() -> Seen {
        Seen { epfd: 3, nanos: 7, call: "fsync".to_owned(), stack: vec![1, 2], ..Seen::default() }
    }

    #[test]
    fn what_was_seen_is_for_the_next_wait_of_that_turn_and_for_no_other() {
        let (place, seen) = (place(), fsync());
        assert!(place.take(10, 11) && !place.take(10, 12));
        assert_eq!(place.waits(3, 9, 100), None);
        place.returns();
        place.stands_still(place.turns.load(Relaxed), &seen);
        assert_eq!(place.waits(4, 9, 100), Some(seen.clone()));
        place.returns();
        place.stands_still(1, &seen);
        assert_eq!(place.waits(4, 9, 100), None, "it is of another turn");
        place.free(12);
        assert!(!place.take(10, 12));
        place.free(11);
        assert!(place.take(10, 12));
    }

    #[test]
    fn a_stall_is_reported_by_the_observer_or_by_the_thread_and_never_by_both() {
        let (place, seen) = (place(), fsync());
        let reported = Seen { is_reported: true, ..seen.clone() };
        place.waits(3, 9, 100);
        place.returns();
        let turn = place.turns.load(Relaxed);
        assert!(!place.claim(turn), "nothing was seen");
        place.stands_still(turn, &seen);
        assert!(place.claim(turn) && !place.claim(turn));
        assert_eq!(place.waits(3, 9, 100), Some(reported.clone()));
        place.returns();
        assert!(!place.claim(turn), "the thread has waited");
        let turn = place.turns.load(Relaxed);
        place.stands_still(turn, &seen);
        assert_eq!(place.reported(), None, "it is the thread's");
        assert!(place.claim(turn));
        assert_eq!((place.reported(), place.reported()), (Some(reported), None));
    }

    #[test]
    fn callers_are_those_of_one_place() {
        let place = place();
        place.waits(3, 9, 100);
        assert_eq!((place.wants_callers(), place.latest_wait()), (true, (vec![9], 100)));
        place.called_by(&[9, 20, 30]);
        place.waits(3, 9, 90);
        assert_eq!((place.wants_callers(), place.latest_wait()), (false, (vec![9, 20, 30], 90)));
        place.waits(3, 10, 90);
        assert_eq!((place.wants_callers(), place.latest_wait()), (true, (vec![10], 90)));
    }
}
