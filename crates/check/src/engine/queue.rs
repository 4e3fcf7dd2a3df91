//! What waits for its time: suspicions, failed calls, and rules that may suspect something again.
//!
//! The queue does not grow for ever. Each rule has a share of it, and one more place for each few
//! registrations: a rule that suspects much takes no room from another, and what is a fact is not
//! lost for what is only suspected. When a share is full, suspicions of registrations that are gone
//! make room; what is one too many then is dropped, and counted by rule.

use crate::engine::about::Watched;
use crate::engine::rule::{Rule, Share};
use crate::engine::suspicion::Suspicion;
use epshim_observe::Nanos;
use std::collections::BTreeMap;

/// Beside its share a rule has one more place for this many registrations.
const REGISTRATIONS: usize = 8;
/// A rule's part of a full queue is looked through after this many that came in.
const SELDOM: u64 = 256;

/// What waits. `W`: what a rule wants to do at a time.
#[derive(Debug)]
pub(super) enum What<W> {
    Suspicion(Box<Suspicion>),
    Wake(W),
    /// The registration may be suspected again.
    Release(Watched),
}

/// What waits, by time.
#[derive(Debug)]
pub(super) struct Queue<W> {
    /// By time, and in the order in which it came.
    all: BTreeMap<(Nanos, u64), What<W>>,
    serial: u64,
    of_rule: [usize; Rule::MOST],
    /// The serial when a rule's share was last looked through.
    looked: [u64; Rule::MOST],
    dropped: [u64; Rule::MOST],
    suspicions: usize,
}

impl<W> Default for Queue<W> {
    fn default() -> Self {
        let (of_rule, none) = ([0; Rule::MOST], [0; Rule::MOST]);
        Self {
            all: BTreeMap::new(),
            serial: 0,
            of_rule,
            looked: none,
            dropped: none,
            suspicions: 0,
        }
    }
}

impl<W> What<W> {
    fn place(&self) -> Option<usize> {
        match self {
            Self::Suspicion(suspicion) => Some(suspicion.about.rule.0.into()),
            Self::Release(watched) => Some(watched.rule.0.into()),
            Self::Wake(_) => None,
        }
    }

    fn is_suspicion(&self) -> bool {
        matches!(self, Self::Suspicion(_))
    }
}

impl<W> Queue<W> {
    /// How many suspicions wait.
    pub fn suspicions(&self) -> usize {
        self.suspicions
    }

    /// When something is due next.
    pub fn next(&self) -> Option<Nanos> {
        self.all.keys().next().map(|&(at, _)| at)
    }

    /// What is due.
    pub fn pop(&mut self, now: Nanos) -> Option<What<W>> {
        self.next().filter(|&at| at <= now)?;
        let (_, what) = self.all.pop_first()?;
        if let Some(place) = what.place() {
            self.of_rule[place] -= 1;
        }
        self.suspicions -= usize::from(what.is_suspicion());
        Some(what)
    }

    /// Whether there is room for one more of this rule; otherwise it is dropped. `is_gone`: a suspicion
    /// of it is of no use any more.
    pub fn has_room(
        &mut self,
        rule: Rule,
        share: Share,
        registrations: impl Fn() -> usize,
        is_gone: impl Fn(&Suspicion) -> bool,
    ) -> bool {
        let (place, share) = (usize::from(rule.0), share as usize);
        let is_full = |queue: &Self| {
            let waiting = queue.of_rule[place];
            waiting >= share && waiting >= share + registrations() / REGISTRATIONS
        };
        // Looking through it costs as much as there is in it: not for each that comes.
        if is_full(self) && self.serial - self.looked[place] >= SELDOM {
            self.looked[place] = self.serial;
            self.forget(rule, is_gone);
        }
        let has_room = !is_full(self);
        self.dropped[place] += u64::from(!has_room);
        has_room
    }

    /// Puts something in: there is room for it, or it was in it before.
    pub fn put(&mut self, at: Nanos, what: What<W>) {
        if let Some(place) = what.place() {
            self.of_rule[place] += 1;
        }
        self.suspicions += usize::from(what.is_suspicion());
        self.serial += 1;
        self.all.insert((at, self.serial), what);
    }

    fn forget(&mut self, rule: Rule, is_gone: impl Fn(&Suspicion) -> bool) {
        let before = self.all.len();
        self.all.retain(|_, what| match what {
            What::Suspicion(suspicion) => suspicion.about.rule != rule || !is_gone(suspicion),
            _ => true,
        });
        let forgotten = before - self.all.len();
        self.of_rule[usize::from(rule.0)] -= forgotten;
        self.suspicions -= forgotten;
    }

    /// The suspicions for which this has a time are due then. Returns whether any was kept until a
    /// deadline.
    pub fn reschedule(&mut self, mut at: impl FnMut(&mut Suspicion) -> Option<Nanos>) -> bool {
        let mut has_kept = false;
        let reschedule = |((before, serial), mut what)| {
            let mut due = before;
            if let What::Suspicion(suspicion) = &mut what {
                due = at(suspicion).unwrap_or(before);
                has_kept |= suspicion.about.is_kept;
            }
            ((due, serial), what)
        };
        self.all = std::mem::take(&mut self.all).into_iter().map(reschedule).collect();
        has_kept
    }

    /// How many suspicions of each rule were dropped.
    pub fn dropped(&self) -> impl Iterator<Item = (Rule, u64)> + '_ {
        let dropped = (0..).map(Rule).zip(self.dropped);
        dropped.filter(|&(_, times)| times > 0)
    }
}
