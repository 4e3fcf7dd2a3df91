//! Takes observations apart. Each thread is in a wait or in a turn; what it calls is of its turn, of a descriptor and of
//! a call site.

use super::call::Called;
use super::columns::{Columns, Of};
use super::counts::Counts;
use super::descriptors::Descriptors;
use super::distribution::Distribution;
use super::latest::Latest;
use super::losses::Losses;
use super::options::Options;
use super::processes::Processes;
use super::queue::Queue;
use super::queues::Queues;
use super::sites::SiteRows;
use super::slow::SlowTurns;
use super::threads::Threads;
use super::wakes::Wakes;
use crate::document::Ending;
use epshim_observe::{Fd, Nanos, Observation, Pid, Tid, What};

/// Observations in, a profile out.
#[derive(Debug, Clone)]
pub struct Model {
    pub(super) options: Options,
    /// The time of the first observation.
    pub(super) begin: Option<Nanos>,
    pub(super) now: Nanos,
    /// Nanoseconds since 1970 at the begin.
    pub(super) started: Option<u64>,
    pub(super) threads: Threads,
    pub(super) processes: Processes,
    pub(super) descriptors: Descriptors,
    pub(super) sites: SiteRows,
    pub(super) columns: Columns,
    pub(super) slow: SlowTurns,
    pub(super) latest: Latest,
    pub(super) losses: Losses,
    pub(super) counts: Counts,
    pub(super) wakes: Wakes,
    /// Room for the descriptors of a wait's deliveries.
    pub(super) found: Vec<Option<Fd>>,
    pub(super) turns: Distribution,
    pub(super) waits: Distribution,
    pub(super) lags: Distribution,
    pub(super) delays: Distribution,
    pub(super) lates: Distribution,
    pub(super) batches: Distribution,
    pub(super) timers: Distribution,
    /// The number of the latest turn.
    pub(super) latest_turn: u64,
    /// What was asked from outside at a time that the observations have not come to.
    pub(super) asked: Queue,
    pub(super) queues: Queues,
}

/// No profile is longer than 52 days: so that sums of what is damaged stay numbers.
const LONGEST: Nanos = 1 << 52;

/// A thread of a process.
pub(super) type Key = (Pid, Tid);

