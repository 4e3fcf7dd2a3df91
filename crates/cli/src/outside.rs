//! The profile of a process that runs already: its system calls come from the event stream (`epshim_trace`), and what
//! the kernel counts of its threads is asked as of a program that runs under `epshim profile`.
//!
//! Only ends of calls come from the stream: `epshim_profile::from_outside` has what is not known by that.

use crate::observer::{Peers, Shared, times};
use crate::profiles;
use epshim_attach::gather::{now, since_1970};
use epshim_check::Rule;
use epshim_observe::{Observation, Site, What};
use epshim_profile::{Ending, Model, Options, Profile, Program, from_outside};
use epshim_trace::{Asked, Engine, Refused, Tap};
use std::fs;
use std::time::{Duration, Instant};

/// Between two questions about the threads, and about the sockets.
const TIMES: Duration = Duration::from_millis(100);
const SOCKETS: Duration = Duration::from_millis(500);

/// A process that is watched.
pub struct Outside {
    engine: Engine,
    model: Shared,
    program: Program,
    peers: Peers,
    times_at: Instant,
    sockets_at: Instant,
}

impl Outside {
    /// Begins to watch.
    pub fn of(pid: i32, options: Options) -> Result<Self, Refused> {
        let mut model = Model::new(options);
        let at = now();
        model.begin(at);
        let what = What::Start { epoch: u64::try_from(since_1970().as_nanos()).unwrap_or(0) };
        model.observe(&Observation { at, pid, tid: 0, site: Site(0), what });
        let model = Shared::new(model);
        let told = model.clone();
        let tap = Tap::of(move |it| {
            if let Some(model) = told.lock().as_mut() {
                model.observe(it);
            }
        });
        let off = Rule::ALL.into_iter().collect();
        let asked = Asked { pids: vec![pid], off, tap: Some(tap), ..Asked::default() };
        let engine = Engine::attach(asked)?;
        let program = profiles::program(command(pid), pid.unsigned_abs());
        let now = Instant::now();
        let peers = Peers::default();
        Ok(Self { engine, model, program, peers, times_at: now, sockets_at: now })
    }

    /// Takes what has come since. False: the process has ended.
    pub fn pass(&mut self) -> bool {
        // No rule is on.
        let _ = self.engine.pass();
        if self.times_at.elapsed() >= TIMES {
            self.times_at = Instant::now();
            let waiters = self.model.lock().as_ref().map(Model::waiters).unwrap_or_default();
            for (pid, tid) in waiters {
                times(&self.model, pid, tid);
            }
        }
        if self.sockets_at.elapsed() >= SOCKETS {
            self.sockets_at = Instant::now();
            self.peers.look(&self.model);
        }
        !self.engine.is_over()
    }

    /// The profile so far.
    pub fn so_far(&mut self) -> Option<Profile> {
        self.look();
        let program = self.program.clone();
        let mut profile = self.model.lock().as_mut()?.so_far(now(), program);
        from_outside(&mut profile);
        Some(profile)
    }

    /// Ends the watching.
    pub fn finish(mut self) -> Option<Profile> {
        self.look();
        let mut model = self.model.lock().take()?;
        if self.engine.is_over() {
            model.process_ended(now(), self.program.pid, Ending::Exited, None);
        }
        let mut profile = model.finish(now(), self.program);
        from_outside(&mut profile);
        Some(profile)
    }

    /// A thread that is silent may wait, or may work: it is looked at before anything is said of it.
    fn look(&mut self) {
        self.engine.look_soon();
        let _ = self.engine.pass();
    }
}

/// The command of a process.
fn command(pid: i32) -> Vec<String> {
    let text = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = text.split(|&byte| byte == 0).map(String::from_utf8_lossy);
    let mut words: Vec<String> = words.map(std::borrow::Cow::into_owned).collect();
    while words.last().is_some_and(String::is_empty) {
        words.pop();
    }
    words
}
