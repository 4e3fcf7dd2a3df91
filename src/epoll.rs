//! [`Epoll`]: the safe face of the epoll calls, with the descriptors and the errors of std.
//!
//! What it does is in `instance.rs`, which the C library has too. Here are the contract, and where one kind
//! of error becomes the other.
//!
//! The surprising thing: epoll watches the open file *description*, not the number. A registration
//! survives the close of its descriptor while a duplicate lives (epoll(7), question 6): delete
//! before you close, if a descriptor may have been duplicated or inherited.

use crate::instance::Instance;
use crate::sys::Fd;
use crate::{CreateFlags, Event, EventBuffer, EventData, EventFlags};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// An epoll instance.
///
/// Dropping it closes the descriptor; the watched descriptors stay open. It may be shared between
/// threads: every method takes `&self`, and the kernel does the locking. A child of `fork` shares
/// the *same* instance, so that what it deletes is deleted for the parent too.
#[derive(Debug)]
#[doc(alias = "epfd")]
pub struct Epoll {
    instance: Instance,
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
        Ok(Self { instance: Instance::create(flags.bits())? })
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
        Ok(self.instance.add(source.as_fd().as_raw_fd(), Event::new(events, data))?)
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
        Ok(self.instance.modify(source.as_fd().as_raw_fd(), Event::new(events, data))?)
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
        Ok(self.instance.delete(source.as_fd().as_raw_fd())?)
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
        Ok(self.instance.wait(events, timeout)?)
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
        Ok(self.instance.wait_spinning(events, spin, timeout)?)
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
        Ok(self.instance.wait_precisely(events, timeout, Some(sigmask))?)
    }
}

impl AsFd for Epoll {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.instance.as_ref().as_fd()
    }
}

impl AsRawFd for Epoll {
    fn as_raw_fd(&self) -> RawFd {
        self.instance.as_ref().number()
    }
}

impl IntoRawFd for Epoll {
    fn into_raw_fd(self) -> RawFd {
        OwnedFd::from(self).into_raw_fd()
    }
}

impl From<Epoll> for OwnedFd {
    fn from(epoll: Epoll) -> Self {
        Fd::from(epoll.instance).into()
    }
}

/// Takes over an epoll descriptor made elsewhere. If it is no epoll, the first call says `EINVAL`.
impl From<OwnedFd> for Epoll {
    fn from(fd: OwnedFd) -> Self {
        Self { instance: Fd::from(fd).into() }
    }
}
