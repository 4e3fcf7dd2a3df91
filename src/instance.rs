//! [`Instance`]: an epoll instance, as the reactor's machine uses it and as [`Epoll`](crate::Epoll) shows
//! it. It is the same without std: descriptors are numbers here, and errors are numbers.
//!
//! It owns one descriptor and nothing else: no table of registrations, no lock, no allocation.
//! It never retries, never hides an error, and never closes what it watches.
//!
//! The surprising thing: a look with timeout 0 never says `EINTR` (`fs/eventpoll.c`, `ep_poll`), so that a
//! wait which spins must block signals.

use crate::sys::{self, Fd, Instant, Result};
use crate::{Event, buffer::EventBuffer, layout};
use core::time::Duration;
use libc::{c_int, sigset_t};

/// An epoll instance. Dropping it closes the descriptor.
#[derive(Debug)]
pub(crate) struct Instance {
    fd: Fd,
}

impl Instance {
    pub fn create(flags: c_int) -> Result<Self> {
        sys::create(flags).map(|fd| Self { fd })
    }

    pub fn add(&self, source: c_int, event: Event) -> Result<()> {
        self.ctl(layout::EPOLL_CTL_ADD, source, Some(event))
    }

    pub fn modify(&self, source: c_int, event: Event) -> Result<()> {
        self.ctl(layout::EPOLL_CTL_MOD, source, Some(event))
    }

    pub fn delete(&self, source: c_int) -> Result<()> {
        self.ctl(layout::EPOLL_CTL_DEL, source, None)
    }

    #[inline]
    fn ctl(&self, op: c_int, source: c_int, event: Option<Event>) -> Result<()> {
        sys::ctl(self.fd.number(), op, source, event)
    }

    /// Waits with epoll_wait(2) where milliseconds say the timeout exactly, else with epoll_pwait2(2).
    #[inline]
    pub fn wait(&self, events: &mut EventBuffer, timeout: Option<Duration>) -> Result<usize> {
        match milliseconds(timeout) {
            Some(timeout) => events.fill(|array| sys::wait(self.fd.number(), array, timeout)),
            None => self.wait_precisely(events, timeout, None),
        }
    }

    /// As [`Epoll::wait_spinning`](crate::Epoll::wait_spinning).
    #[inline]
    pub fn wait_spinning(
        &self,
        events: &mut EventBuffer,
        spin: Duration,
        timeout: Option<Duration>,
    ) -> Result<usize> {
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
    ) -> Result<usize> {
        let start = Instant::now();
        // No value with a destructor: pthread_cancel may unwind through here.
        let sigmask = sys::block_signals();
        let mut found = Ok(0);
        while matches!(found, Ok(0)) && start.elapsed() < spin {
            found = self.wait(events, Some(Duration::ZERO));
        }
        if matches!(found, Ok(0)) {
            let left = timeout.map(|timeout| timeout.saturating_sub(start.elapsed()));
            found = self.wait_precisely(events, left, Some(&sigmask));
        }
        sys::restore_signals(&sigmask);
        found
    }

    /// Waits with epoll_pwait2(2).
    pub fn wait_precisely(
        &self,
        events: &mut EventBuffer,
        timeout: Option<Duration>,
        sigmask: Option<&sigset_t>,
    ) -> Result<usize> {
        let timeout = timeout.map(|t| sys::timespec(t.as_secs(), t.subsec_nanos()));
        events.fill(|array| sys::pwait2(self.fd.number(), array, timeout.as_ref(), sigmask))
    }
}

/// The timeout of epoll_wait(2), where milliseconds say it exactly.
#[inline]
fn milliseconds(timeout: Option<Duration>) -> Option<c_int> {
    let Some(timeout) = timeout else { return Some(-1) };
    let whole = timeout.subsec_nanos() % 1_000_000 == 0;
    if whole { timeout.as_millis().try_into().ok() } else { None }
}

impl From<Fd> for Instance {
    fn from(fd: Fd) -> Self {
        Self { fd }
    }
}

impl From<Instance> for Fd {
    fn from(instance: Instance) -> Self {
        instance.fd
    }
}

impl AsRef<Fd> for Instance {
    fn as_ref(&self) -> &Fd {
        &self.fd
    }
}
