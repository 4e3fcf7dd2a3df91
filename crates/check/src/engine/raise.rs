//! What the rules raise, and what waits for its time.

use crate::engine::about::{About, Stamp, Watched};
use crate::engine::queue::{Queue, What};
use crate::engine::rule::Rule;
use crate::engine::suspicion::{Alike, Case, Suspicion};
use crate::engine::tally::Tally;
use crate::model::{EpollId, Model, Moment};
use epshim_observe::{Fd, Nanos};
use rustc_hash::FxHashMap;
use std::any::Any;

/// What a rule does at a time that it has chosen.
pub(super) type Wake = fn(&mut Engine, &Moment<'_>);

/// The suspicions, above the model that they are about.
#[derive(Debug, Default)]
pub(crate) struct Engine {
    pub model: Model,
    /// The rules that are switched off, a bit each.
    off: u32,
    pub tally: Tally,
    /// What each rule keeps, by its place.
    own: Vec<Box<dyn Any + Send>>,
    pub(super) waiting: Queue<Wake>,
    /// How many rules wait for a time for what may become suspicions.
    pub unsettled: usize,
    /// A finding was kept; and a wait has run out since the kept ones last heard of one.
    pub(super) has_kept: bool,
    has_run_out: bool,
    /// Suspicions that wait, and how many more are like each.
    pub(super) merged: FxHashMap<Alike, u64>,
}

impl Engine {
    /// With these rules switched off.
    pub fn without(off: u32) -> Self {
        Self { off, ..Self::default() }
    }

    /// What a rule keeps; nothing yet, at first.
    pub fn own<S: Any + Default + Send>(&mut self, rule: Rule) -> &mut S {
        let place = usize::from(rule.0);
        while self.own.len() <= place {
            self.own.push(Box::new(()));
        }
        let own = &mut self.own[place];
        if !own.is::<S>() {
            *own = Box::<S>::default();
        }
        own.downcast_mut().expect("it was made so a moment ago")
    }

    /// Whether the rule is off, or watches the registration already.
    pub fn is_watched(&self, rule: Rule, id: EpollId, fd: Fd) -> bool {
        let registration = self.model.epolls.get(id).and_then(|epoll| epoll.by_fd(fd));
        self.off & rule.bit() != 0
            || registration.is_none_or(|one| one.watched_by & rule.bit() != 0)
    }

    /// Raises a suspicion about a registration of an epoll, once for each rule at a time, due after
    /// a while.
    pub fn raise_about(
        &mut self,
        mut about: About,
        id: EpollId,
        after: Nanos,
        case: impl Case + 'static,
    ) {
        let (fd, rule, now) = (about.fd, about.rule, about.since);
        if self.is_watched(rule, id, fd) {
            return;
        }
        let Some(epoll) = self.model.epolls.get(id) else { return };
        let Some(registration) = epoll.by_fd(fd) else { return };
        about.epfd = epoll.fd;
        about.stamp = Stamp { calls: about.stamp.calls, ..Stamp::of(id, registration) };
        let suspicion = Suspicion { about, case: Box::new(case) };
        if self.push(now.saturating_add(after), suspicion) {
            let epoll = self.model.epolls.get_mut(id);
            if let Some(registration) = epoll.and_then(|epoll| epoll.by_fd_mut(fd)) {
                registration.watched_by |= rule.bit();
            }
        }
    }

    /// Raises a suspicion, due after a while. One that is like one that waits already is counted with it.
    /// Returns whether there is room for it.
    pub fn raise(&mut self, about: About, after: Nanos, case: impl Case + 'static) -> bool {
        let at = about.since.saturating_add(after);
        let suspicion = Suspicion { about, case: Box::new(case) };
        let alike = suspicion.alike();
        if let Some(more) = alike.and_then(|alike| self.merged.get_mut(&alike)) {
            *more += 1;
            return true;
        }
        let is_in = self.push(at, suspicion);
        if let Some(alike) = alike.filter(|_| is_in) {
            self.merged.insert(alike, 0);
        }
        is_in
    }

    /// Wakes a rule at this time.
    pub fn wake(&mut self, at: Nanos, rule: Wake) {
        self.waiting.put(at, What::Wake(rule));
    }

    pub(super) fn put_back(&mut self, suspicion: Box<Suspicion>, now: Nanos, after: Nanos) {
        self.has_kept |= suspicion.about.is_kept;
        self.waiting.put(now.saturating_add(after), What::Suspicion(suspicion));
    }

    /// Returns whether there is room for it.
    fn push(&mut self, at: Nanos, suspicion: Suspicion) -> bool {
        let model = &self.model;
        // Its number is registered again, or not any more.
        let is_gone = |one: &Suspicion| {
            let Stamp { epoll, generation, .. } = one.about.stamp;
            let registration = model.epolls.get(epoll).and_then(|epoll| epoll.by_fd(one.about.fd));
            epoll != EpollId::NONE
                && !one.about.is_former
                && !one.about.is_kept
                && registration.is_none_or(|now| now.generation != generation)
        };
        let (rule, share) = (suspicion.about.rule, suspicion.case.share());
        let has_room = self.waiting.has_room(rule, share, || model.registrations(), is_gone);
        if has_room {
            self.waiting.put(at, What::Suspicion(Box::new(suspicion)));
        }
        has_room
    }

    /// What it was about may be suspected again.
    pub(super) fn release(&mut self, watched: &Watched) {
        let Some(epoll) = self.model.epolls.get_mut(watched.epoll) else { return };
        if watched.is_former {
            epoll.formers.release(watched.fd, watched.generation);
        } else if let Some(registration) = epoll.by_fd_mut(watched.fd) {
            registration.watched_by &= !watched.rule.bit();
        }
    }

    /// A wait has run out.
    pub fn has_run_out(&mut self) {
        self.has_run_out |= self.has_kept;
    }

    /// Whether the kept ones have not heard of a wait that has run out.
    pub(super) fn has_news(&mut self) -> bool {
        std::mem::take(&mut self.has_run_out)
    }

    /// Suspicions that were one too many to be followed at a time, by rule.
    pub fn dropped(&self) -> impl Iterator<Item = (Rule, u64)> + '_ {
        self.waiting.dropped()
    }

    /// In the child of a fork: what its parent suspects, its parent looks after.
    pub fn forked(&mut self) {
        let (model, off) = (std::mem::take(&mut self.model), self.off);
        *self = Self { model, off, ..Self::default() };
        self.model.forked();
    }
}
