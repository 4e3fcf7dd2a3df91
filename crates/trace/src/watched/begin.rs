//! What is there when a process begins to be watched, or after a gap: its epolls and registrations, by fdinfo; nothing of it
//! when it has executed another program.

use super::{Watched, checker, sites, stalls};
use crate::descriptors::Numbers;
use crate::stalls::Stalls;
use crate::stream::Stream;
use epshim_attach::gather::{Questions, now};
use epshim_observe::{ADD, Fd, Listed, Nanos, SECOND, Site, What};
use std::rc::Rc;

/// Where something is registered when it is attached to, nothing is judged for this long: how the program treats its
/// descriptors must be seen first.
const PATIENCE: Nanos = 2 * SECOND;

impl Watched {
    /// What is there already: the epolls, and what is registered with them.
    pub(super) fn begin(&mut self, stream: &mut Stream) {
        self.begun = now();
        let is_epoll = |&fd: &Fd| self.questions.is_epoll(fd) == Some(true);
        let open = self.questions.open().unwrap_or_default();
        let epolls: Vec<Fd> = open.into_iter().filter(is_epoll).collect();
        let mut registered = Vec::new();
        for &epfd in &epolls {
            stream.register(self.pid, epfd);
            self.tell(What::Create { epfd });
            let listed = self.questions.registrations(epfd).unwrap_or_default();
            registered.extend(listed.into_iter().map(|one| (epfd, one)));
        }
        // Ghosts first: their numbers may be open, and registered, anew.
        let is_ghost = |&(_, one): &(Fd, Listed)| {
            self.questions.file(one.fd).is_none_or(|file| (file.inode, file.device) != one.file)
        };
        let (ghosts, live): (Vec<_>, Vec<_>) = registered.into_iter().partition(is_ghost);
        for (epfd, one) in ghosts {
            self.tell_added(epfd, one);
            self.tell(What::Close { fd: one.fd, unread: None });
        }
        self.quiet_until = if live.is_empty() { 0 } else { self.begun + PATIENCE };
        for (epfd, one) in live {
            stream.register(self.pid, one.fd);
            let kind = self.numbers.look_up(one.fd);
            self.tell(What::Open { fd: one.fd, kind, may_block: false });
            self.tell_added(epfd, one);
        }
        self.threads.forget_waits();
    }

    fn tell_added(&mut self, epfd: Fd, one: Listed) {
        let Listed { fd, events, data, .. } = one;
        let (op, padding, errno, at) = (ADD, None, 0, None);
        self.tell(What::Ctl { op, epfd, fd, events, data, padding, errno, at });
    }

    fn tell(&mut self, what: What<'static>) {
        self.observe(self.begun, 0, Site(0), what);
    }

    /// What was known rests on what is not known any more.
    pub fn lost(&mut self, records: u64, stream: &mut Stream) {
        self.tape.note(self.latest, self.pid, || What::Dropped { records });
        self.forget();
        if let Some(telling) = &self.telling {
            telling.lost(now(), records);
        }
        self.begin(stream);
    }

    fn forget(&mut self) {
        self.before.add(self.checker.tally());
        self.checker = checker(&self.questions, &self.off, &self.tape);
        self.numbers = Numbers::of(Rc::clone(&self.questions), self.tape.clone());
        self.asked.clear();
        self.given.clear();
        self.stale.clear();
        self.epolls.clear();
        self.stalls.iter_mut().for_each(Stalls::clear);
    }

    /// The process has executed another program, of which all is known from its begin. An epoll that it was left is
    /// one of which nothing is known: by now the program may have changed it.
    pub(super) fn executed(&mut self, at: Nanos) {
        let Ok(questions) = Questions::of(self.pid) else { return };
        self.is_foreign = !questions.process().is_native;
        self.questions = Rc::new(questions);
        self.sites = sites(&self.questions);
        self.stalls = stalls(&self.questions);
        self.threads.clear();
        self.placed.clear();
        self.tape.start(at, self.pid);
        self.forget();
        if let Some(telling) = &mut self.telling {
            telling.executed(at);
        }
        (self.begun, self.quiet_until) = (at, 0);
    }
}
