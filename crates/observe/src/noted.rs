//! A kernel each of whose answers is noted, for a recording: a replay asks the recording.

use crate::answer::Answer;
use crate::kernel::{Kernel, Listed};
use crate::terms::{Fd, Nanos, Pid, Tid};

/// A kernel, and who notes its answers; an answer is made where it is wanted only.
#[derive(Debug)]
pub struct Noted<K, N> {
    kernel: K,
    note: N,
}

impl<K, N> Noted<K, N> {
    /// Has this kernel's answers noted.
    pub const fn new(kernel: K, note: N) -> Self {
        Self { kernel, note }
    }
}

impl<K: Kernel, N: FnMut(&dyn Fn() -> Answer)> Kernel for Noted<K, N> {
    fn registrations(&mut self, epfd: Fd) -> Option<Vec<Listed>> {
        let listed = self.kernel.registrations(epfd);
        (self.note)(&|| Answer::Fdinfo { epfd, listed: listed.clone() });
        listed
    }

    fn readiness(&mut self, fd: Fd, events: u32) -> Option<u32> {
        let ready = self.kernel.readiness(fd, events);
        (self.note)(&|| Answer::Poll { fd, ready });
        ready
    }

    fn unread(&mut self, fd: Fd) -> Option<u64> {
        let bytes = self.kernel.unread(fd);
        (self.note)(&|| Answer::Unread { fd, bytes });
        bytes
    }

    fn traffic(&mut self, fd: Fd) -> u64 {
        let traffic = self.kernel.traffic(fd);
        (self.note)(&|| Answer::Traffic { fd, traffic });
        traffic
    }

    fn file(&mut self, fd: Fd) -> Option<(u64, u64)> {
        let file = self.kernel.file(fd);
        (self.note)(&|| Answer::File { fd, file });
        file
    }

    fn keeper(&mut self, epfd: Fd, ghost: &Listed) -> Option<Fd> {
        let keeper = self.kernel.keeper(epfd, ghost);
        (self.note)(&|| Answer::Keeper { epfd, fd: ghost.fd, keeper });
        keeper
    }

    fn has_both_ends(&mut self, fd: Fd) -> bool {
        let has = self.kernel.has_both_ends(fd);
        (self.note)(&|| Answer::BothEnds { fd, has });
        has
    }

    fn is_alive(&mut self, tid: Tid) -> bool {
        let is = self.kernel.is_alive(tid);
        (self.note)(&|| Answer::Alive { tid, is });
        is
    }

    fn is_on_its_way(&mut self, tid: Tid) -> bool {
        let is = self.kernel.is_on_its_way(tid);
        (self.note)(&|| Answer::OnItsWay { tid, is });
        is
    }

    fn processor_time(&mut self, tid: Tid) -> Option<Nanos> {
        let nanos = self.kernel.processor_time(tid);
        (self.note)(&|| Answer::ProcessorTime { tid, nanos });
        nanos
    }

    fn deaf(&mut self, fd: Fd) -> Option<(Tid, u64)> {
        let thread = self.kernel.deaf(fd);
        let words = thread.map(|(tid, signals)| (tid as u64, signals));
        (self.note)(&|| Answer::Deaf { fd, thread: words });
        thread
    }

    fn holder(&mut self, inode: u64) -> Option<(Pid, Fd)> {
        let holder = self.kernel.holder(inode);
        let words = holder.map(|(pid, fd)| (pid as u64, fd as u64));
        (self.note)(&|| Answer::Holder { inode, holder: words });
        holder
    }

    fn was_closed(&mut self, fd: Fd) -> bool {
        let was = self.kernel.was_closed(fd);
        (self.note)(&|| Answer::WasClosed { fd, was });
        was
    }
}
