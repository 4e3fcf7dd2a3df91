//! [`Epoll`]: the safe face of the epoll calls.
//!
//! It owns one descriptor and nothing else: no table of registrations, no lock, no allocation.
//! It never retries, never hides an error, and never closes what it watches.
//!
//! The surprising thing: epoll watches the open file *description*, not the number. A registration
//! survives the close of its descriptor while a duplicate lives (epoll(7), question 6): delete
//! before you close wherever a descriptor may have been duplicated or inherited.

use crate::{CreateFlags, Event, EventBuffer, EventData, EventFlags, layout, sys};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

/// An epoll instance.
///
/// Dropping it closes the descriptor; the watched descriptors stay open. It may be shared between
/// threads: every method takes `&self`, and the kernel does the locking. A child of `fork` shares
/// the *same* instance, so that what it deletes is deleted for the parent too.
#[derive(Debug)]
#[doc(alias = "epfd")]
pub struct Epoll {
    fd: OwnedFd,
}

impl Epoll {
    /// Creates an epoll instance.
    ///
    /// # Errors
    ///
    /// - `EINVAL`: a flag that the kernel does not know.
    /// - `EMFILE`, `ENFILE`: no descriptor is free, in the process or in the system.
    /// - `ENOMEM`: the kernel has no memory for it.
    #[doc(alias = "epoll_create1")]
    pub fn create(flags: CreateFlags) -> io::Result<Self> {
        sys::create(flags.bits()).map(|fd| Self { fd })
    }

    /// Registers `source` and the interest in it. `data` comes back with each delivery.
    ///
    /// The registration ends with [`delete`](Self::delete), or when the last descriptor of the
    /// same open file is closed.
    ///
    /// # Errors
    ///
    /// - `EEXIST`: `source` is registered already; use [`modify`](Self::modify).
    /// - `EPERM`: `source` is a regular file or a directory, which are always ready.
    /// - `EINVAL`: `source` is this epoll itself, or [`EventFlags::EXCLUSIVE`] stands with a flag
    ///   it excludes.
    /// - `ELOOP`: `source` is an epoll, and they would watch each other, or nest too deep.
    /// - `ENOSPC`: the limit in `/proc/sys/fs/epoll/max_user_watches` is reached.
    /// - `ENOMEM`: the kernel has no memory for it.
    #[doc(alias = "epoll_ctl")]
    #[doc(alias = "EPOLL_CTL_ADD")]
    pub fn add(&self, source: impl AsFd, events: EventFlags, data: EventData) -> io::Result<()> {
        self.ctl(layout::EPOLL_CTL_ADD, source.as_fd(), Some(Event::new(events, data)))
    }

    /// Replaces the interest in `source`, and its data.
    ///
    /// It reads the readiness anew: a fired [`EventFlags::ONESHOT`] is armed again, and an edge is
    /// delivered again if the condition still holds, also when nothing was changed (epoll(7),
    /// question 8).
    ///
    /// # Errors
    ///
    /// - `ENOENT`: `source` is not registered.
    /// - `EINVAL`: the registration is [`EventFlags::EXCLUSIVE`], or would become it.
    #[doc(alias = "epoll_ctl")]
    #[doc(alias = "EPOLL_CTL_MOD")]
    pub fn modify(&self, source: impl AsFd, events: EventFlags, data: EventData) -> io::Result<()> {
        self.ctl(layout::EPOLL_CTL_MOD, source.as_fd(), Some(Event::new(events, data)))
    }

    /// Ends the registration of `source`.
    ///
    /// Events of it that an earlier [`wait`](Self::wait) has already written stay in that buffer.
    ///
    /// # Errors
    ///
    /// - `ENOENT`: `source` is not registered.
    #[doc(alias = "epoll_ctl")]
    #[doc(alias = "EPOLL_CTL_DEL")]
    pub fn delete(&self, source: impl AsFd) -> io::Result<()> {
        self.ctl(layout::EPOLL_CTL_DEL, source.as_fd(), None)
    }

    #[inline]
    fn ctl(&self, op: i32, source: BorrowedFd<'_>, event: Option<Event>) -> io::Result<()> {
        sys::ctl(self.as_raw_fd(), op, source.as_raw_fd(), event)
    }

    /// Waits until something is ready, and writes at most `events.capacity()` deliveries into
    /// `events`. Returns how many; 0 when the timeout passed first.
    ///
    /// `None` waits without limit, `Some(Duration::ZERO)` looks and returns. The timeout has
    /// nanoseconds; where the C library or the kernel lacks `epoll_pwait2` it is rounded up to the
    /// next millisecond. What was in the buffer before is gone, also after an error.
    ///
    /// If more is ready than fits, the rest comes with the next wait, in turn.
    ///
    /// # Errors
    ///
    /// - `EINTR`: a signal was handled, or the process was stopped and continued (signal(7)). It is
    ///   returned, never retried here: the loop may have to look at what the handler did.
    /// - `EINVAL`: the buffer has no capacity.
    #[doc(alias = "epoll_wait")]
    #[inline]
    pub fn wait(&self, events: &mut EventBuffer, timeout: Option<Duration>) -> io::Result<usize> {
        match milliseconds(timeout) {
            Some(timeout) => events.fill(|array| sys::wait(self.as_raw_fd(), array, timeout)),
            None => self.wait_precisely(events, timeout, None),
        }
    }

