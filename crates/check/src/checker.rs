//! The checker: what a program did goes in, suspicions that are due come out, are asked about outside (see
//! [`Suspicion::confirm`]), and come back with a verdict.
//!
//! Each observation is written down in the model, and then the rules that listen to it are called, in the
//! order of the list. Nothing here waits for anything, and an observation costs a look-up or two for each
//! delivery.

/// Calls those who listen.
macro_rules! tell {
    ($self:ident.$list:ident, $($with:expr),*) => {
        for listener in &$self.hooks.$list {
            listener(&mut $self.engine, $($with),*);
        }
    };
}

mod calls;

use crate::engine::{Blocked, Engine, Finding, Hooks, Rule, Stalled, Suspicion, Tally, Verdict};
use crate::model::Moment;
use epshim_observe::{Descriptors, Nanos, Observation, Tid, What};

/// Deliveries in a row after which a thread goes round: fewer than any rule's.
const ROUNDS: u32 = 50;
/// The same of waits without a timeout.
const ZEROS: u32 = 2;

/// The checker.
#[derive(Debug)]
pub struct Checker {
    engine: Engine,
    hooks: Hooks,
}

impl Default for Checker {
    fn default() -> Self {
        Self::without(&[])
    }
}

impl Checker {
    /// With all rules but these.
    #[must_use]
    pub fn without(rules: &[Rule]) -> Self {
        let mut hooks = Hooks::default();
        let on = Rule::ALL.into_iter().filter(|rule| !rules.contains(rule));
        on.flat_map(|rule| rule.record().listens).for_each(|hook| hooks.add(hook));
        let off = rules.iter().fold(0, |off, rule| off | rule.bit());
        Self { engine: Engine::without(off), hooks }
    }

