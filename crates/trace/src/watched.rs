//! One process that is watched: its records go to the model (`take.rs`), what is there already is looked up (`begin.rs`), and
//! what the model suspects is asked about (`judge.rs`).

mod begin;
mod judge;
mod take;

use crate::asked::Asked;
use crate::descriptors::Numbers;
use crate::introduced::{Introduced, Introductions};
use crate::sites::{Frames, Sites};
use crate::stalls::Stalls;
use crate::stream::Stream;
use crate::tap::Telling;
use crate::tape::Tape;
use crate::threads::{Silent, Threads};
use epshim_attach::gather::{NoLook, Questions, now};
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
    /// Not in Go, whose threads share one epoll and sleep as they like.
    stalls: Option<Stalls>,
    sites: Sites,
    /// What was asked about, and when the last answer came.
    asked: Vec<(Nanos, Verdict)>,
    /// The rules that are not asked for.
    off: Vec<Rule>,
    /// It executes a program of another architecture, whose calls have other numbers.
    is_foreign: bool,
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
    introductions: Introductions,
    tape: Tape,
    /// How many frames of each call site are recorded.
    placed: FxHashMap<Site, usize>,
    /// The latest time that the model was told.
    latest: Nanos,
    /// Who else is told.
    telling: Option<Telling>,
    /// Waits, and registrations, that were seen.
    pub waits: u64,
    pub registrations: u64,
}

impl Watched {
    /// Begins to watch a process, whose records come already. `since`: it has had no epoll until then, so that all of it is
    /// known from its records.
    pub fn of(
        pid: Pid,
        asked: &Asked,
        stream: &mut Stream,
        tape: &Tape,
        since: Option<Nanos>,
    ) -> Result<Self, NoLook> {
        let questions = Rc::new(Questions::of(pid)?);
        let mut watched = Self {
            pid,
            checker: checker(&questions, &asked.off, tape),
            off: asked.off.clone(),
            numbers: Numbers::of(Rc::clone(&questions), tape.clone()),
            threads: Threads::default(),
            stalls: stalls(&questions),
            sites: sites(&questions),
            questions,
            asked: Vec::new(),
            is_foreign: false,
            quiet_until: 0,
            begun: 0,
            given: FxHashMap::default(),
            stale: FxHashSet::default(),
            epolls: FxHashMap::default(),
            before: Tally::default(),
            introductions: Introductions::default(),
            tape: tape.clone(),
            placed: FxHashMap::default(),
            latest: 0,
            telling: asked.tap.as_ref().map(|tap| Telling::of(tap.clone(), pid)),
            waits: 0,
            registrations: 0,
        };
        tape.start(since.unwrap_or_else(now), pid);
        match since {
            Some(at) => watched.begun = at,
            None => watched.begin(stream),
        }
        Ok(watched)
    }

    pub fn questions(&self) -> &Questions {
        &self.questions
    }

    pub const fn checker(&self) -> &Checker {
        &self.checker
    }

    /// Its epolls.
    pub fn epolls(&self) -> impl Iterator<Item = Fd> {
        self.epolls.iter().filter(|&(_, &is_open)| is_open).map(|(&fd, _)| fd)
    }

    /// Whether it was seen to wait, or to register something.
    pub const fn has_loop(&self) -> bool {
        self.waits > 0 || self.registrations > 0
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
        self.record(&it);
        if let Some(what) = follows {
            let it = Observation { what, ..it };
            self.checker.observe(&it, &self.numbers);
            self.record(&it);
        }
    }

    /// Written behind what the model has asked meanwhile: a replay asks it then.
    fn record(&mut self, it: &Observation<'static>) {
        self.latest = self.latest.max(it.at);
        if !self.tape.is_on() {
            return;
        }
        let (known, placed) = (self.sites.known(it.site), self.placed.entry(it.site).or_default());
        if known > *placed {
            *placed = known;
            self.tape.push(Observation { what: self.sites.place(it.site), ..*it });
        }
        self.tape.push(it.clone());
    }

    /// All of them are looked at next time.
    pub fn look_soon(&mut self) {
        self.threads.look_soon();
    }

    /// Looks at threads that are not heard of.
    pub fn look(&mut self, now: Nanos, stream: &mut Stream) {
        let (sites, folder) = (&mut self.sites, self.questions.folder());
        if let Some(stalls) = &mut self.stalls {
            stalls.look(&self.questions, now, |place| sites.site(place, folder));
        }
        for (tid, silent) in self.threads.look(&self.questions, now, |tid| stream.is_silent(tid)) {
            let questions = Rc::clone(&self.questions);
            let folder = questions.folder();
            match silent {
                Silent::Waits { epfd, timeout, since, place } => {
                    self.tell_stall(now, tid, epfd);
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

    /// A thread waits again: it was away for long, perhaps.
    fn tell_stall(&mut self, at: Nanos, tid: Tid, epfd: Fd) {
        let stall = self.stalls.as_mut().and_then(|stalls| stalls.waits(tid, epfd));
        if let Some(stall) = stall {
            self.observe(at, tid, stall.site, stall.what);
        }
    }

    /// What a finding's descriptors were open on.
    pub fn introduced(&self, finding: &Finding) -> Vec<Introduced> {
        self.introductions.of(finding)
    }

    /// The frames of a finding's call sites.
    pub fn stacks(&self, finding: &Finding) -> Vec<(Role, Frames)> {
        let sites = finding.sites.iter();
        sites.map(|&(role, site)| (role, self.sites.frames(site))).collect()
    }
}

/// A recording is of all rules: those that are off are left out of what is found.
fn checker(questions: &Questions, off: &[Rule], tape: &Tape) -> Checker {
    let mut off = if tape.is_on() { Vec::new() } else { off.to_vec() };
    if questions.process().runtime == Runtime::Go {
        off.extend(Rule::OF_EDGES);
    }
    Checker::without(&off)
}

fn stalls(questions: &Questions) -> Option<Stalls> {
    (questions.process().runtime != Runtime::Go).then(Stalls::default)
}

fn sites(questions: &Questions) -> Sites {
    Sites::of(questions.folder(), questions.memory(), questions.process().runtime)
}
