//! All of it, pass by pass: records in, findings out.

use crate::missing::Missing;
use crate::object::Source;
use crate::sites::Frames;
use crate::stream::Stream;
use crate::tap::Tap;
use crate::watched::Watched;
use epshim_attach::gather::{NoLook, now};
use epshim_check::{Checker, Finding, Role, Rule, Tally};
use epshim_observe::{MILLISECOND, Nanos, Pid};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::process::{Pid as RawPid, PidfdFlags, pidfd_open};
use std::collections::BTreeMap;
use std::fmt;
use std::thread;
use std::time::Duration;

/// The pause between two passes: so much longer is the ring buffer not looked at.
const PAUSE: Nanos = 2 * MILLISECOND;
/// Silent threads are looked for this often.
const LOOKS: Nanos = 20 * MILLISECOND;

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// In which process.
    pub pid: Pid,
    /// What.
    pub finding: Finding,
    /// Its call sites, in its order.
    pub stacks: Vec<(Role, Frames)>,
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

/// The processes that are watched.
pub struct Engine {
    stream: Stream,
    running: BTreeMap<Pid, (OwnedFd, Watched)>,
    ended: Vec<Ended>,
    lost: u64,
    looked: Nanos,
}

impl Engine {
    /// Attaches to processes, each named once; without these rules. Who else is told is told all.
    pub fn attach(pids: &[Pid], off: &[Rule], tap: Option<&Tap>) -> Result<Self, Refused> {
        let refused = |pid: Pid| move |why: NoLook| Refused::Process(pid, why);
        let mut handles = Vec::new();
        for &pid in pids {
            let raw = RawPid::from_raw(pid).ok_or(Refused::Process(pid, NoLook::Gone))?;
            let handle = pidfd_open(raw, PidfdFlags::empty());
            handles.push((pid, handle.map_err(NoLook::from).map_err(refused(pid))?));
        }
        let source = Source::attach(pids).map_err(Refused::Missing)?;
        let mut stream = Stream::of(source);
        let mut running = BTreeMap::new();
        for (pid, handle) in handles {
            let watched = Watched::of(pid, off, tap, &mut stream).map_err(refused(pid))?;
            if !watched.questions().process().is_native {
                return Err(Refused::Foreign(pid));
            }
            running.insert(pid, (handle, watched));
        }
        Ok(Self { stream, running, ended: Vec::new(), lost: 0, looked: 0 })
    }

    /// Whether all processes have ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.running.is_empty()
    }

    /// How many records were lost. What was known until then counts no more.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// All silent threads are looked at in the next pass.
    pub fn look_soon(&mut self) {
        self.looked = 0;
        self.running.values_mut().for_each(|(_, watched)| watched.look_soon());
    }

    /// Waits for a moment, takes what has come meanwhile, and asks about what is due.
    pub fn pass(&mut self) -> Vec<Found> {
        self.pause();
        let gone = self.gone();
        self.take();
        let mut found = Vec::new();
        let now = now();
        if now.saturating_sub(self.looked) >= LOOKS {
            self.looked = now;
            self.running.values_mut().for_each(|(_, watched)| watched.look(now));
        }
        let known = now.saturating_sub(MILLISECOND);
        for (&pid, (_, watched)) in &mut self.running {
            let new = watched.judge(known, &mut self.stream);
            found.extend(new.into_iter().map(|finding| found_in(pid, watched, finding)));
        }
        for pid in gone {
            found.extend(self.end(pid));
        }
        found
    }

    /// Until the next pass, or until a process ends.
    fn pause(&self) {
        let handles = self.running.values().map(|(handle, _)| PollFd::new(handle, PollFlags::IN));
        let mut handles: Vec<_> = handles.collect();
        let pause = Timespec::try_from(Duration::from_nanos(PAUSE)).unwrap_or_default();
        // A signal ends it sooner, which does no harm.
        let _ = poll(&mut handles, Some(&pause));
    }

    /// Those that have ended.
    fn gone(&self) -> Vec<Pid> {
        let has_ended = |handle: &OwnedFd| {
            let mut polled = [PollFd::new(handle, PollFlags::IN)];
            poll(&mut polled, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
        };
        let gone = self.running.iter().filter(|(_, (handle, _))| has_ended(handle));
        let gone: Vec<Pid> = gone.map(|(&pid, _)| pid).collect();
        if !gone.is_empty() {
            // Its last records are held back no longer after this.
            thread::sleep(Duration::from_nanos(PAUSE));
        }
        gone
    }

    fn take(&mut self) {
        let lost = self.stream.newly_lost();
        if lost > 0 {
            self.lost += lost;
            self.running.values_mut().for_each(|(_, watched)| watched.lost(lost, &mut self.stream));
        }
        let (records, _) = self.stream.next();
        for record in records {
            if let Some((_, watched)) = self.running.get_mut(&record.pid) {
                watched.take(&record, &mut self.stream);
            }
        }
    }

    fn end(&mut self, pid: Pid) -> Vec<Found> {
        let Some((_, mut watched)) = self.running.remove(&pid) else { return Vec::new() };
        let found = watched.finish(&mut self.stream);
        let found = found.into_iter().map(|finding| found_in(pid, &watched, finding)).collect();
        self.ended.push(ended(pid, &watched, false));
        found
    }

    /// Detaches, and says what there is to say of each process.
    #[must_use]
    pub fn finish(self) -> Vec<Ended> {
        let mut ended_before = self.ended;
        let running = self.running.iter().map(|(&pid, (_, watched))| ended(pid, watched, true));
        ended_before.extend(running);
        ended_before
    }
}

fn found_in(pid: Pid, watched: &Watched, finding: Finding) -> Found {
    let stacks = watched.stacks(&finding);
    Found { pid, finding, stacks }
}

fn ended(pid: Pid, watched: &Watched, runs: bool) -> Ended {
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
