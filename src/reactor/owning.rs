//! [`Reactor`]: the machine with the sources, the times and the errors of std.
//!
//! The machine (`core.rs`) knows numbers: here a descriptor is its source, which the registration owns, and an
//! error is an [`io::Error`]. The C ABI has the same machine without this file.

use super::add_error::AddError;
use super::core::Core;
use super::registry::Key;
use super::turn::Turn;
use super::waker::Waker;
use crate::EventFlags;
use crate::sys::{Errno, Result};
use std::fmt;
use std::io;
use std::mem;
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

/// An event loop that owns its sources.
///
/// One wait and the turns that follow from it are a *round*. In a round come first the deliveries
/// of the kernel, then the registrations that asked for another turn with [`again`](Self::again),
/// then the timers that were due as the round began; and last, where it is wanted, the turn at its
/// [end](Self::set_round_end).
///
/// Nothing is allocated per event: memory grows only in [`add`](Self::add) and
/// [`add_timer`](Self::add_timer), with the largest number of registrations there ever was.
///
/// # Examples
///
/// ```
/// use epshim::{EventFlags, Reactor, Turn};
/// use std::io::{Read, Write};
/// use std::os::unix::net::UnixStream;
///
/// # fn main() -> std::io::Result<()> {
/// let (mut client, server) = UnixStream::pair()?;
/// let mut reactor = Reactor::new()?;
/// reactor.add(server, EventFlags::IN)?;
///
/// client.write_all(b"hello")?;
/// reactor.run(|reactor, turn| {
///     let Turn::Ready { key, .. } = turn else { return };
///     let Some(server) = reactor.get_mut(key) else { return };
///     let mut bytes = [0; 5];
///     server.read_exact(&mut bytes).expect("five bytes are there");
///     assert_eq!(&bytes, b"hello");
///     reactor.remove(key);
///     reactor.stop();
/// })?;
/// # Ok(())
/// # }
/// ```
pub struct Reactor<T> {
    /// A registration made by `add_timer` has no source.
    core: Core<Option<T>>,
    running: bool,
}

impl<T> Reactor<T> {
    /// Creates a reactor: an epoll and an eventfd.
    ///
    /// # Errors
    ///
    /// - `EMFILE`, `ENFILE`: no descriptor is free, in the process or in the system.
    /// - `ENOMEM`: there is no memory for it, in the process or in the kernel.
    /// - `EAGAIN`: there are 65,535 reactors in this process.
    pub fn new() -> io::Result<Self> {
        Ok(Self { core: Core::new()?, running: false })
    }

    /// Registers a source and the interest in it. The reactor owns it from now on.
    ///
    /// The number of its descriptor is asked for here and remembered: to watch another one, remove
    /// the source and add it again.
    ///
    /// # Errors
    ///
    /// Those of [`Epoll::add`](crate::Epoll::add), `ENOMEM` also where the process has no memory, and
    /// `ENOSPC` with 2^24 registrations. Nothing is registered then. The error gives the source back;
    /// turned into an [`io::Error`] by `?`, it drops it.
    #[doc(alias = "EPOLL_CTL_ADD")]
    pub fn add(&mut self, source: T, interest: EventFlags) -> Result<Key, AddError<T>>
    where
        T: AsFd,
    {
        let fd = source.as_fd().as_raw_fd();
        self.core.add(Some(fd), interest.bits(), Some(source)).map_err(|(error, source)| AddError {
            source: source.expect("it was passed in above"),
            error: error.into(),
        })
    }

    /// Makes a registration that has no source but a timer, and sets it.
    ///
    /// Like every registration it lasts until it is removed: the timer can be set again with
    /// [`set_timer`](Self::set_timer).
    ///
    /// # Errors
    ///
    /// - `ENOMEM`, `ENOSPC`: no memory, or 2^24 registrations.
    pub fn add_timer(&mut self, deadline: Instant) -> io::Result<Key> {
        let key = self.core.add(None, 0, None).map_err(|(error, _)| error)?;
        self.set_timer(key, Some(deadline))?;
        Ok(key)
    }

