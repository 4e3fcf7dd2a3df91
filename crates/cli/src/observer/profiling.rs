//! `epshim profile`: the observer sums up what a recording would have, and writes the profile at the end.
//!
//! The rings are emptied as for a recording. Beside that, `asking.rs` asks the kernel about the threads that wait on
//! epolls, `serving.rs` answers those who look on, and `outputs.rs` writes. The profile is made once: when the program ends by itself, which waits for it for
//! at most two seconds, or when it was ended.

mod asking;
mod outputs;
mod peers;
mod serving;
mod times;

use super::recording::{Outcome, Recorder, Recording, Shared};
use crate::profiles::{self, Wanted};
use crate::symbolize::names::Names;
use epshim_attach::gather::now;
use epshim_page::Page;
use epshim_profile::{Ending, Model, Options, Program};
use epshim_report::How;
use std::os::fd::RawFd;

pub use asking::Asking;
pub use outputs::Outputs;
pub use peers::Peers;
pub use serving::Serving;
pub use times::times;

/// What a profile is made of, and where it goes.
#[derive(Debug)]
pub struct Profiling {
    model: Shared,
    wanted: Wanted,
    outputs: Outputs,
    program: Program,
}

impl Profiling {
    /// Opens the files. The error is the reason.
    pub fn begin(wanted: Wanted, program: Program) -> Result<Self, String> {
        let outputs = Outputs::open(&wanted, program.pid.unsigned_abs())?;
        let mut model = Model::new(Options { slow: wanted.slow, keep: wanted.keep });
        model.begin(now());
        Ok(Self { model: Shared::new(model), wanted, outputs, program })
    }

    /// The rings that it is made from.
    pub fn recording(&self) -> Result<Recording, String> {
        Recording::of_profile(self.model.clone())
    }

    /// The descriptors that the observer keeps.
    pub fn numbers(&self) -> impl Iterator<Item = RawFd> {
        self.outputs.numbers()
    }

    /// Begins to ask about the threads. `None`: there is no thread to be had for it.
    pub fn ask(&self, page: &'static Page) -> Option<Asking> {
        Asking::start(self.model.clone(), page, self.outputs.complain_to())
    }

    /// Begins to answer those who look on. `None`: nobody can.
    pub fn serve(&self) -> Option<Serving> {
        Serving::start(self.model.clone(), self.program.clone(), self.wanted.redacts)
    }

    /// Makes the profile and writes it, unless that was done. `how`: the program has ended, not by itself.
    pub fn finish(&self, recorder: Option<Recorder>, how: Option<How>, lines: &str) {
        let outcome = recorder.map_or_else(Outcome::default, Recorder::end);
        let Some(mut model) = self.model.lock().take() else { return };
        let now = now();
        match how {
            Some(How::Signal(signal)) => {
                model.process_ended(now, self.program.pid, Ending::Signal, Some(signal));
            }
            Some(How::Status(_)) => {
                model.process_ended(now, self.program.pid, Ending::Exited, None);
            }
            _ => {}
        }
        model.unwatched(outcome.unrecorded.into());
        let mut profile = model.finish(now, self.program.clone());
        profile.findings = profiles::findings(lines, profile.started);
        profiles::complete(&mut profile, &self.wanted, &mut Names::default());
        self.outputs.write(&profile);
    }
}
