//! [`Core`]: what the reactors of Rust and of C have in common. It holds a value for each
//! registration, and makes no calls to its user: its owner asks for the next turn and gives it.
//!
//! Here is the interest: what was asked for, and what the kernel has been told. `rounds.rs` has
//! the waits and the turns.
//!
//! Only [`add`](Core::add) allocates, and only when there are more registrations, or higher
//! descriptors, than ever before: every list has room for all slots.
//!
//! The surprising thing: a descriptor may be closed, and its number used again, while its
//! registration still lasts. `owners` knows the latest registration of each number, so that the
//! old one can no longer change or delete the new one's interest.

use super::registry::{Key, NONE, Registry};
use super::timers::Timers;
use super::waker::Waker;
use crate::buffer::EventBuffer;
use crate::instance::Instance;
use crate::layout::{EPOLLERR, EPOLLET, EPOLLEXCLUSIVE, EPOLLNVAL, EPOLLONESHOT};
use crate::memory;
use crate::sys::{self, Errno, Instant, Result};
use crate::{CreateFlags, Event, EventData, EventFlags};
use alloc::vec::Vec;
use core::ffi::c_int;
use core::time::Duration;

/// Deliveries per wait.
const BATCH: usize = 256;
/// The user data of the waker. No key is 0.
pub(super) const WAKER: u64 = 0;
/// What is delivered when the kernel refused a change of interest: `EPOLLERR`, and as in poll(2)
/// the bit that the request was invalid.
const REFUSED: u32 = EPOLLERR | EPOLLNVAL;

pub(crate) struct Core<V> {
    // What every turn reads comes first, together.
    /// The deliveries of the round, and how many of them had their turn.
    pub(super) events: EventBuffer,
    pub(super) taken: usize,
    pub(super) registry: Registry<V>,
    pub(super) parity: usize,
    pub(super) in_round: bool,
    /// Slots that asked for another turn, for rounds of either parity.
    pub(super) again: [Vec<u32>; 2],
    pub(super) again_taken: usize,
    /// Whether a round with a turn ends with [`Turn::RoundEnd`](super::Turn::RoundEnd).
    pub(crate) wants_end: bool,
    /// Whether there was a turn in this round.
    pub(super) had_turn: bool,
    /// The time at the start of the round: timers up to then are due in it. None: no timers.
    pub(super) now: Option<Instant>,
    pub(super) timers: Timers,
    /// For how long a wait looks again and again before it sleeps.
    pub(crate) spin: Duration,
    /// Slots whose interest was asked for since the last wait.
    pub(super) changed: Vec<u32>,
    pub(super) epoll: Instance,
    pub(super) waker: Waker,
    /// By descriptor number: the slot of its latest registration, or [`NONE`].
    owners: Vec<u32>,
}

impl<V> Core<V> {
    pub(crate) fn new() -> Result<Self> {
        let epoll = Instance::create(CreateFlags::CLOEXEC.bits())?;
        let waker = Waker::new()?;
        let interest = EventFlags::IN.union(EventFlags::ET);
        epoll.add(waker.eventfd().number(), Event::new(interest, EventData::from_u64(WAKER)))?;
        Ok(Self {
            epoll,
            registry: Registry::new()?,
            owners: Vec::new(),
            changed: Vec::new(),
            timers: Timers::default(),
            spin: Duration::ZERO,
            waker,
            events: EventBuffer::allocated(BATCH)?,
            taken: 0,
            again: [Vec::new(), Vec::new()],
            again_taken: 0,
            wants_end: false,
            had_turn: false,
            parity: 0,
            now: None,
            in_round: false,
        })
    }

    pub(crate) fn waker(&self) -> &Waker {
        &self.waker
    }

    pub(crate) fn len(&self) -> usize {
        self.registry.len()
    }

