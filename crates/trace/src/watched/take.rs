//! A record, and what it tells the model: with what was the case when a call failed, and with closes that were not seen.

use super::Watched;
use crate::calls::{self, Meaning};
use crate::descriptors::Numbers;
use crate::record::Record;
use crate::stream::Stream;
use epshim_observe::{
    ADD, AtFailure, Descriptors as _, Fd, Kind, MILLISECOND, Nanos, Pid, Site, Tid, What, errno,
};

/// A close that ends this shortly after its number was given anew, in another thread, was before that.
const CROSSED: Nanos = 2 * MILLISECOND;

impl Watched {
    /// Takes a record.
    pub fn take(&mut self, record: &Record, stream: &mut Stream) {
        let at = record.at;
        if at < self.begun {
            return;
        }
        let heard = self.threads.heard(record.tid, at);
        let Some(meaning) = calls::meaning(record) else { return };
        if meaning == Meaning::Executed {
            return self.executed(at);
        }
        if self.is_foreign {
            return;
        }
        let site = self.sites.site(&record.place, self.questions.folder());
        match meaning {
            Meaning::Observed(all) => {
                for what in all {
                    self.saw(at, record.tid, site, what, stream);
                }
            }
            Meaning::Waited { epfd, timeout, ended } => {
                self.waits += 1;
                if !self.threads.waited(record.tid) {
                    let slept = match (&ended, timeout) {
                        (What::Got { deliveries }, 1..) if deliveries.is_empty() => timeout as u64,
                        _ => Nanos::MAX,
                    };
                    let begun = if timeout == 0 { at } else { at.saturating_sub(slept) };
                    let begun = begun.max(heard).max(self.begun);
                    self.tell_stall(begun, record.tid, epfd);
                    let since = heard.max(self.begun).min(begun);
                    let what = What::Wait { epfd, timeout };
                    self.observe_since(begun, since, record.tid, site, what);
                }
                let ended = match ended {
                    What::WaitFailed { errno, .. } => {
                        let found = self.at_failure(errno, epfd, at, stream);
                        found.map_or(ended.clone(), |found| calls::with_failure(ended, found))
                    }
                    ended => ended,
                };
                self.observe(at, record.tid, site, ended);
                self.stalls.iter_mut().for_each(|stalls| stalls.returned(record.tid, epfd));
            }
            Meaning::ClosedRange(first, last) => {
                let known = self.given.keys().copied();
                let closed: Vec<Fd> = known.filter(|fd| (first..=last).contains(fd)).collect();
                for fd in closed {
                    self.observe(at, record.tid, site, What::Close { fd, unread: None });
                }
            }
            Meaning::Executed => {}
        }
    }

    /// Another process of its family, which has this epoll too, has changed it.
    pub fn shares(&mut self, record: &Record, epfd: Fd, other: Pid) {
        let site = self.sites.site(&record.place, self.questions.folder());
        self.observe(record.at, record.tid, site, What::Shared { epfd, other });
    }

    /// A call other than a wait.
    fn saw(&mut self, at: Nanos, tid: Tid, site: Site, what: What<'static>, stream: &mut Stream) {
        match what {
            What::Close { fd, .. } => {
                let crossed = self
                    .given
                    .get(&fd)
                    .is_some_and(|&(by, when)| by != tid && at.saturating_sub(when) < CROSSED);
                if crossed && self.questions.file(fd).is_some() {
                    return;
                }
                self.given.remove(&fd);
                self.stale.insert(fd);
                if self.epolls.get(&fd) == Some(&true) {
                    // Whoever waits on it now does not wake by that.
                    self.threads.look_soon();
                    self.look(at, stream);
                }
            }
            What::Accept { accepted: Ok(fd), .. } => {
                self.gives(fd, tid, at, site);
                self.numbers.is_connection(fd);
                self.opens(fd, at, |_| Kind::Stream);
            }
            What::Dup { from, to } => {
                self.anew(to, tid, at);
                self.opens(to, at, |numbers| numbers.kind(from));
            }
            What::Connect { fd, .. } if self.stale.contains(&fd) => {
                self.anew(fd, tid, at);
                self.opens(fd, at, |numbers| numbers.look_up(fd));
            }
            What::Ctl { op: ADD, fd, errno: 0, .. } => {
                self.registrations += 1;
                if !self.given.contains_key(&fd) {
                    self.anew(fd, tid, at);
                    self.opens(fd, at, |numbers| numbers.look_up(fd));
                }
            }
            _ => {}
        }
        let what = match what {
            What::Ctl { epfd, errno, .. } if errno != 0 => {
                let found = self.at_failure(errno, epfd, at, stream);
                found.map_or(what.clone(), |found| calls::with_failure(what, found))
            }
            what => what,
        };
        self.observe(at, tid, site, what);
    }

    /// A number was given anew: what was open under it before is closed, also where that was not seen.
    fn gives(&mut self, fd: Fd, tid: Tid, at: Nanos, site: Site) {
        if self.given.contains_key(&fd) {
            self.observe(at, tid, site, What::Close { fd, unread: None });
        }
        self.anew(fd, tid, at);
    }

    fn anew(&mut self, fd: Fd, tid: Tid, at: Nanos) {
        if self.stale.remove(&fd) {
            self.numbers.begin_anew(fd);
        }
        self.given.insert(fd, (tid, at));
    }

    /// Recorded, what a number is open on is told when it is given: a replay cannot ask when it wants to know.
    fn opens(&mut self, fd: Fd, at: Nanos, kind: impl FnOnce(&Numbers) -> Kind) {
        if self.tape.is_on() {
            let what = What::Open { fd, kind: kind(&self.numbers), may_block: false };
            self.observe(at, 0, Site(0), what);
        }
    }

    /// What was the case when a call on an epoll failed. `None`: that has changed since, or may have.
    fn at_failure(
        &self,
        errno: i32,
        epfd: Fd,
        at: Nanos,
        stream: &mut Stream,
    ) -> Option<AtFailure> {
        // The kernel looks whether both are open before all else.
        let fd_is_open = errno != errno::EBADF;
        let is_epoll = match self.epolls.get(&epfd) {
            Some(true) => Some(true),
            // It was seen to be closed, and no epoll to be made under its number since.
            Some(false) => fd_is_open.then_some(false),
            None if stream.was_closed(self.pid, epfd, at) => return None,
            None => self.questions.is_epoll(epfd),
        };
        let epfd = match errno {
            errno::EBADF | errno::EINVAL | errno::EPERM => is_epoll,
            _ => Some(true),
        };
        Some(AtFailure { errno, epfd, fd_is_open, unread: None })
    }
}
