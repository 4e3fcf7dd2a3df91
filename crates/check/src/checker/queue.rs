//! What waits for its time: suspicions, failed calls, and rules that may suspect something again.
//!
//! The queue does not grow for ever. Each rule has a share of it, and one more place for each few
//! registrations: a rule that suspects much takes no room from another, and what is a fact is not
//! lost for what is only suspected. When a share is full, suspicions of registrations that are gone
//! make room; what is one too many then is dropped, and counted by rule.

use crate::ports::Nanos;
use crate::rule::Rule;
use crate::suspicion::{Case, Suspicion};
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

const RULES: usize = Rule::ALL.len();
/// The places of a rule,
const FEW: usize = 256;
/// or of one that suspects what is often so for a while,
const MANY: usize = 1024;
/// and one more for so many registrations.
const REGISTRATIONS: usize = 8;

const fn share(rule: Rule) -> usize {
    match rule {
        Rule::EdgeNotDrained | Rule::OneshotNotRearmed => MANY,
        _ => FEW,
    }
}

/// What waits.
#[derive(Debug)]
pub(super) enum What {
    Suspicion(Box<Suspicion>),
    /// Threads' failed calls, which no later call has made good.
    Failures,
    /// What epoll refused for the file that it is.
    Refused,
    /// The registration may be suspected again.
    Release(super::pending::Watched),
}

#[derive(Debug)]
struct Entry {
    at: Nanos,
    serial: u64,
    what: What,
}

/// What waits, by time.
#[derive(Debug, Default)]
pub(super) struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    serial: u64,
    of_rule: [usize; RULES],
    /// The serial when a rule's share was last looked through.
    looked: [u64; RULES],
    dropped: [u64; RULES],
    suspicions: usize,
}

impl What {
    fn rule(&self) -> Option<Rule> {
        match self {
            Self::Suspicion(suspicion) => Some(suspicion.rule),
            Self::Release(watched) => Some(watched.rule),
            Self::Failures | Self::Refused => None,
        }
    }

    fn is_suspicion(&self) -> bool {
        matches!(self, Self::Suspicion(_))
    }
}

impl Queue {
    /// How many suspicions wait.
    pub fn suspicions(&self) -> usize {
        self.suspicions
    }

    /// When something is due next.
    pub fn next(&self) -> Option<Nanos> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }

    /// What is due.
    pub fn pop(&mut self, now: Nanos) -> Option<What> {
        self.next().filter(|&at| at <= now)?;
        let Reverse(entry) = self.heap.pop()?;
        if let Some(rule) = entry.what.rule() {
            self.of_rule[rule as usize] -= 1;
        }
        self.suspicions -= usize::from(entry.what.is_suspicion());
        Some(entry.what)
    }

    /// Whether there is room for one more of this rule; otherwise it is dropped. `is_gone`: a suspicion
    /// of it is of no use any more.
    pub fn has_room(
        &mut self,
        rule: Rule,
        registrations: impl Fn() -> usize,
        is_gone: impl Fn(&Suspicion) -> bool,
    ) -> bool {
        let is_full = |queue: &Self| {
            let waiting = queue.of_rule[rule as usize];
            waiting >= share(rule) && waiting >= share(rule) + registrations() / REGISTRATIONS
        };
        // Looking through it costs as much as there is in it: not for each that comes.
        if is_full(self) && self.serial - self.looked[rule as usize] >= FEW as u64 {
            self.looked[rule as usize] = self.serial;
            self.forget(rule, is_gone);
        }
        let has_room = !is_full(self);
        self.dropped[rule as usize] += u64::from(!has_room);
        has_room
    }

    /// Puts something in: there is room for it, or it was in it before.
    pub fn put(&mut self, at: Nanos, what: What) {
        if let Some(rule) = what.rule() {
            self.of_rule[rule as usize] += 1;
        }
        self.suspicions += usize::from(what.is_suspicion());
        self.serial += 1;
        self.heap.push(Reverse(Entry { at, serial: self.serial, what }));
    }

    fn forget(&mut self, rule: Rule, is_gone: impl Fn(&Suspicion) -> bool) {
        let before = self.heap.len();
        self.heap.retain(|Reverse(entry)| match &entry.what {
            What::Suspicion(suspicion) => suspicion.rule != rule || !is_gone(suspicion),
            _ => true,
        });
        let forgotten = before - self.heap.len();
        self.of_rule[rule as usize] -= forgotten;
        self.suspicions -= forgotten;
    }

    /// The suspicions for which this has a time are due then. Returns whether any was kept until a
    /// deadline.
    pub fn reschedule(&mut self, mut at: impl FnMut(&mut Suspicion) -> Option<Nanos>) -> bool {
        let mut has_kept = false;
        let mut all = std::mem::take(&mut self.heap).into_vec();
        for Reverse(entry) in &mut all {
            if let What::Suspicion(suspicion) = &mut entry.what {
                entry.at = at(suspicion).unwrap_or(entry.at);
                has_kept |= matches!(suspicion.case, Case::Left(_));
            }
        }
        self.heap = all.into();
        has_kept
    }

    /// In a forked child: what its parent suspects, its parent looks after.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// How many suspicions of each rule were dropped.
    pub fn dropped(&self) -> impl Iterator<Item = (Rule, u64)> + '_ {
        let dropped = Rule::ALL.into_iter().map(|rule| (rule, self.dropped[rule as usize]));
        dropped.filter(|&(_, times)| times > 0)
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.serial) == (other.at, other.serial)
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.serial).cmp(&(other.at, other.serial))
    }
}
