//! One process that is watched: its records go to the model, and what the model suspects is asked about.
//!
//! The model is a millisecond behind, the kernel's answers are not. So a verdict waits until all is known that the
//! program has done before the kernel was asked, and only then is it held against the model.

use crate::calls::{self, Meaning};
use crate::clock;
use crate::descriptors::Numbers;
use crate::outside::Outside;
use crate::record::Record;
use crate::sites::{Frames, Sites};
use crate::stream::Stream;
use crate::threads::{Silent, Threads};
use epshim_attach::gather::{NoLook, Questions};
use epshim_attach::look::Runtime;
use epshim_check::{Checker, Finding, Role, Rule, Tally, Verdict};
use epshim_observe::{
    ADD, AtFailure, Fd, Listed, MILLISECOND, Nanos, Observation, Pid, SECOND, Site, Tid, What,
    errno,
};
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

/// Where something is registered when it is attached to, nothing is judged for this long: how the program treats its
/// descriptors must be seen first.
const PATIENCE: Nanos = 2 * SECOND;
/// A close that ends this shortly after its number was given anew, in another thread, was before that.
const CROSSED: Nanos = 2 * MILLISECOND;

/// A process.
#[derive(Debug)]
pub struct Watched {
    pid: Pid,
    questions: Rc<Questions>,
    checker: Checker,
    numbers: Numbers,
    threads: Threads,
    sites: Sites,
    /// What was asked about, and when the last answer came.
    asked: Vec<(Nanos, Verdict)>,
    /// The rules that are not asked for.
    off: Vec<Rule>,
    /// Nothing is judged before.
    quiet_until: Nanos,
    /// Records before this are of what was looked up since.
    begun: Nanos,
    /// Numbers that were given anew, by which thread, and when.
    given: FxHashMap<Fd, (Tid, Nanos)>,
    /// Numbers that were closed, and not given anew since.
    stale: FxHashSet<Fd>,
    /// Numbers of epolls, and whether they are open still.
    epolls: FxHashMap<Fd, bool>,
    /// What was found while another model was in use.
    before: Tally,
    /// Waits, and registrations, that were seen.
    pub waits: u64,
    pub registrations: u64,
}

impl Watched {
    /// Begins to watch a process, whose records come already.
    pub fn of(pid: Pid, off: &[Rule], stream: &mut Stream) -> Result<Self, NoLook> {
        let questions = Rc::new(Questions::of(pid)?);
        let mut watched = Self {
            pid,
            checker: checker(&questions, off),
            off: off.to_vec(),
            numbers: Numbers::of(Rc::clone(&questions)),
            threads: Threads::default(),
            sites: sites(&questions),
            questions,
            asked: Vec::new(),
            quiet_until: 0,
            begun: 0,
            given: FxHashMap::default(),
            stale: FxHashSet::default(),
            epolls: FxHashMap::default(),
            before: Tally::default(),
            waits: 0,
            registrations: 0,
        };
        watched.begin(stream);
        Ok(watched)
    }

    pub fn questions(&self) -> &Questions {
        &self.questions
    }

    pub const fn checker(&self) -> &Checker {
        &self.checker
    }

    /// All that was found.
    pub fn tally(&self) -> Tally {
        let mut all = Tally::default();
        all.add(&self.before);
        all.add(self.checker.tally());
        all
    }

