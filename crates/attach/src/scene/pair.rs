//! Two looks at one process: what is the same in both.
//!
//! A thread is the same by its id, an epoll by its number, a registration by all of its line, a file by its inode and
//! device.

use super::spin::Spin;
use crate::look::{Epoll, File, Keeper, Look, Registration, Thread};
use rustc_hash::{FxHashMap, FxHashSet};

/// Two looks at one process.
#[derive(Debug)]
pub struct Scene<'a> {
    /// The first look.
    pub before: &'a Look,
    /// The second.
    pub now: &'a Look,
    /// Pairs of the same thread.
    threads: Vec<(&'a Thread, &'a Thread)>,
    spins: Vec<Spin>,
    kept: Vec<Vec<usize>>,
    /// The files of the numbers that are open to the same one in both looks: each rule asks for each.
    files: FxHashMap<i32, (&'a File, &'a File)>,
}

impl<'a> Scene<'a> {
    /// Two looks. `None`: they are not of one process.
    #[must_use]
    pub fn new(before: &'a Look, now: &'a Look) -> Option<Self> {
        let id = |look: &Look| (look.process.pid, look.process.started);
        if id(before) != id(now) {
            return None;
        }
        let earlier: FxHashMap<i32, &Thread> =
            before.threads.iter().map(|thread| (thread.tid, thread)).collect();
        let pair = |thread: &'a Thread| Some((*earlier.get(&thread.tid)?, thread));
        let threads: Vec<_> = now.threads.iter().filter_map(pair).collect();
        let spins = threads.iter().filter_map(|&(then, now)| Spin::of(then, now)).collect();
        let same = |(&fd, now): (&i32, &'a File)| {
            let then = before.files.get(&fd).filter(|then| then.id == now.id)?;
            Some((fd, (then, now)))
        };
        let files = now.files.iter().filter_map(same).collect();
        let mut scene = Self { before, now, threads, spins, kept: Vec::new(), files };
        scene.kept = now.epolls.iter().map(|epoll| scene.kept_by(epoll)).collect();
        Some(scene)
    }

    /// Milliseconds from one look to the other.
    #[must_use]
    pub fn apart_ms(&self) -> u64 {
        self.now.at.saturating_sub(self.before.at) / 1_000_000
    }

    /// Whether a signal, a debugger or a frozen container has stopped it: then everything stands still.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        let is_stopped = |look: &Look| look.threads.iter().any(Thread::is_stopped);
        is_stopped(self.before) || is_stopped(self.now)
    }

    /// The threads that are in both looks.
    pub fn threads(&self) -> impl Iterator<Item = (&'a Thread, &'a Thread)> + '_ {
        self.threads.iter().copied()
    }

    /// Whether no thread has moved, none has come and none has gone.
    #[must_use]
    pub fn is_still(&self) -> bool {
        self.threads.len() == self.now.threads.len()
            && self.threads.len() == self.before.threads.len()
            && self.threads().all(|(then, now)| now.is_unmoved_since(then))
    }

    /// Whether no thread but these has moved.
    #[must_use]
    pub fn are_others_still(&self, these: &[i32]) -> bool {
        self.threads.len() == self.now.threads.len()
            && self.threads.len() == self.before.threads.len()
            && self
                .threads()
                .all(|(then, now)| these.contains(&now.tid) || now.is_unmoved_since(then))
    }

    /// Threads that spin.
    #[must_use]
    pub fn spins(&self) -> &[Spin] {
        &self.spins
    }

    /// The epolls that are in both looks.
    pub fn epolls(&self) -> impl Iterator<Item = &'a Epoll> + '_ {
        self.now.epolls.iter().filter(|epoll| self.earlier(epoll).is_some())
    }

    /// The same epoll in the first look.
    #[must_use]
    pub fn earlier(&self, epoll: &Epoll) -> Option<&'a Epoll> {
        self.before.epolls.iter().find(|earlier| earlier.fd == epoll.fd)
    }

    /// The registrations of an epoll that are the same in both looks, with their places in the second.
    pub fn registrations<'s>(
        &'s self,
        epoll: &'s Epoll,
    ) -> impl Iterator<Item = (usize, &'s Registration)> + 's {
        let nth = self.now.epolls.iter().position(|one| one.fd == epoll.fd);
        let places = nth.and_then(|nth| self.kept.get(nth)).map_or(&[][..], Vec::as_slice);
        places.iter().filter_map(|&place| Some((place, epoll.registered().get(place)?)))
    }

    /// The file of a number in both looks, if it is the same one.
    #[must_use]
    pub fn file(&self, fd: i32) -> Option<(&'a File, &'a File)> {
        self.files.get(&fd).copied()
    }

    /// The keeper of a ghost, in both looks.
    #[must_use]
    pub fn keeper(
        &self,
        epfd: i32,
        registration: &Registration,
    ) -> Option<(&'a Keeper, &'a Keeper)> {
        let find = |look: &'a Look| {
            look.keepers.iter().find(|keeper| {
                (keeper.epfd, keeper.fd, keeper.file) == (epfd, registration.fd, registration.file)
            })
        };
        Some((find(self.before)?, find(self.now)?))
    }

    /// Whether a registration in the second look, which is in the first too, is a ghost in both.
    #[must_use]
    pub fn is_ghost(&self, epoll: &Epoll, registration: &Registration) -> bool {
        self.keeper(epoll.fd, registration).is_some()
    }

    /// The places of an epoll's registrations that were there before, whole as they are.
    fn kept_by(&self, epoll: &Epoll) -> Vec<usize> {
        let Some(earlier) = self.earlier(epoll) else { return Vec::new() };
        // As a rule both lists are the same, line by line.
        let (then, now) = (earlier.registered(), epoll.registered());
        if then == now {
            return (0..now.len()).collect();
        }
        let then: FxHashSet<&Registration> = then.iter().collect();
        (0..now.len()).filter(|&place| then.contains(&now[place])).collect()
    }
}
