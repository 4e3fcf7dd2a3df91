//! `--record`: what the models are told, into a file that `epshim replay` reads.
//!
//! Names of functions are looked up at the end: a replay has neither the process nor its files.

use super::names::{Names, own};
use crate::args::CheckOptions;
use crate::launch::{Failure, absolute};
use crate::observer;
use crate::output::shown;
use epshim_attach::gather::now;
use epshim_attach::stack;
use epshim_observe::{Frame, Observation, Symbol, What};
use epshim_report::Frame as Named;
use std::os::fd::RawFd;

/// The file of a recording.
pub struct Tape {
    file: observer::Written,
    name: String,
    /// Call sites, which are named at the end.
    places: Vec<Observation<'static>>,
}

impl Tape {
    /// Opens what is asked for.
    pub fn of(asked: &CheckOptions) -> Result<Option<Self>, Failure> {
        let Some(path) = &asked.record else { return Ok(None) };
        let path = absolute(path)?;
        let failed = |why: String| Failure::own(format!("--record {}: {why}", shown(&path)));
        let file = observer::recorded(&path, std::process::id()).map_err(failed)?;
        Ok(Some(Self { file: observer::Written::new(file), name: path, places: Vec::new() }))
    }

    pub fn number(&self) -> RawFd {
        self.file.number()
    }

    /// Writes what there is, with the names that are known. What is returned went wrong, and is returned once.
    pub fn take(
        &mut self,
        all: Vec<Observation<'static>>,
        names: &mut Names,
        is_last: bool,
    ) -> Option<String> {
        for it in all {
            self.file.take(&it);
            if matches!(it.what, What::Place { .. }) {
                self.places.push(it);
            }
        }
        let mut none = Vec::new();
        // A later one of a call site knows it better. To look names up takes long, and the ring would be full.
        for mut it in std::mem::take(if is_last { &mut self.places } else { &mut none }) {
            if let What::Place { frames } = &mut it.what {
                *frames = named(it.pid, std::mem::take(frames), names);
            }
            self.file.take(&it);
        }
        let at = if is_last { u64::MAX } else { now() };
        let failed = |why: String| format!("--record {}: it ends early: {why}", self.name);
        self.file.flush(at).err().map(failed)
    }
}

fn named(pid: i32, frames: Vec<Frame>, names: &mut Names) -> Vec<Frame> {
    let mut named = |frame: Frame| {
        let Frame { module, offset, .. } = frame;
        let module = Some(module).filter(|module| !module.is_empty());
        names.named(pid, stack::Frame { address: offset, module, offset })
    };
    let frames = frames.into_iter().map(&mut named).collect();
    own(frames).into_iter().map(recorded).collect()
}

fn recorded(frame: Named) -> Frame {
    let symbols = frame.symbols.into_iter().map(|symbol| Symbol {
        function: symbol.function,
        file: symbol.file.unwrap_or_default(),
        line: symbol.line.unwrap_or(0),
    });
    Frame {
        module: frame.module,
        offset: frame.offset,
        symbols: symbols.collect(),
        interpreted: None,
    }
}