    /// What is there already: the epolls, and what is registered with them.
    fn begin(&mut self, stream: &mut Stream) {
        self.begun = clock::now();
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
    pub fn lost(&mut self, stream: &mut Stream) {
        self.forget();
        self.begin(stream);
    }

    fn forget(&mut self) {
        self.before.add(self.checker.tally());
        self.checker = checker(&self.questions, &self.off);
        self.numbers = Numbers::of(Rc::clone(&self.questions));
        self.asked.clear();
        self.given.clear();
        self.stale.clear();
        self.epolls.clear();
    }

    /// The process has executed another program, of which all is known from its begin. An epoll that it was left is
    /// one of which nothing is known: by now the program may have changed it.
    fn executed(&mut self, at: Nanos) {
        let Ok(questions) = Questions::of(self.pid) else { return };
        self.questions = Rc::new(questions);
        self.sites = sites(&self.questions);
        self.threads.clear();
        self.forget();
        (self.begun, self.quiet_until) = (at, 0);
    }

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
                    self.observe(begun, record.tid, site, What::Wait { epfd, timeout });
                }
                let ended = match ended {
                    What::WaitFailed { errno, .. } => {
                        let found = self.at_failure(errno, epfd, at, stream);
                        found.map_or(ended.clone(), |found| calls::with_failure(ended, found))
                    }
                    ended => ended,
                };
                self.observe(at, record.tid, site, ended);
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
                    self.look(at);
                }
            }
            What::Accept { accepted: Ok(fd), .. } => {
                self.gives(fd, tid, at, site);
                self.numbers.is_connection(fd);
            }
            What::Dup { to, .. } => self.anew(to, tid, at),
            What::Connect { fd, .. } if self.stale.contains(&fd) => self.anew(fd, tid, at),
            What::Ctl { op: ADD, fd, errno: 0, .. } => {
                self.registrations += 1;
                if !self.given.contains_key(&fd) {
                    self.anew(fd, tid, at);
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

    fn observe(&mut self, at: Nanos, tid: Tid, site: Site, what: What<'static>) {
        let it = Observation { at, pid: self.pid, tid, site, what };
        let is_epoll = match it.what {
            What::Close { fd, .. } => match self.epolls.get_mut(&fd) {
                Some(is_open) => std::mem::take(is_open),
                None => false,
            },
            What::Create { epfd } | What::Ctl { op: ADD, epfd, errno: 0, .. } => {
                self.epolls.insert(epfd, true);
                true
            }
            What::Dup { from, to } => {
                let is_epoll = self.epolls.get(&from).copied().unwrap_or(false);
                if is_epoll {
                    self.epolls.insert(to, true);
                }
                is_epoll
            }
            _ => true,
        };
        let follows = self.numbers.observe(&it);
        if is_epoll {
            self.checker.observe(&it, &self.numbers);
        }
        if let Some(what) = follows {
            self.checker.observe(&Observation { what, ..it }, &self.numbers);
        }
    }

    /// Looks at threads that are not heard of.
    pub fn look(&mut self, now: Nanos) {
        for (tid, silent) in self.threads.look(&self.questions, now) {
            let folder = self.questions.folder();
            match silent {
                Silent::Waits { epfd, timeout, place } => {
                    let site = self.sites.site(&place, folder);
                    self.observe(now, tid, site, What::Wait { epfd, timeout });
                }
                Silent::Blocked { fd, call, nanos, place } => {
                    let site = self.sites.site(&place, folder);
                    let is_over = false;
                    self.observe(now, tid, site, What::Blocked { fd, call, nanos, is_over });
                }
                Silent::Ended => self.observe(now, tid, Site(0), What::ThreadEnds),
            }
        }
    }

    /// Asks about what is due, and settles what was asked about before. `known`: until when all is known.
    pub fn judge(&mut self, known: Nanos, stream: &mut Stream) -> Vec<Finding> {
        let mut found = Vec::new();
        if known < self.quiet_until {
            return found;
        }
        let (ready, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.asked).into_iter().partition(|&(at, _)| at <= known);
        self.asked = later;
        for (_, verdict) in ready {
            found.extend(self.checker.settle(verdict, known, &self.numbers));
        }
        if self.checker.next_due().is_some_and(|due| due <= known) {
            for suspicion in self.checker.due(known, &self.numbers) {
                let since = clock::now();
                let questions = Rc::clone(&self.questions);
                let pid = self.pid;
                let mut outside = Outside { questions: &questions, stream, pid, since };
                let verdict = suspicion.confirm(known, &mut outside);
                self.asked.push((clock::now(), verdict));
            }
        }
        found.retain(|finding| {
            let surest = self.before.surest(finding.fingerprint());
            surest.is_none_or(|surest| finding.certainty > surest)
        });
        found
    }

    /// The process has ended, and all that it did is known.
    pub fn finish(&mut self, stream: &mut Stream) -> Vec<Finding> {
        let now = clock::now();
        self.observe(now, 0, Site(0), What::Finish);
        let mut found = Vec::new();
        self.quiet_until = 0;
        // What is due at the end, and what becomes of it.
        for _ in 0..2 {
            found.extend(self.judge(clock::now(), stream));
        }
        found
    }

    /// The frames of a finding's call sites.
    pub fn stacks(&self, finding: &Finding) -> Vec<(Role, Frames)> {
        let sites = finding.sites.iter();
        sites.map(|&(role, site)| (role, self.sites.frames(site))).collect()
    }
}

fn checker(questions: &Questions, off: &[Rule]) -> Checker {
    let mut off = off.to_vec();
    if questions.process().runtime == Runtime::Go {
        // Its runtime keeps the readiness of descriptors itself, and leaves edges in the kernel rightly.
        off.push(Rule::EdgeNotDrained);
    }
    Checker::without(&off)
}

fn sites(questions: &Questions) -> Sites {
    Sites::of(questions.folder(), questions.memory(), questions.process().runtime)
}
