//! Rounds: one wait, and then a turn for everybody who has something to do.
//!
//! First come the kernel's deliveries, then those that asked for another turn in the round before,
//! then the timers: what has arrived can still take back the timeout that would have given it up. The
//! last turn, where the owner wants it, is of the round itself.
//! No registration has two turns for one reason in one round, so that a greedy registration waits like all
//! others.
//!
//! The surprising thing: a round may be left in the middle, by a stop or a panic, and goes on with
//! the next call. An edge that the kernel has reported must not be lost.

use super::core::{Core, WAKER};
use super::registry::Key;
use super::turn::Turn;
use crate::layout::{EPOLLERR, EPOLLHUP};
use crate::memory;
use crate::sys::{Errno, Instant, Result};
use crate::{Event, EventFlags};
use core::mem;
use core::time::Duration;

/// Delivered whether asked for or not (epoll_ctl(2)).
const ALWAYS: u32 = EPOLLERR | EPOLLHUP;

impl<V> Core<V> {
    /// Whether a round was left in the middle.
    pub(crate) fn is_in_round(&self) -> bool {
        self.in_round
    }

    /// Waits, and begins a round. Only to be called when the round before is done.
    #[inline]
    pub(crate) fn wait(&mut self, timeout: Option<Duration>) -> Result<()> {
        debug_assert!(!self.in_round);
        if !self.changed.is_empty() {
            self.apply_changes();
        }
        let may_sleep = self.again[self.parity ^ 1].is_empty() && self.timers.is_empty();
        let timeout = if may_sleep { timeout } else { self.shortened(timeout) };
        self.taken = 0;
        self.epoll.wait_spinning(&mut self.events, self.spin, timeout)?;
        self.again[self.parity].clear();
        self.again_taken = 0;
        self.parity ^= 1;
        self.now = if self.timers.is_empty() { None } else { Some(Instant::now()) };
        self.in_round = true;
        Ok(())
    }

    /// The timeout, or less if a timer or another turn is due before.
    #[cold]
    fn shortened(&self, timeout: Option<Duration>) -> Option<Duration> {
        if !self.again[self.parity ^ 1].is_empty() {
            return Some(Duration::ZERO);
        }
        let Some(deadline) = self.timers.next() else { return timeout };
        let left = deadline.saturating_duration_since(Instant::now());
        Some(timeout.map_or(left, |timeout| timeout.min(left)))
    }

    /// The next turn of the round. None: the round is done.
    #[inline]
    pub(crate) fn next_turn(&mut self) -> Option<Turn> {
        while let Some(&event) = self.events.as_slice().get(self.taken) {
            self.taken += 1;
            let turn = self.delivered(event);
            if turn.is_some() {
                self.had_turn = true;
                return turn;
            }
        }
        if self.again_taken < self.again[self.parity].len() || self.now.is_some() {
            let turn = self.next_late_turn();
            if turn.is_some() {
                self.had_turn = true;
                return turn;
            }
        }
        // The end is a turn, but none that has another end.
        if mem::take(&mut self.had_turn) && self.wants_end {
            return Some(Turn::RoundEnd);
        }
        self.in_round = false;
        None
    }

    #[inline]
    fn delivered(&mut self, event: Event) -> Option<Turn> {
        let data = event.data().u64();
        if data == WAKER {
            return self.waker.take_wake().then_some(Turn::Wake);
        }
        // A stale delivery finds no registration.
        let slot = self.registry.get_mut(Key(data))?;
        slot.fired = true;
        // What is no longer asked for, since an earlier turn of this round, is stale too.
        let flags = event.events & (slot.wanted | ALWAYS) | mem::take(&mut slot.again[self.parity]);
        ready(Key(data), flags)
    }

    /// The next turn of the round when the kernel's deliveries have had theirs.
    #[inline(never)]
    fn next_late_turn(&mut self) -> Option<Turn> {
        while let Some(&index) = self.again[self.parity].get(self.again_taken) {
            self.again_taken += 1;
            let slot = self.registry.slot_mut(index);
            slot.unlist(self.parity);
            let flags = mem::take(&mut slot.again[self.parity]);
            let turn = ready(slot.key(), flags);
            if turn.is_some() {
                return turn;
            }
        }
        if let Some(index) = self.now.and_then(|now| self.timers.pop(now)) {
            return Some(Turn::Timer(self.registry.slot_mut(index).key()));
        }
        None
    }

    /// Gives a registration another turn in the next round, with these flags.
    pub(crate) fn again(&mut self, key: Key, flags: u32) -> Result<()> {
        self.registry.find(key)?;
        if flags == 0 {
            return Err(Errno(libc::EINVAL));
        }
        self.grant_again(key, flags);
        Ok(())
    }

    pub(super) fn grant_again(&mut self, key: Key, flags: u32) {
        let parity = self.parity ^ 1;
        let slot = self.registry.slot_mut(key.index());
        slot.again[parity] |= flags;
        if slot.list(parity) {
            memory::push(&mut self.again[parity], key.index());
        }
    }

    /// Sets the timer of a registration, or takes it away.
    ///
    /// A deadline that has passed is due in the next round, after those that are due in this one:
    /// a timer that is set again and again to the past starves no other.
    pub(crate) fn set_timer(&mut self, key: Key, deadline: Option<Instant>) -> Result<()> {
        self.registry.find(key)?;
        let Some(deadline) = deadline else {
            self.timers.clear(key.index());
            return Ok(());
        };
        let after_this_round = self.now.map(|now| now + Duration::from_nanos(1));
        self.timers
            .set(key.index(), after_this_round.map_or(deadline, |after| deadline.max(after)));
        Ok(())
    }
}

fn ready(key: Key, flags: u32) -> Option<Turn> {
    (flags != 0).then_some(Turn::Ready { key, flags: EventFlags::from_bits_retain(flags) })
}