    /// Asks for another interest in a source.
    ///
    /// The kernel is told before the next wait, once however often this was called: a change that
    /// is taken back within a round costs nothing. Until then deliveries of this round which the
    /// new interest does not ask for are dropped.
    ///
    /// To ask for the interest that is there already does what it does in epoll_ctl(2), if it does
    /// anything: it arms a [`ONESHOT`](EventFlags::ONESHOT) that has fired, and an
    /// [`ET`](EventFlags::ET) interest is delivered again if the condition still holds. Otherwise
    /// no system call is made.
    ///
    /// If the kernel refuses the change, which can only happen when the descriptor was closed
    /// behind the reactor's back, the next round has a turn for the source with `ERR` and the bit
    /// 0x20 (`POLLNVAL`).
    ///
    /// # Errors
    ///
    /// - `ENOENT`: the registration has ended.
    /// - `EINVAL`: the key is another reactor's, or has no source, or one of the interests is
    ///   [`EXCLUSIVE`](EventFlags::EXCLUSIVE).
    #[doc(alias = "EPOLL_CTL_MOD")]
    pub fn modify(&mut self, key: Key, interest: EventFlags) -> io::Result<()> {
        Ok(self.core.modify(key, interest.bits())?)
    }

    /// Ends a registration and gives its source back, deleted from the epoll but not closed.
    ///
    /// None if the registration has ended before, is another reactor's, or was made by
    /// [`add_timer`](Self::add_timer). What the kernel has already reported for it is dropped.
    #[doc(alias = "EPOLL_CTL_DEL")]
    pub fn remove(&mut self, key: Key) -> Option<T> {
        // A descriptor that was closed behind the reactor's back needs no deletion.
        let (source, _) = self.core.remove(key).ok()?;
        source
    }

