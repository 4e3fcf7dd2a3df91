//! Replays a trace: what a program did, written by hand, or recorded; what the rules say of it comes out.
//!
//! ```
//! let findings = epshim_check::replay::replay("
//!     0ms    t1 create 3
//!     0ms    t1 add 3 5 IN|ET           # data is the descriptor, unless data=... says otherwise
//!     0ms    t1 wait 3
//!     1ms    t1 got 5:IN                # data and interest of each delivery
//!     1ms    t1 read 5 8/8 @20          # 8 bytes of 8 asked for, called at site 20
//!     2ms    t1 wait 3
//!     2s     end
//! ").expect("a trace");
//! assert_eq!(findings[0].rule, epshim_check::Rule::EdgeNotDrained);
//! ```
//!
//! [`epshim_observe::text`] is the language. Of a trace that was written by hand the kernel's answers are derived
//! (`derived.rs`), and suspicions are asked about when they are due. A recording says when its observer
//! looked, and what the kernel answered (`recorded.rs`). Each process has a model of its own.

mod derived;
mod process;
mod recorded;

use crate::checker::Checker;
use crate::engine::Finding;
use epshim_observe::text::{BadLine, Lines};
use epshim_observe::{Frame, Nanos, Observation, Pid, What};
use process::Process;
use std::collections::{BTreeMap, VecDeque};

/// The findings of a trace, in the order of their times.
///
/// # Errors
///
/// The first line that is not understood.
pub fn replay(trace: &str) -> Result<Vec<Finding>, BadLine> {
    let mut replay = Replay::default();
    replay.read(trace)?;
    Ok(replay.finish())
}

/// A replay, observation by observation.
#[derive(Debug)]
pub struct Replay {
    /// The one without a number is there from the beginning.
    processes: BTreeMap<Pid, Process>,
    /// Waits of [`What::EmptyWaits`] whose time has not come: what other threads did meanwhile is between them.
    ahead: VecDeque<Observation<'static>>,
    found: Vec<Found>,
    now: Nanos,
    /// A recording has begun: a process whose begin was lost is of it too.
    is_recorded: bool,
}

/// A finding, and what the trace says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The process.
    pub pid: Pid,
    /// What was found.
    pub finding: Finding,
    /// When, in nanoseconds since 1970; where the trace says so.
    pub since_1970: Option<u64>,
    /// The frames of its call sites, in its order. Empty until its process has gone.
    pub stacks: Vec<Vec<Frame>>,
    /// The frames of the user's own code that its descriptor belongs to, where an event loop has registered it; else
    /// none.
    pub belongs: Vec<Frame>,
}

impl Default for Replay {
    fn default() -> Self {
        let processes = BTreeMap::from([(0, Process::default())]);
        let (ahead, found) = (VecDeque::new(), Vec::new());
        Self { processes, ahead, found, now: 0, is_recorded: false }
    }
}

impl Replay {
    /// The model of the process of a trace that names none, as it is now.
    #[must_use]
    pub fn checker(&self) -> &Checker {
        self.processes[&0].checker()
    }

    /// Takes the lines of a trace.
    ///
    /// # Errors
    ///
    /// The first line that is not understood.
    pub fn read(&mut self, trace: &str) -> Result<(), BadLine> {
        let mut lines = Lines::default();
        for line in trace.lines() {
            if let Some(observation) = lines.read(line)? {
                self.step(&observation);
            }
        }
        Ok(())
    }

    /// Takes one observation. Suspicions that are due before its time are asked about first.
    pub fn step(&mut self, it: &Observation<'_>) {
        match it.what {
            // What was before the gap, or the other program, was before all of it.
            What::Dropped { .. } | What::Fork { .. } | What::Start { .. } => self.go_to(Nanos::MAX),
            _ => self.go_to(it.at),
        }
        if let What::EmptyWaits { .. } = it.what {
            for one in it.each_wait() {
                let place = self.ahead.partition_point(|other| other.at <= one.at);
                self.ahead.insert(place, one);
            }
        } else {
            self.take(it);
        }
    }

    /// The waits up to this time.
    fn go_to(&mut self, time: Nanos) {
        while self.ahead.front().is_some_and(|it| it.at <= time) {
            let Some(it) = self.ahead.pop_front() else { break };
            self.take(&it);
        }
    }

    fn take(&mut self, it: &Observation<'_>) {
        self.now = it.at;
        match it.what {
            What::Fork { parent } => {
                if let Some(copy) = self.processes.get(&parent).filter(|_| parent != it.pid) {
                    let copy = copy.forked();
                    self.settle_sites(it.pid);
                    self.processes.insert(it.pid, copy);
                }
            }
            What::Start { .. } => {
                self.is_recorded = true;
                self.settle_sites(it.pid);
            }
            _ => {}
        }
        let new = if self.is_recorded { Process::recorded } else { Process::default };
        let process = self.processes.entry(it.pid).or_insert_with(new);
        let found = &mut self.found;
        process.step(it, |finding| found.push(Found::new(it.pid, finding)));
    }

    /// The process is gone, or executes another program: what was found in it has its places now.
    fn settle_sites(&mut self, pid: Pid) {
        let Some(process) = self.processes.get(&pid) else { return };
        let of_it = |found: &&mut Found| found.pid == pid && found.stacks.is_empty();
        for found in self.found.iter_mut().filter(of_it) {
            let sites = found.finding.sites.iter();
            let mut belongs = sites.clone().map(|&(_, site)| (found.finding.fd, site));
            let belongs = belongs.find_map(|(fd, site)| process.sites.belongs(fd, site));
            found.belongs = belongs.unwrap_or_default();
            found.stacks = sites.map(|&(_, site)| process.sites.frames(site)).collect();
            found.since_1970 = process.since_1970(found.finding.at);
        }
    }

    /// Lets time pass, and asks about the suspicions that are due before then.
    pub fn pass(&mut self, until: Nanos) {
        self.go_to(until);
        self.now = until;
        let found = &mut self.found;
        for (&pid, process) in &mut self.processes {
            process.pass(until, |finding| found.push(Found::new(pid, finding)));
        }
    }

    /// The trace ends; returns what was found.
    #[must_use]
    pub fn finish(self) -> Vec<Finding> {
        self.found().into_iter().map(|found| found.finding).collect()
    }

    /// The trace ends; returns what was found, and all that the trace says of it.
    #[must_use]
    pub fn found(mut self) -> Vec<Found> {
        self.go_to(Nanos::MAX);
        let found = &mut self.found;
        for (&pid, process) in &mut self.processes {
            process.finish(self.now, |finding| found.push(Found::new(pid, finding)));
        }
        let pids: Vec<Pid> = self.processes.keys().copied().collect();
        pids.into_iter().for_each(|pid| self.settle_sites(pid));
        self.found
    }
}

impl Found {
    const fn new(pid: Pid, finding: Finding) -> Self {
        Self { pid, finding, since_1970: None, stacks: Vec::new(), belongs: Vec::new() }
    }
}
