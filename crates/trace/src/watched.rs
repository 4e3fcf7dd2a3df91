//! One process that is watched: its records go to the model (`take.rs`), what is there already is looked up (`begin.rs`), and
//! what the model suspects is asked about (`judge.rs`).

mod begin;
mod judge;
mod take;

use crate::descriptors::Numbers;
use crate::sites::{Frames, Sites};
use crate::stream::Stream;
use crate::tap::{Tap, Telling};
use crate::threads::{Silent, Threads};
use epshim_attach::gather::{NoLook, Questions};
use epshim_attach::look::Runtime;
use epshim_check::{Checker, Finding, Role, Rule, Tally, Verdict};
use epshim_observe::{ADD, Descriptors, Fd, Nanos, Observation, Pid, Site, Tid, What};
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

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
    /// Who else is told.
    telling: Option<Telling>,
    /// Waits, and registrations, that were seen.
    pub waits: u64,
    pub registrations: u64,
}

impl Watched {
    /// Begins to watch a process, whose records come already.
    pub fn of(
        pid: Pid,
        off: &[Rule],
        tap: Option<&Tap>,
        stream: &mut Stream,
    ) -> Result<Self, NoLook> {
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
            telling: tap.map(|tap| Telling::of(tap.clone(), pid)),
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

    fn observe(&mut self, at: Nanos, tid: Tid, site: Site, what: What<'static>) {
        self.observe_since(at, at, tid, site, what);
    }

    /// The same of what may have begun at another time: who else is told hears of that one.
    fn observe_since(
        &mut self,
        at: Nanos,
        since: Nanos,
        tid: Tid,
        site: Site,
        what: What<'static>,
    ) {
        let it = Observation { at, pid: self.pid, tid, site, what };
        if let Some(telling) = &mut self.telling {
            if let What::Ctl { op: ADD, fd, errno: 0, .. } = it.what {
                telling.kind(since, fd, self.numbers.kind(fd));
            }
            telling.tell(&Observation { at: since, ..it.clone() }, &self.sites);
        }
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

    /// All of them are looked at next time.
    pub fn look_soon(&mut self) {
        self.threads.look_soon();
    }

    /// Looks at threads that are not heard of.
    pub fn look(&mut self, now: Nanos) {
        for (tid, silent) in self.threads.look(&self.questions, now) {
            let folder = self.questions.folder();
            match silent {
                Silent::Waits { epfd, timeout, since, place } => {
                    let site = self.sites.site(&place, folder);
                    let since = if since == 0 { now } else { since };
                    self.observe_since(now, since, tid, site, What::Wait { epfd, timeout });
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

    /// The frames of a finding's call sites.
    pub fn stacks(&self, finding: &Finding) -> Vec<(Role, Frames)> {
        let sites = finding.sites.iter();
        sites.map(|&(role, site)| (role, self.sites.frames(site))).collect()
    }
}

fn checker(questions: &Questions, off: &[Rule]) -> Checker {
    let mut off = off.to_vec();
    if questions.process().runtime == Runtime::Go {
        off.extend(Rule::OF_EDGES);
    }
    Checker::without(&off)
}

fn sites(questions: &Questions) -> Sites {
    Sites::of(questions.folder(), questions.memory(), questions.process().runtime)
}
