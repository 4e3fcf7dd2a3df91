//! The kernel's answers about suspicions, of which a recording has each: a replay asks the recording.

use crate::books::recording;
use crate::questions::kernel::ThisProcess;
use epshim_observe::{Answer, Fd, Kernel, Listed, Nanos, Pid, Site, Tid, What};

/// This process's kernel, and each answer of it written down.
#[derive(Debug)]
pub struct Answers;

fn note(answer: impl FnOnce() -> Answer) {
    if recording::is_on() {
        recording::write(Site(0), &What::Kernel(answer()));
    }
}

impl Kernel for Answers {
    fn registrations(&mut self, epfd: Fd) -> Option<Vec<Listed>> {
        let listed = ThisProcess.registrations(epfd);
        note(|| Answer::Fdinfo { epfd, listed: listed.clone() });
        listed
    }

    fn readiness(&mut self, fd: Fd, events: u32) -> Option<u32> {
        let ready = ThisProcess.readiness(fd, events);
        note(|| Answer::Poll { fd, ready });
        ready
    }

    fn unread(&mut self, fd: Fd) -> Option<u64> {
        let bytes = ThisProcess.unread(fd);
        note(|| Answer::Unread { fd, bytes });
        bytes
    }

    fn traffic(&mut self, fd: Fd) -> u64 {
        let traffic = ThisProcess.traffic(fd);
        note(|| Answer::Traffic { fd, traffic });
        traffic
    }

    fn file(&mut self, fd: Fd) -> Option<(u64, u64)> {
        let file = ThisProcess.file(fd);
        note(|| Answer::File { fd, file });
        file
    }

    fn keeper(&mut self, epfd: Fd, ghost: &Listed) -> Option<Fd> {
        let keeper = ThisProcess.keeper(epfd, ghost);
        note(|| Answer::Keeper { epfd, fd: ghost.fd, keeper });
        keeper
    }

    fn has_both_ends(&mut self, fd: Fd) -> bool {
        let has = ThisProcess.has_both_ends(fd);
        note(|| Answer::BothEnds { fd, has });
        has
    }

    fn is_alive(&mut self, tid: Tid) -> bool {
        let is = ThisProcess.is_alive(tid);
        note(|| Answer::Alive { tid, is });
        is
    }

    fn is_on_its_way(&mut self, tid: Tid) -> bool {
        let is = ThisProcess.is_on_its_way(tid);
        note(|| Answer::OnItsWay { tid, is });
        is
    }

    fn processor_time(&mut self, tid: Tid) -> Option<Nanos> {
        let nanos = ThisProcess.processor_time(tid);
        note(|| Answer::ProcessorTime { tid, nanos });
        nanos
    }

    fn deaf(&mut self, fd: Fd) -> Option<(Tid, u64)> {
        let thread = ThisProcess.deaf(fd);
        let words = thread.map(|(tid, signals)| (tid as u64, signals));
        note(|| Answer::Deaf { fd, thread: words });
        thread
    }

    fn holder(&mut self, inode: u64) -> Option<(Pid, Fd)> {
        let holder = ThisProcess.holder(inode);
        let words = holder.map(|(pid, fd)| (pid as u64, fd as u64));
        note(|| Answer::Holder { inode, holder: words });
        holder
    }

    fn was_closed(&mut self, fd: Fd) -> bool {
        let was = ThisProcess.was_closed(fd);
        note(|| Answer::WasClosed { fd, was });
        was
    }
}
