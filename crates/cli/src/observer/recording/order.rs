//! The observations of all rings in the order of their times.
//!
//! Those of one ring are in order already, so that each has a queue, and the earliest head of a queue is next.
//! A thread reads the clock first and writes then, and may not run for a while in between. So what is taken is kept
//! for a moment. What comes later still stands in the recording where it was taken.

use epshim_observe::{Nanos, Observation, Pid, Tid, What};
use epshim_ring::{Reader, Ring, Written};
use std::collections::VecDeque;

/// How long an observation is kept.
const MOMENT: Nanos = 100_000_000;
/// A time that is further in the future is none.
const SOON: Nanos = 1_000_000_000;

/// What was taken of a ring, and not written yet.
#[derive(Debug, Default)]
struct Queue {
    reader: Reader,
    /// The time of the latest observation.
    latest: Nanos,
    pending: VecDeque<Observation<'static>>,
}

/// What was taken, and not written yet.
#[derive(Debug, Default)]
pub struct Order {
    queues: Vec<Queue>,
    /// What is in no ring, in the order of its times.
    others: VecDeque<Observation<'static>>,
}

impl Order {
    /// Of this number of rings.
    pub fn of(rings: usize) -> Self {
        let queues = std::iter::repeat_with(Queue::default).take(rings).collect();
        Self { queues, others: VecDeque::new() }
    }

    /// Takes all that is in a ring of this owner; if that is gone, with what it had not written. Returns how many
    /// records that were. `each` is called with each observation.
    pub fn take(
        &mut self,
        place: usize,
        ring: &Ring,
        (pid, owner): (Pid, Tid),
        now: Nanos,
        is_gone: bool,
        mut each: impl FnMut(&Observation<'_>),
    ) -> usize {
        let Queue { reader, latest, pending } = &mut self.queues[place];
        let mut count = 0;
        let mut add = |it: Written| {
            // What was lost is told of late. Another time that goes back is a coarser clock's (a sandbox), or a
            // process gone wild.
            let mut at = it.at.min(now.saturating_add(SOON));
            if !matches!(it.what, What::Dropped { .. } | What::Fork { .. }) {
                at = at.max(*latest);
                *latest = at;
            }
            let tid = if it.tid == 0 { owner } else { it.tid };
            let it = Observation { at, pid, tid, site: it.site, what: it.what };
            each(&it);
            pending.push_back(it);
        };
        ring.take_all(|record| {
            count += 1;
            reader.take(record).into_iter().for_each(&mut add);
        });
        if is_gone {
            ring.take_kept(add);
        }
        count
    }

    /// The ring is another thread's from now on. What it has had is written still.
    pub fn forget(&mut self, place: usize) {
        let queue = &mut self.queues[place];
        (queue.reader, queue.latest) = (Reader::default(), 0);
    }

    /// More that was observed.
    pub fn extend(&mut self, more: impl IntoIterator<Item = Observation<'static>>) {
        for it in more {
            let place = self.others.partition_point(|other| other.at <= it.at);
            self.others.insert(place, it);
        }
    }

    /// Hands out what is complete, where all rings were empty at this time.
    pub fn until(&mut self, emptied: Nanos, mut each: impl FnMut(Observation<'static>)) {
        let end = emptied.saturating_sub(MOMENT);
        while let Some((queue, rest)) = self.earliest(end) {
            // One at least, and then all that comes before the others: most times a thread has many in a row.
            queue.pop_front().into_iter().for_each(&mut each);
            while queue.front().is_some_and(|it| it.at < rest) {
                queue.pop_front().into_iter().for_each(&mut each);
            }
        }
    }

    /// The queue whose head is the earliest of those before this time, and the time up to which it stays so.
    fn earliest(&mut self, end: Nanos) -> Option<(&mut VecDeque<Observation<'static>>, Nanos)> {
        let (mut best, mut first, mut rest) = (None, end, end);
        let queues = self.queues.iter_mut().map(|queue| &mut queue.pending);
        for queue in queues.chain([&mut self.others]) {
            let Some(at) = queue.front().map(|it| it.at) else { continue };
            if at < first {
                (best, first, rest) = (Some(queue), at, first);
            } else {
                rest = rest.min(at);
            }
        }
        best.map(|queue| (queue, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use epshim_observe::{Site, What};

    fn read(ring: &Ring, at: Nanos, fd: i32) {
        ring.write(at, Site(1), &What::Touch { fd });
    }

    /// What is handed out, if all was taken at this time: descriptors.
    fn until(order: &mut Order, emptied: Nanos) -> Vec<i32> {
        let mut fds = Vec::new();
        order.until(emptied, |it| match it.what {
            What::Touch { fd } => fds.push(fd),
            What::Dropped { records } => fds.push(-(records as i32)),
            other => panic!("{other:?}"),
        });
        fds
    }

    #[test]
    fn what_threads_did_by_turns_is_in_the_order_of_its_times() {
        static RINGS: [Ring; 3] = [const { Ring::new() }; 3];
        let mut order = Order::of(RINGS.len());
        for (ring, at, fd) in
            [(0, 10, 1), (1, 20, 2), (0, 30, 3), (0, 40, 4), (2, 40, 5), (1, 50, 6)]
        {
            read(&RINGS[ring], at, fd);
        }
        let what = What::Dropped { records: 7 };
        order.extend([Observation { at: 35, pid: 1, tid: 0, site: Site(0), what }]);
        for (place, ring) in RINGS.iter().enumerate() {
            let length = [3, 2, 1][place];
            assert_eq!(order.take(place, ring, (1, 1), 100, false, |_| {}), length);
        }
        assert_eq!(until(&mut order, MOMENT + 40), [1, 2, 3, -7]);
        // The younger of two with the same time is not lost, and nothing is handed out again.
        assert_eq!(until(&mut order, Nanos::MAX), [4, 5, 6]);
        assert!(until(&mut order, Nanos::MAX).is_empty());
    }

    #[test]
    fn a_time_that_goes_back_is_no_earlier_than_the_one_before_it() {
        static RING: Ring = Ring::new();
        let mut order = Order::of(1);
        for (at, fd) in [(20, 1), (10, 2), (u64::MAX, 3)] {
            read(&RING, at, fd);
        }
        order.take(0, &RING, (1, 1), 100, false, |_| {});
        let mut times = Vec::new();
        order.until(Nanos::MAX, |it| times.push(it.at));
        assert_eq!(times, [20, 20, 100 + SOON]);
    }
}