    /// The source of a registration.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<&T> {
        self.core.value(key)?.as_ref()
    }

    /// The source of a registration, to be changed. Its descriptor must stay the same one.
    #[must_use]
    #[inline]
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        self.core.value_mut(key)?.as_mut()
    }

    /// The keys of all registrations, those of [`add_timer`](Self::add_timer) included.
    pub fn keys(&self) -> impl Iterator<Item = Key> {
        self.core.keys()
    }

    /// The registration after another one, or the first: to visit all of them, and change or remove
    /// some, without a list of keys.
    ///
    /// Every registration that stays is visited once; one that is made meanwhile may be. The key passed
    /// in need not last.
    ///
    /// # Examples
    ///
    /// ```
    /// # use epshim::{EventFlags, Reactor};
    /// # use std::io::Read;
    /// # fn close_finished(reactor: &mut Reactor<std::os::unix::net::UnixStream>) {
    /// let mut last = None;
    /// while let Some(key) = reactor.next_key(last) {
    ///     last = Some(key);
    ///     if let Some(Ok(0)) = reactor.get_mut(key).map(|source| source.read(&mut [0])) {
    ///         reactor.remove(key);
    ///     }
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn next_key(&self, after: Option<Key>) -> Option<Key> {
        self.core.next_key(after)
    }

    /// How many registrations there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.core.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Gives a registration another turn in the next round, with these flags.
    ///
    /// For a handler that stops before it is done, so that others get their turns: the edge that
    /// it has not drained will not come again by itself. The turn comes after everybody else's of
    /// that round, or together with a delivery of its own; the wait before it does not sleep.
    ///
    /// # Errors
    ///
    /// - `ENOENT`: the registration has ended.
    /// - `EINVAL`: the key is another reactor's, or there are no flags.
    pub fn again(&mut self, key: Key, flags: EventFlags) -> io::Result<()> {
        Ok(self.core.again(key, flags.bits())?)
    }

    /// Sets the timer of a registration, in place of the one it had; `None` takes it away.
    ///
    /// Each registration has one. It is never early, and not repeated. A deadline that has passed
    /// is due in the next round. Setting and taking away cost the logarithm of the number of
    /// timers, and no system call.
    ///
    /// # Errors
    ///
    /// - `ENOENT`: the registration has ended.
    /// - `EINVAL`: the key is another reactor's.
    pub fn set_timer(&mut self, key: Key, deadline: Option<Instant>) -> io::Result<()> {
        Ok(self.core.set_timer(key, deadline)?)
    }

    /// What wakes and stops this reactor from other threads and from signal handlers.
    #[must_use]
    pub fn waker(&self) -> Waker {
        self.core.waker().clone()
    }

    /// Has each wait look again and again for up to `spin` before it sleeps, as
    /// [`Epoll::wait_spinning`](crate::Epoll::wait_spinning) does. Zero, as at first: not at all.
    ///
    /// It saves the time to sleep and wake up, in exchange for a processor that is always busy. A
    /// wait never takes longer for it: not than its timeout, not than the next timer.
    pub fn set_spin(&mut self, spin: Duration) {
        self.core.spin = spin;
    }

    /// Has each round in which there was a turn end with one more, [`Turn::RoundEnd`]. At first it is
    /// not so.
    ///
    /// It is for what is better done once for all turns of a round than in each of them: a server that
    /// only reads in its connections' turns, and then writes all answers, keeps the kernel's code for
    /// either in the processor's caches.
    ///
    /// What is asked for in that turn comes in the next round. A round without a turn, such as one whose
    /// timeout has passed, has no such turn.
    pub fn set_round_end(&mut self, wanted: bool) {
        self.core.wants_end = wanted;
    }

    /// Ends [`run`](Self::run) after the turn under way; if it does not run, it ends at once when
    /// it is next called.
    pub fn stop(&self) {
        self.core.waker().stop_here();
    }

    /// Waits and gives turns until it is stopped.
    ///
    /// Turns of the round that a stop leaves over are given when it is next run. With nothing
    /// registered it waits for its [`Waker`].
    ///
    /// # Errors
    ///
    /// - `EBUSY`: called by its own handler.
    ///
    /// `EINTR` is not an error here: it waits again.
    pub fn run(&mut self, mut handler: impl FnMut(&mut Self, Turn)) -> io::Result<()> {
        let running = self.enter()?;
        let reactor = &mut *running.0;
        while !reactor.core.waker().take_stop() {
            match reactor.begin(None) {
                Err(Errno(libc::EINTR)) => continue,
                begun => begun?,
            }
            while let Some(turn) = reactor.core.next_turn() {
                handler(reactor, turn);
                if reactor.core.waker().is_stopping() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Waits once, at most `timeout`, and gives the turns of that round. Returns how many.
    ///
    /// `None` waits without limit, `Some(Duration::ZERO)` looks and returns. A turn at the round's end
    /// counts like every other. It is 0 when the timeout passed first, when all deliveries were stale, and when a stop ended the wait.
    /// A round that was left in the middle is finished instead, without waiting.
    ///
    /// # Errors
    ///
    /// - `EINTR`: a signal was handled, or the process was stopped and continued (signal(7)).
    ///   Nothing is lost.
    /// - `EBUSY`: called by its own handler.
    #[doc(alias = "epoll_wait")]
    pub fn run_once(
        &mut self,
        timeout: Option<Duration>,
        mut handler: impl FnMut(&mut Self, Turn),
    ) -> io::Result<usize> {
        let running = self.enter()?;
        let reactor = &mut *running.0;
        reactor.begin(timeout)?;
        let mut turns = 0;
        while let Some(turn) = reactor.core.next_turn() {
            handler(reactor, turn);
            turns += 1;
        }
        Ok(turns)
    }

    fn begin(&mut self, timeout: Option<Duration>) -> Result<()> {
        if self.core.is_in_round() { Ok(()) } else { self.core.wait(timeout) }
    }

    fn enter(&mut self) -> Result<Running<'_, T>> {
        if mem::replace(&mut self.running, true) {
            return Err(Errno(libc::EBUSY));
        }
        Ok(Running(self))
    }
}

/// A reactor while it runs; also a handler that panics ends that.
struct Running<'reactor, T>(&'reactor mut Reactor<T>);

impl<T> Drop for Running<'_, T> {
    fn drop(&mut self) {
        self.0.running = false;
    }
}

impl<T> fmt::Debug for Reactor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactor").field("registrations", &self.len()).finish_non_exhaustive()
    }
}
