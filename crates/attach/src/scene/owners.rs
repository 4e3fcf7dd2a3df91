//! Which thread owns which loop: learned from the waits that many looks have seen.
//!
//! A thread that waits on an epoll owns its loop from then on. One that ended, and an epoll that was closed, are
//! forgotten: their numbers may be given again.

use crate::calls;
use crate::look::Look;

/// What was learned of one process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owners {
    /// An epoll's number, and a thread's.
    seen: Vec<(i32, i32)>,
}

impl Owners {
    /// Learns from a look, and gives it what is known.
    pub fn learn(&mut self, look: &mut Look) {
        let is_there = |tid: i32| look.threads.iter().any(|thread| thread.tid == tid);
        let is_open = |epfd: i32| look.epolls.iter().any(|epoll| epoll.fd == epfd);
        self.seen.retain(|&(epfd, tid)| is_open(epfd) && is_there(tid));
        for thread in &look.threads {
            let waited = calls::waited(&thread.call);
            let epoll = waited.and_then(|fd| look.epolls.iter().find(|epoll| epoll.is(fd)));
            let pair = epoll.map(|epoll| (epoll.fd, thread.tid));
            self.seen.extend(pair.filter(|pair| !self.seen.contains(pair)));
        }
        look.owners.clone_from(&self.seen);
    }

    /// The threads that own an epoll's loop.
    pub fn of(&self, epfd: i32) -> impl Iterator<Item = i32> + '_ {
        self.seen.iter().filter(move |(its, _)| *its == epfd).map(|&(_, tid)| tid)
    }
}

#[cfg(test)]
mod tests {
    use super::Owners;
    use crate::look::{Call, Epoll, Look, Thread};

    fn look(threads: &[(i32, Option<i32>)]) -> Look {
        let thread = |&(tid, waits): &(i32, Option<i32>)| {
            let call = waits.map_or(Call::Running, |epfd| Call::In {
                number: libc::SYS_epoll_pwait,
                arguments: [epfd as u64, 0, 0, 0, 0, 0],
                sp: 0,
                pc: 0,
            });
            Thread { tid, call, ..Thread::default() }
        };
        let epolls = vec![Epoll { fd: 5, ..Epoll::default() }];
        Look { threads: threads.iter().map(thread).collect(), epolls, ..Look::default() }
    }

    #[test]
    fn a_thread_that_has_waited_owns_the_loop_until_it_ends() {
        let mut owners = Owners::default();
        for threads in [&[(1, Some(5)), (2, None)][..], &[(1, None), (2, None)]] {
            let mut look = look(threads);
            owners.learn(&mut look);
            assert_eq!(look.owners, [(5, 1)]);
        }
        owners.learn(&mut look(&[(2, None)]));
        assert_eq!(owners.of(5).count(), 0);
    }
}