impl Model {
    /// Of nothing.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            options,
            begin: None,
            now: 0,
            started: None,
            threads: Threads::default(),
            processes: Processes::default(),
            descriptors: Descriptors::default(),
            sites: SiteRows::default(),
            columns: Columns::default(),
            slow: SlowTurns::default(),
            latest: Latest::new(options.keep),
            losses: Losses::default(),
            counts: Counts::default(),
            wakes: Wakes::default(),
            found: Vec::new(),
            turns: Distribution::default(),
            waits: Distribution::default(),
            lags: Distribution::default(),
            delays: Distribution::default(),
            lates: Distribution::default(),
            batches: Distribution::default(),
            timers: Distribution::default(),
            latest_turn: 0,
            asked: Queue::new(),
            queues: Queues::default(),
        }
    }

    /// The profile begins now, before anything was observed.
    pub fn begin(&mut self, at: Nanos) {
        self.begin.get_or_insert(at);
    }

    /// Takes an observation.
    pub fn observe(&mut self, it: &Observation<'_>) {
        let at = self.since_begin(it.at);
        while self.asked.front().is_some_and(|&(of, ..)| of <= at) {
            self.answer_next();
        }
        let width = self.columns.width;
        self.take(at, it);
        if self.columns.width != width {
            self.widened(width);
        }
    }

    fn widened(&mut self, from: Nanos) {
        let mut width = from;
        while width < self.columns.width {
            self.descriptors.widened();
            width *= 2;
        }
    }

    pub(super) fn since_begin(&mut self, at: Nanos) -> Nanos {
        let at = at.saturating_sub(*self.begin.get_or_insert(at)).min(LONGEST);
        self.now = self.now.max(at);
        at
    }

    /// The time of what a thread does: it does not go back.
    pub(super) fn time_of(&mut self, key: Key, at: Nanos) -> Nanos {
        let Some(thread) = self.threads.known(key) else { return at };
        thread.latest = thread.latest.max(at);
        thread.latest
    }

    /// Takes what was observed at this time of the profile.
    fn take(&mut self, at: Nanos, it: &Observation<'_>) {
        let &Observation { pid, tid, site, ref what, .. } = it;
        let key = (pid, tid);
        match *what {
            What::Dropped { records } => return self.lost(at, key, records),
            What::Fork { parent } => return self.forked(pid, parent, at),
            What::Nothing | What::Look | What::Looked | What::Kernel(_) => return,
            _ => self.losses.observed(),
        }
        self.processes.get(pid, at);
        match *what {
            What::Wait { epfd, timeout } => self.wait_begins(key, at, site, epfd, timeout),
            What::Got { ref deliveries } => self.wait_ends(key, at, deliveries),
            What::WaitFailed { .. } => self.wait_ends(key, at, &[]),
            What::EmptyWaits { epfd, .. } => {
                for each in it.each_wait() {
                    let at = self.since_begin(each.at);
                    match each.what {
                        What::Wait { .. } => self.wait_begins(key, at, site, epfd, 0),
                        _ => self.wait_ends(key, at, &[]),
                    }
                }
            }
            What::Create { epfd } => self.processes.get(pid, at).epolls.created(epfd),
            What::Open { fd, kind, .. } => {
                if let Some(open) = self.descriptors.get(pid, fd, at) {
                    open.kind = kind;
                }
            }
            What::Start { epoch } => self.started(pid, at, epoch),
            What::Exec => self.processes.ended(pid, at, Ending::Executed, None),
            What::ThreadEnds => self.thread_ends(key, at),
            What::Finish => self.ended(pid, at, Ending::Exited, None),
            What::Died { signal } => self.ended(pid, at, Ending::Signal, Some(signal)),
            What::Mapped { .. } | What::Place { .. } | What::Callers { .. } => {
                self.processes.get(pid, at).sites.observe(it);
            }
            _ => {
                if let Some(mut call) = Called::of(it) {
                    call.at = self.time_of(key, at);
                    self.called(key, site, &call, it);
                }
            }
        }
    }

    fn lost(&mut self, at: Nanos, key: Key, records: u64) {
        self.losses.lost(at, key.0, records);
        if let Some(thread) = self.threads.known(key) {
            let row = thread.row;
            self.columns.add(row, Of::Dropped, at, records);
        }
    }

    fn forked(&mut self, pid: Pid, parent: Pid, at: Nanos) {
        self.losses.observed();
        self.processes.forked(pid, parent, at);
    }

    /// A program begins in the process. Its threads, and what was known of it, are gone.
    fn started(&mut self, pid: Pid, at: Nanos, epoch: u64) {
        self.started.get_or_insert(epoch.saturating_sub(at));
        self.leave(pid, at);
        self.sites.forget(pid);
        self.processes.started(pid, at);
    }

    /// A process has ended. It may have been told by itself already.
    pub(super) fn ended(&mut self, pid: Pid, at: Nanos, ending: Ending, signal: Option<i32>) {
        self.processes.ended(pid, at, ending, signal);
        if ending == Ending::Signal {
            self.threads.of(Some(pid)).into_iter().for_each(|key| self.thread_is_cut(key, at));
        }
        self.leave(pid, at);
        self.processes.forget(pid);
    }

    fn leave(&mut self, pid: Pid, at: Nanos) {
        for key in self.threads.of(Some(pid)) {
            self.thread_ends(key, at);
        }
        let processes = &self.processes;
        self.sites.settle(pid, |site| processes.frames(pid, site));
        self.descriptors.forget(pid);
    }
}
