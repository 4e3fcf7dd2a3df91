//! Deadlines: a heap, at most one entry for each slot of the registry.
//!
//! The heap knows where each slot's entry is, so that a deadline is moved or taken away at once. A
//! server that puts off an idle timeout with every message would fill a heap that only marks
//! entries as dead.
//!
//! It reads no clock: the caller says what time it is.

use super::registry::NONE;
use crate::memory;
use crate::sys::{Instant, Result};
use alloc::vec::Vec;

struct Timer {
    deadline: Instant,
    slot: u32,
}

#[derive(Default)]
pub(super) struct Timers {
    /// A binary heap, the earliest first: no entry is earlier than entry `(i - 1) / 2`.
    heap: Vec<Timer>,
    /// Where in the heap each slot's entry is, or [`NONE`].
    positions: Vec<u32>,
}

impl Timers {
    /// Makes room for an entry of every slot, so that nothing else here allocates.
    pub fn reserve(&mut self, slots: usize) -> Result<()> {
        memory::make_room(&mut self.heap, slots)?;
        memory::lengthen(&mut self.positions, slots, NONE)
    }

    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<Instant> {
        self.heap.first().map(|timer| timer.deadline)
    }

    /// Sets the deadline of a slot, in place of the one it had.
    pub fn set(&mut self, slot: u32, deadline: Instant) {
        let mut position = self.positions[slot as usize] as usize;
        if position == NONE as usize {
            position = self.heap.len();
            memory::push(&mut self.heap, Timer { deadline, slot });
        } else {
            self.heap[position].deadline = deadline;
        }
        self.settle(position);
    }

    /// Takes away the deadline of a slot, if it has one.
    pub fn clear(&mut self, slot: u32) {
        let position = self.positions[slot as usize];
        if position != NONE {
            self.remove(position as usize);
        }
    }

    /// Takes away the earliest deadline if it has passed, and returns its slot.
    pub fn pop(&mut self, now: Instant) -> Option<u32> {
        let first = self.heap.first()?;
        if first.deadline > now {
            return None;
        }
        let slot = first.slot;
        self.remove(0);
        Some(slot)
    }

    fn remove(&mut self, position: usize) {
        let last = self.heap.len() - 1;
        self.positions[self.heap[position].slot as usize] = NONE;
        self.heap.swap(position, last);
        self.heap.truncate(last);
        if position < last {
            self.settle(position);
        }
    }

    /// Moves an entry up or down to where it belongs, and notes where that is.
    fn settle(&mut self, mut position: usize) {
        while position > 0 && self.is_earlier(position, (position - 1) / 2) {
            position = self.exchange(position, (position - 1) / 2);
        }
        loop {
            let left = 2 * position + 1;
            let right = left + 1;
            if left >= self.heap.len() {
                break;
            }
            let child =
                if right < self.heap.len() && self.is_earlier(right, left) { right } else { left };
            if !self.is_earlier(child, position) {
                break;
            }
            position = self.exchange(position, child);
        }
        self.positions[self.heap[position].slot as usize] = position as u32;
    }

    fn is_earlier(&self, one: usize, other: usize) -> bool {
        self.heap[one].deadline < self.heap[other].deadline
    }

    /// Swaps the entry that is being moved with another, which is then in its place.
    fn exchange(&mut self, moving: usize, other: usize) -> usize {
        self.heap.swap(moving, other);
        self.positions[self.heap[moving].slot as usize] = moving as u32;
        other
    }
}

#[cfg(test)]
mod tests {
    use super::Timers;
    use crate::sys::Instant;
    use std::collections::BTreeSet;
    use std::time::Duration;

    #[test]
    fn the_earliest_is_popped_first_and_nothing_before_its_time() {
        let start = Instant::now();
        let at = |ns| start + Duration::from_nanos(ns);
        let mut timers = Timers::default();
        timers.reserve(4).unwrap();
        for (slot, ns) in [(0, 30), (1, 10), (2, 20), (3, 40)] {
            timers.set(slot, at(ns));
        }
        timers.clear(2);
        timers.clear(2);
        timers.set(0, at(5));
        assert_eq!(timers.next(), Some(at(5)));
        assert_eq!(timers.pop(at(4)), None);
        assert_eq!(timers.pop(at(10)), Some(0));
        assert_eq!(timers.pop(at(10)), Some(1));
        assert_eq!(timers.pop(at(39)), None);
        assert_eq!(timers.pop(at(40)), Some(3));
        assert!(timers.is_empty());
    }

    #[test]
    fn it_agrees_with_a_sorted_set_after_any_sequence_of_changes() {
        const SLOTS: u32 = 40;
        let start = Instant::now();
        let mut timers = Timers::default();
        timers.reserve(SLOTS as usize).unwrap();
        let mut model: BTreeSet<(Instant, u32)> = BTreeSet::new();
        let mut state = 1_u64;
        let mut random = |below: u32| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u32 % below
        };
        for _ in 0..if cfg!(miri) { 500 } else { 20_000 } {
            let slot = random(SLOTS);
            let deadline = start + Duration::from_nanos(u64::from(random(1000)));
            match random(4) {
                0 => {
                    timers.clear(slot);
                    model.retain(|&(_, other)| other != slot);
                }
                1 => match timers.pop(deadline) {
                    // Equal deadlines come in any order.
                    Some(slot) => {
                        let earliest = model.first().unwrap().0;
                        assert!(earliest <= deadline && model.remove(&(earliest, slot)));
                    }
                    None => assert!(model.first().is_none_or(|&(first, _)| first > deadline)),
                },
                _ => {
                    timers.set(slot, deadline);
                    model.retain(|&(_, other)| other != slot);
                    model.insert((deadline, slot));
                }
            }
            assert_eq!(timers.next(), model.first().map(|&(first, _)| first));
        }
    }
}
