//! [`Core`]: what the reactors of Rust and of C have in common. It holds a value for each
//! registration, and never calls anybody: its owner asks for the next turn and gives it.
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
use crate::layout::{EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLERR, EPOLLEXCLUSIVE};
use crate::layout::{EPOLLET, EPOLLNVAL, EPOLLONESHOT};
use crate::memory::{self, no_memory};
use crate::{CreateFlags, Epoll, Event, EventBuffer, EventData, EventFlags, sys};
use std::ffi::c_int;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

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
    pub(super) epoll: Epoll,
    pub(super) waker: Waker,
    /// By descriptor number: the slot of its latest registration, or [`NONE`].
    owners: Vec<u32>,
}

impl<V> Core<V> {
    pub(crate) fn new() -> io::Result<Self> {
        let epoll = Epoll::create(CreateFlags::CLOEXEC)?;
        let waker = Waker::new()?;
        let data = EventData::from_u64(WAKER);
        epoll.add(waker.eventfd(), EventFlags::IN | EventFlags::ET, data)?;
        Ok(Self {
            epoll,
            registry: Registry::new()?,
            owners: Vec::new(),
            changed: Vec::new(),
            timers: Timers::default(),
            spin: Duration::ZERO,
            waker,
            events: EventBuffer::try_with_capacity(BATCH)?,
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
    ) -> Result<Key, (io::Error, V)> {
        match self.register(fd, interest) {
            Ok(key) => {
                self.registry.insert(value, fd.unwrap_or(-1), interest);
                Ok(key)
            }
            Err(error) => Err((error, value)),
        }
    }

    fn register(&mut self, fd: Option<c_int>, interest: u32) -> io::Result<Key> {
        let key = self.registry.reserve()?;
        let slots = self.registry.slots();
        for list in [&mut self.changed].into_iter().chain(&mut self.again) {
            memory::make_room(list, slots)?;
        }
        self.timers.reserve(slots)?;
        if let Some(fd) = fd {
            self.ctl(EPOLL_CTL_ADD, fd, interest, key)?;
            // Only now is it known to be a descriptor, and no arbitrary number.
            if let Err(error) = self.own(fd as usize, key.index()) {
                // It was registered above: the kernel has no reason to refuse.
                let _ = self.ctl(EPOLL_CTL_DEL, fd, 0, key);
                return Err(error);
            }
        }
        Ok(key)
    }

    fn own(&mut self, fd: usize, slot: u32) -> io::Result<()> {
        if fd >= self.owners.len() {
            self.owners.try_reserve(fd + 1 - self.owners.len()).map_err(|_| no_memory())?;
            self.owners.resize(fd + 1, NONE);
        }
        self.owners[fd] = slot;
        Ok(())
    }

    /// Whether a slot has the latest registration of a descriptor's number.
    fn owns(&self, fd: c_int, slot: u32) -> bool {
        usize::try_from(fd).is_ok_and(|fd| self.owners[fd] == slot)
    }

    fn ctl(&self, op: c_int, fd: c_int, interest: u32, key: Key) -> io::Result<()> {
        let flags = EventFlags::from_bits_retain(interest);
        let event = Event::new(flags, EventData::from_u64(key.0));
        sys::ctl(self.epoll.as_fd().as_raw_fd(), op, fd, Some(event))
    }

    /// Asks for another interest. The kernel is told before the next wait.
    pub(crate) fn modify(&mut self, key: Key, interest: u32) -> io::Result<()> {
        let slot = self.registry.find(key)?;
        // What the kernel would refuse by itself is refused at once (epoll_ctl(2)).
        if slot.fd < 0 || (slot.applied | interest) & EPOLLEXCLUSIVE != 0 {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        slot.wanted = interest;
        slot.asked = true;
        if !slot.changed {
            slot.changed = true;
            self.changed.push(key.index());
        }
        Ok(())
    }

    /// Ends a registration. The error beside the value says that the descriptor had been closed
    /// before.
    pub(crate) fn remove(&mut self, key: Key) -> io::Result<(V, io::Result<()>)> {
        let fd = self.registry.find(key)?.fd;
        let mut deleted = Ok(());
        if self.owns(fd, key.index()) {
            self.owners[fd as usize] = NONE;
            deleted = self.ctl(EPOLL_CTL_DEL, fd, 0, key);
        } else if fd >= 0 {
            deleted = Err(io::Error::from_raw_os_error(libc::EBADF));
        }
        self.timers.clear(key.index());
        let value = self.registry.remove(key);
        Ok((value.expect("it was found above"), deleted))
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
            if !std::mem::take(&mut slot.asked) || !slot.needs_telling() {
                continue;
            }
            let errno = sys::errno();
            let told = self.owns(fd, index) && self.ctl(EPOLL_CTL_MOD, fd, wanted, key).is_ok();
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

impl<V> super::registry::Slot<V> {
    /// Whether the interest asked for makes a difference to the kernel.
    ///
    /// A different one does. The same one does if it is edge-triggered, for that reads the
    /// readiness anew (epoll(7), question 8), and whoever stopped reading in between relies on it;
    /// and if it is a one-shot that has fired, for that arms it again. Otherwise it is as if
    /// nobody had asked.
    fn needs_telling(&self) -> bool {
        let fired = self.fired && self.wanted & EPOLLONESHOT != 0;
        self.wanted != self.applied || self.wanted & EPOLLET != 0 || fired
    }
}
