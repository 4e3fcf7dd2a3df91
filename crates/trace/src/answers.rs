//! What the engine answers: findings, refusals, and the end of each process.

use crate::introduced::Introduced;
use crate::missing::Missing;
use crate::sites::Frames;
use crate::watched::Watched;
use epshim_attach::gather::NoLook;
use epshim_check::{Checker, Finding, Role, Rule, Tally};
use epshim_observe::Pid;
use std::fmt;

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// In which process.
    pub pid: Pid,
    /// What.
    pub finding: Finding,
    /// Its call sites, in its order.
    pub stacks: Vec<(Role, Frames)>,
    /// What its descriptors were open on.
    pub introduced: Vec<Introduced>,
}

/// Why the processes are not watched.
#[derive(Debug)]
pub enum Refused {
    /// What this machine or user lacks.
    Missing(Missing),
    /// A process that cannot be looked at.
    Process(Pid, NoLook),
    /// A process whose calls have other numbers.
    Foreign(Pid),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(missing) => write!(f, "{missing}. `epshim inspect` works without"),
            Self::Process(pid, why) => write!(f, "process {pid}: {why}"),
            Self::Foreign(pid) => write!(
                f,
                "process {pid} is of another architecture, whose system calls have other numbers. `epshim \
                 inspect` works all the same"
            ),
        }
    }
}

/// What there is to say of a process at the end.
#[derive(Debug)]
pub struct Ended {
    /// The process.
    pub pid: Pid,
    /// All that was found.
    pub tally: Tally,
    /// Waits that were seen to end.
    pub waits: u64,
    /// Registrations that were seen to be made.
    pub registrations: u64,
    /// Deliveries of registrations that are not known.
    pub unknown_deliveries: u64,
    /// How often input was gone that the program was not seen to take.
    pub taken_unseen: u64,
    /// Suspicions that were not followed.
    pub dropped_suspicions: Vec<(Rule, u64)>,
    /// It goes on.
    pub runs: bool,
}

pub fn found_in(pid: Pid, watched: &Watched, finding: Finding) -> Found {
    let stacks = watched.stacks(&finding);
    let introduced = watched.introduced(&finding);
    Found { pid, finding, stacks, introduced }
}

pub fn ended(pid: Pid, watched: &Watched, runs: bool) -> Ended {
    let checker: &Checker = watched.checker();
    Ended {
        pid,
        tally: watched.tally(),
        waits: watched.waits,
        registrations: watched.registrations,
        unknown_deliveries: checker.unknown_deliveries(),
        taken_unseen: checker.taken_unseen(),
        dropped_suspicions: checker.dropped_suspicions().collect(),
        runs,
    }
}
