//! The model's questions, answered from outside of the process.
//!
//! What cannot be asked without a copy of a descriptor has no answer: the readiness of a pipe, of an inotify instance.
//! A suspicion that needs it comes to nothing. That a socket can be written to is derived from its queue; a rule asks
//! for that only where the kernel has said so itself, in a delivery or by EAGAIN.

use crate::stream::Stream;
use epshim_attach::calls::{self, Shape};
use epshim_attach::gather::Questions;
use epshim_attach::look::ready::readiness;
use epshim_attach::look::{Call, Kind};
use epshim_observe::{Fd, Kernel, Listed, Nanos, Pid, Tid, bits};
use std::hash::{Hash as _, Hasher as _};

/// Answers about one process.
pub struct Outside<'a> {
    pub questions: &'a Questions,
    pub stream: &'a mut Stream,
    pub pid: Pid,
    /// When this look began.
    pub since: Nanos,
}

impl Kernel for Outside<'_> {
    fn registrations(&mut self, epfd: Fd) -> Option<Vec<Listed>> {
        self.questions.registrations(epfd)
    }

    fn readiness(&mut self, fd: Fd, events: u32) -> Option<u32> {
        if self.questions.is_epoll(fd)? {
            let something = self.questions.has_something(fd)?;
            return Some(if something { bits::IN & events } else { 0 });
        }
        let ready = readiness(&self.questions.state(fd)?)?;
        Some((ready.certain | ready.likely) & (events | bits::ERR | bits::HUP))
    }

    fn unread(&mut self, fd: Fd) -> Option<u64> {
        self.questions.state(fd)?.socket()?.unread().map(u64::from)
    }

    fn traffic(&mut self, fd: Fd) -> u64 {
        let mut hasher = rustc_hash::FxHasher::default();
        match self.questions.state(fd).map(|file| file.kind) {
            Some(Kind::Socket(Some(socket))) => socket.traffic().hash(&mut hasher),
            Some(Kind::Event { count }) => count.hash(&mut hasher),
            Some(Kind::Timer { ticks }) => ticks.hash(&mut hasher),
            _ => {}
        }
        hasher.finish()
    }

    fn file(&mut self, fd: Fd) -> Option<(u64, u64)> {
        self.questions.file(fd).map(|file| (file.inode, file.device))
    }

    fn keeper(&mut self, epfd: Fd, ghost: &Listed) -> Option<Fd> {
        self.questions.keeper(epfd, ghost)
    }

    fn has_both_ends(&mut self, fd: Fd) -> bool {
        self.questions.has_both_ends(fd)
    }

    fn is_alive(&mut self, tid: Tid) -> bool {
        self.questions.thread(tid).is_some()
    }

    fn is_on_its_way(&mut self, tid: Tid) -> bool {
        let Some(thread) = self.questions.thread(tid) else { return false };
        let waits_for_a_lock =
            |number: i64| calls::known(number).is_some_and(|known| known.shape == Shape::Futex);
        matches!(thread.state, 'R' | 'D')
            || matches!(thread.call, Call::In { number, .. } if waits_for_a_lock(number))
    }

    fn processor_time(&mut self, tid: Tid) -> Option<Nanos> {
        let thread = self.questions.thread(tid)?;
        Some(thread.ran? + thread.queued?)
    }

    fn deaf(&mut self, signalfd: Fd) -> Option<(Tid, u64)> {
        self.questions.deaf(signalfd)
    }

    /// Asked at a close that is told before it is made only: here it is told behind it.
    fn holder(&mut self, _: u64) -> Option<(Pid, Fd)> {
        None
    }

    fn was_closed(&mut self, fd: Fd) -> bool {
        self.stream.was_closed(self.pid, fd, self.since)
    }
}