    pub(crate) fn next_key(&self, after: Option<Key>) -> Option<Key> {
        self.registry.next_key(after)
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> {
        self.registry.keys()
    }

    #[inline]
    pub(crate) fn value(&self, key: Key) -> Option<&V> {
        self.registry.value(key)
    }

    #[inline]
    pub(crate) fn value_mut(&mut self, key: Key) -> Option<&mut V> {
        self.registry.value_mut(key)
    }

    /// Registers a descriptor, or with `None` something that only has a timer.
    pub(crate) fn add(
        &mut self,
        fd: Option<c_int>,
        interest: u32,
        value: V,
    ) -> Result<Key, (Errno, V)> {
        match self.register(fd, interest) {
            Ok(key) => {
                self.registry.insert(value, fd.unwrap_or(-1), interest);
                Ok(key)
            }
            Err(error) => Err((error, value)),
        }
    }

    fn register(&mut self, fd: Option<c_int>, interest: u32) -> Result<Key> {
        let key = self.registry.reserve()?;
        let slots = self.registry.slots();
        for list in [&mut self.changed].into_iter().chain(&mut self.again) {
            memory::make_room(list, slots)?;
        }
        self.timers.reserve(slots)?;
        if let Some(fd) = fd {
            self.epoll.add(fd, event(key, interest))?;
            // Only now is it known to be a descriptor, and no arbitrary number.
            if let Err(error) = self.own(fd as usize, key.index()) {
                // It was registered above: the kernel has no reason to refuse.
                let _ = self.epoll.delete(fd);
                return Err(error);
            }
        }
        Ok(key)
    }

    fn own(&mut self, fd: usize, slot: u32) -> Result<()> {
        memory::lengthen(&mut self.owners, fd + 1, NONE)?;
        self.owners[fd] = slot;
        Ok(())
    }

    /// Whether a slot has the latest registration of a descriptor's number.
    fn owns(&self, fd: c_int, slot: u32) -> bool {
        usize::try_from(fd).is_ok_and(|fd| self.owners[fd] == slot)
    }

    /// Asks for another interest. The kernel is told before the next wait.
    pub(crate) fn modify(&mut self, key: Key, interest: u32) -> Result<()> {
        let slot = self.registry.find(key)?;
        // What the kernel would refuse by itself is refused at once (epoll_ctl(2)).
        if slot.fd < 0 || (slot.applied | interest) & EPOLLEXCLUSIVE != 0 {
            return Err(Errno(libc::EINVAL));
        }
        slot.wanted = interest;
        slot.asked = true;
        if !slot.changed {
            slot.changed = true;
            memory::push(&mut self.changed, key.index());
        }
        Ok(())
    }

    /// Ends a registration. The error beside the value says that the descriptor had been closed
    /// before.
    pub(crate) fn remove(&mut self, key: Key) -> Result<(V, Result<()>)> {
        let fd = self.registry.find(key)?.fd;
        let mut deleted = Ok(());
        if self.owns(fd, key.index()) {
            self.owners[fd as usize] = NONE;
            deleted = self.epoll.delete(fd);
        } else if fd >= 0 {
            deleted = Err(Errno(libc::EBADF));
        }
        self.timers.clear(key.index());
        let value = self.registry.remove(key)?;
        Ok((value, deleted))
    }

    /// Tells the kernel what has changed since the last wait, once for each registration. Leaves
    /// errno alone: a refusal is delivered, not returned.
    #[inline(never)]
    pub(super) fn apply_changes(&mut self) {
        while let Some(index) = self.changed.pop() {
            let slot = self.registry.slot_mut(index);
            slot.changed = false;
            let (key, fd, wanted) = (slot.key(), slot.fd, slot.wanted);
            // A slot whose tenant has gone has not asked.
            if !core::mem::take(&mut slot.asked) || !slot.needs_telling() {
                continue;
            }
            let errno = sys::errno();
            let told = self.owns(fd, index) && self.epoll.modify(fd, event(key, wanted)).is_ok();
            sys::set_errno(errno);
            if told {
                let slot = self.registry.slot_mut(index);
                slot.applied = wanted;
                slot.fired = false;
            } else {
                self.grant_again(key, REFUSED);
            }
        }
    }
}

/// What the kernel is told of a registration.
fn event(key: Key, interest: u32) -> Event {
    Event::new(EventFlags::from_bits_retain(interest), EventData::from_u64(key.0))
}

impl<V> super::registry::Slot<V> {
    /// Whether the interest asked for makes a difference to the kernel.
    ///
    /// A different one does. The same one does if it is edge-triggered, for that reads the
    /// readiness anew (epoll(7), question 8), and a program that stopped reading in between relies on it;
    /// and if it is a one-shot that has fired, for that arms it again. Otherwise the change
    /// is forgotten.
    fn needs_telling(&self) -> bool {
        let fired = self.fired && self.wanted & EPOLLONESHOT != 0;
        self.wanted != self.applied || self.wanted & EPOLLET != 0 || fired
    }
}
