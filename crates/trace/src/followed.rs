//! A process whose records come: one that was named, or one that such a process has made. A child is looked at only
//! when it has to do with an epoll: most that are made execute a program that has none.

use crate::asked::Asked;
use crate::calls;
use crate::record::Record;
use crate::stream::Stream;
use crate::tape::Tape;
use crate::watched::Watched;
use epshim_attach::gather::NoLook;
use epshim_observe::{Nanos, Pid};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::process::{Pid as RawPid, PidfdFlags, pidfd_open};

/// A process.
pub struct Followed {
    /// A pidfd.
    pub handle: OwnedFd,
    pub watched: Option<Watched>,
    /// It is one of those that were asked for.
    pub is_named: bool,
}

impl Followed {
    pub fn of(pid: Pid, is_named: bool) -> Result<Self, NoLook> {
        let raw = RawPid::from_raw(pid).ok_or(NoLook::Gone)?;
        let handle = pidfd_open(raw, PidfdFlags::empty())?;
        Ok(Self { handle, watched: None, is_named })
    }

    /// Looks at what it has, or takes all of it from its records, if it has had no epoll until then. One that cannot be
    /// looked at has ended, or is of another architecture.
    pub fn adopt(
        &mut self,
        pid: Pid,
        asked: &Asked,
        stream: &mut Stream,
        tape: &Tape,
        since: Option<Nanos>,
    ) {
        let watched = Watched::of(pid, asked, stream, tape, since).ok();
        self.watched = watched.filter(|watched| watched.questions().process().is_native);
    }

    /// Whether a call of it is a reason to look at it.
    pub fn is_due(&self, record: &Record) -> bool {
        self.watched.is_none() && calls::is_of_epoll(record.number)
    }

    pub fn has_ended(&self) -> bool {
        let mut polled = [PollFd::new(&self.handle, PollFlags::IN)];
        poll(&mut polled, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
    }
}