    /// What was found so far.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.engine.tally
    }

    /// Deliveries that belong to no registration seen: made by io_uring, a raw system call, or a
    /// parent process.
    #[must_use]
    pub fn unknown_deliveries(&self) -> u64 {
        self.engine.model.epolls.iter().map(|epoll| epoll.unknown).sum()
    }

    /// Deliveries of data that several registrations have: it cannot be told whose they are.
    #[must_use]
    pub fn ambiguous_deliveries(&self) -> u64 {
        self.engine.model.epolls.iter().map(|epoll| epoll.ambiguous).sum()
    }

    /// How often input was gone that the program was told of and not seen to take: through stdio, io_uring,
    /// a raw system call, or by another process.
    #[must_use]
    pub const fn taken_unseen(&self) -> u64 {
        self.engine.model.taken_unseen
    }

    /// Suspicions that were one too many to be followed at a time, by rule.
    pub fn dropped_suspicions(&self) -> impl Iterator<Item = (Rule, u64)> + '_ {
        self.engine.dropped()
    }

    /// How many registrations are known.
    #[must_use]
    pub fn registrations(&self) -> usize {
        self.engine.model.registrations()
    }

    /// How many suspicions are not settled yet; failed calls that may be made good count as one.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.engine.pending()
    }

    /// Whether a thread that begins a wait goes round and round: something that its last wait delivered has been
    /// delivered many times in a row, and nothing came of it; or this wait ends a run of others without a timeout. What
    /// cannot be had of every wait the observer may look for then.
    #[must_use]
    pub fn goes_round(&self, tid: Tid, timeout: i64) -> bool {
        let Some(thread) = self.engine.model.threads.get(tid) else { return false };
        thread.row >= ROUNDS || timeout > 0 && thread.zeros.in_run() > ZEROS
    }

    /// When something is due next.
    #[must_use]
    pub fn next_due(&self) -> Option<Nanos> {
        self.engine.next_due()
    }

    /// The suspicions that are due and still stand, to be confirmed.
    pub fn due(&mut self, now: Nanos, descriptors: &dyn Descriptors) -> Vec<Suspicion> {
        self.engine.due(&Moment { tid: 0, now, descriptors })
    }

    /// What came of asking the kernel. A finding is returned when it is to be reported: it is new,
    /// or surer than before; otherwise it is counted.
    pub fn settle(
        &mut self,
        verdict: Verdict,
        now: Nanos,
        descriptors: &dyn Descriptors,
    ) -> Option<Finding> {
        let found = self.engine.settle(verdict, &Moment { tid: 0, now, descriptors })?;
        debug_assert!(found.rule.certainties().contains(&found.certainty), "{found:?}");
        Some(found)
    }

    /// Takes an observation. Returns whether a wait delivered input for a descriptor that blocks: its thread
    /// may fall asleep on it, and never call again.
    ///
    /// What descriptors go through (reads, writes, dups of others than epolls) the observer keeps itself: see
    /// [`Descriptors`].
    pub fn observe(&mut self, it: &Observation<'_>, descriptors: &dyn Descriptors) -> bool {
        let m = Moment { tid: it.tid, now: it.at, descriptors };
        let model = &mut self.engine.model;
        match it.what {
            What::Create { epfd } => {
                model.epolls.create(epfd, it.site, descriptors);
                tell!(self.created, &m, epfd, it.site);
            }
            What::Dup { from, to } => model.epolls.duplicate(from, to, descriptors),
            What::CtlBegins { op, epfd, fd } => model.begins(op, (epfd, fd), &m),
            What::Ctl { errno, at, .. } => {
                let Some(ctl) = it.ctl() else { return false };
                if errno == 0 { self.changed(&ctl, &m) } else { self.refused(&ctl, at, &m) }
            }
            What::Wait { epfd, timeout } => self.waits(epfd, timeout, it.site, &m),
            What::Got { ref deliveries } => return self.got(deliveries, &m),
            What::WaitFailed { at, .. } => self.wait_failed(at, &m),
            What::Unwritten { fd } => tell!(self.unwritten, &m, fd),
            What::StaleUse { fd, errno } => tell!(self.stale_use, &m, fd, errno, it.site),
            What::Futile { fd, moved } => tell!(self.futile, &m, fd, moved, it.site),
            What::Took { fd } => tell!(self.took, &m, fd, it.site),
            What::Connect { fd, errno } => tell!(self.connected, &m, fd, errno, it.site),
            What::Unconnected { fd, errno } => tell!(self.unconnected, &m, fd, errno, it.site),
            What::Blocked { fd, call, nanos, is_over } => {
                tell!(self.blocked, &m, Blocked { fd, call, nanos, is_over, site: it.site });
            }
            What::Close { fd, unread: Some(bytes) } if bytes > 0 => {
                tell!(self.closed_unread, &m, fd, bytes, it.site);
            }
            What::Close { fd, .. } if model.epolls.last_named(fd).is_some() => {
                tell!(self.epoll_closed, &m, fd, it.site);
                self.engine.model.epolls.close(fd);
            }
            What::ClosedInheritable { fd, inode } => {
                tell!(self.closed_inheritable, &m, fd, inode, it.site);
            }
            What::ClosedEmpty { fd } => tell!(self.closed_empty, &m, fd, it.site),
            What::Unguarded { fd, ready } => tell!(self.unguarded, &m, fd, ready, it.site),
            What::Stalled { epfd, nanos, ref call, is_over, write_end, read_end } => {
                let (pipe, site) = ((write_end >= 0).then_some((write_end, read_end)), it.site);
                tell!(self.stalled, &m, &Stalled { epfd, nanos, call, is_over, pipe, site });
            }
            What::Shared { epfd, other } => tell!(self.shared, &m, epfd, other, it.site),
            What::ThreadEnds => {
                tell!(self.thread_ended, &m);
                self.engine.model.threads.ended(it.tid);
            }
            What::Fork { .. } => self.engine.forked(),
            What::Finish => {
                self.engine.ends(it.at);
                tell!(self.ended, &m);
            }
            _ => {}
        }
        false
    }
}