    /// Waits as [`wait`](Self::wait), but looks again and again for up to `spin` before it sleeps.
    ///
    /// To sleep and be woken takes longer than most events are away when a peer answers at once:
    /// this saves that time, in exchange for a processor that is always busy. It pays where the
    /// answer is a few microseconds away and there is a processor to spare. Zero does what `wait`
    /// does.
    ///
    /// The spinning counts towards the timeout: with a timeout of no more than `spin` it never
    /// sleeps. It begins with a look that costs what a `wait` costs, and no more if something is
    /// ready.
    ///
    /// Signals are blocked while it spins, but for those that faults raise, so that a handler's
    /// run cannot go unnoticed between two looks: it ends the wait with `EINTR` when the spinning
    /// is over. A stop and continue meanwhile (signal(7)) is not noticed.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait).
    ///
    /// # Examples
    ///
    /// ```
    /// # use epshim::{CreateFlags, Epoll, EventBuffer};
    /// # use std::time::Duration;
    /// # let epoll = Epoll::create(CreateFlags::CLOEXEC)?;
    /// # let mut events = EventBuffer::with_capacity(64);
    /// let (spin, timeout) = (Duration::from_micros(50), Some(Duration::from_millis(2)));
    /// assert_eq!(epoll.wait_spinning(&mut events, spin, timeout)?, 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[inline]
    pub fn wait_spinning(
        &self,
        events: &mut EventBuffer,
        spin: Duration,
        timeout: Option<Duration>,
    ) -> io::Result<usize> {
        let spin = timeout.map_or(spin, |timeout| spin.min(timeout));
        if spin.is_zero() {
            return self.wait(events, timeout);
        }
        match self.wait(events, Some(Duration::ZERO)) {
            Ok(0) => self.spin_and_sleep(events, spin, timeout),
            found => found,
        }
    }

    fn spin_and_sleep(
        &self,
        events: &mut EventBuffer,
        spin: Duration,
        timeout: Option<Duration>,
    ) -> io::Result<usize> {
        let start = Instant::now();
        // No value with a destructor: pthread_cancel may unwind through here.
        let sigmask = sys::block_signals();
        let mut found = Ok(0);
        while matches!(found, Ok(0)) && start.elapsed() < spin {
            found = self.wait(events, Some(Duration::ZERO));
        }
        if matches!(found, Ok(0)) {
            let left = timeout.map(|timeout| timeout.saturating_sub(start.elapsed()));
            found = self.wait_with_sigmask(events, left, &sigmask);
        }
        sys::restore_signals(&sigmask);
        found
    }

    /// Waits as [`wait`](Self::wait), with the thread's signal mask replaced by `sigmask` for the
    /// time of the wait, atomically.
    ///
    /// Block a signal, check for it, then wait with it unblocked: no signal can fall between the
    /// check and the wait. Beware: while events keep coming the kernel returns them first and
    /// restores the mask before it delivers the signal, so that under constant load a signal can
    /// stay pending. Where that matters read it from a signalfd(2) instead.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait).
    #[doc(alias = "epoll_pwait")]
    #[doc(alias = "epoll_pwait2")]
    pub fn wait_with_sigmask(
        &self,
        events: &mut EventBuffer,
        timeout: Option<Duration>,
        sigmask: &libc::sigset_t,
    ) -> io::Result<usize> {
        self.wait_precisely(events, timeout, Some(sigmask))
    }

    fn wait_precisely(
        &self,
        events: &mut EventBuffer,
        timeout: Option<Duration>,
        sigmask: Option<&libc::sigset_t>,
    ) -> io::Result<usize> {
        let timeout = timeout.map(|t| sys::timespec(t.as_secs(), t.subsec_nanos()));
        events.fill(|array| sys::pwait2(self.as_raw_fd(), array, timeout.as_ref(), sigmask))
    }
}

/// The timeout of epoll_wait(2), where milliseconds say it exactly.
#[inline]
fn milliseconds(timeout: Option<Duration>) -> Option<i32> {
    let Some(timeout) = timeout else { return Some(-1) };
    let whole = timeout.subsec_nanos() % 1_000_000 == 0;
    if whole { timeout.as_millis().try_into().ok() } else { None }
}

impl AsFd for Epoll {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for Epoll {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

impl IntoRawFd for Epoll {
    fn into_raw_fd(self) -> RawFd {
        self.fd.into_raw_fd()
    }
}

impl From<Epoll> for OwnedFd {
    fn from(epoll: Epoll) -> Self {
        epoll.fd
    }
}

/// Takes over an epoll descriptor made elsewhere. If it is no epoll, the first call says `EINVAL`.
impl From<OwnedFd> for Epoll {
    fn from(fd: OwnedFd) -> Self {
        Self { fd }
    }
}
