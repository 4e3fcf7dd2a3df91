//! Go: the program carries the table of its functions, stripped or not.

use super::frame::Frame;
use super::loaded::Loaded;
use super::remote::Remote;
use crate::gather::Folder;
use crate::look::{Call, Thread};
use crate::texts::maps::Mapping;
use epshim_interpreters::go::{self, Inlined, Table};

/// A program, and what is known of it.
#[derive(Debug)]
pub(super) struct Go {
    loaded: Loaded,
    inlined: Option<Inlined>,
    /// Where `runtime.allgs` is; a stripped program does not say.
    goroutines: Option<u64>,
}

/// The most goroutines that are walked to find those that wait, and the most of these.
const MOST_LOOKED_AT: usize = 1000;
const MOST_WAITING: usize = 3;

const NO_TABLE: &str = "its table of functions (.gopclntab) is of a version of Go that is not known: its files and \
                        lines are not shown";

impl Go {
    /// Finds its tables. An error is a sentence.
    pub(super) fn find(
        process: &Folder,
        memory: &mut Remote<'_>,
        mappings: &[Mapping],
    ) -> Result<Self, String> {
        let loaded = Loaded::program(process, mappings)
            .ok_or_else(|| "the file of the Go program cannot be read".to_owned())?;
        let found = Self::tables(&loaded, memory);
        let (inlined, goroutines) = found.ok_or_else(|| NO_TABLE.to_owned())?;
        Ok(Self { loaded, inlined, goroutines })
    }

    fn tables(loaded: &Loaded, memory: &mut Remote<'_>) -> Option<(Option<Inlined>, Option<u64>)> {
        let file = loaded.file()?;
        let go = file.go()?;
        let table = Table::parse(go.table, go.text)?;
        let at = |address: u64| address.wrapping_add(loaded.moved_by);
        let data: Vec<_> = go.data.iter().map(|data| at(data.start)..at(data.end)).collect();
        let inlined = Inlined::find(memory, &table, at(go.address), &data);
        Some((inlined, file.symbol("runtime.allgs").map(at)))
    }

    /// The frames of a thread: of one that is blocked by its registers, of another by what the scheduler has kept of its
    /// goroutine.
    pub(super) fn frames(&self, memory: &mut Remote<'_>, thread: &Thread, id: u64) -> Vec<Frame> {
        let mut frames = match thread.call {
            Call::In { sp, pc, .. } | Call::Blocked { sp, pc } => self.walk(memory, pc, sp),
            _ => Vec::new(),
        };
        if frames.iter().any(|frame| frame.is_users) {
            return frames;
        }
        let kept = self.goroutines.and_then(|list| go::kept(memory, list, id));
        if let Some(kept) = kept {
            let other = self.walk(memory, kept.instruction, kept.stack);
            let is_whole =
                other.last().is_some_and(|last| last.function.starts_with("runtime.goexit"));
            if is_whole {
                frames = other;
            }
        }
        frames
    }

    /// The frames of goroutines that wait and have code of the user's among their callers.
    pub(super) fn waiting(&self, memory: &mut Remote<'_>) -> Vec<Vec<Frame>> {
        let Some(list) = self.goroutines else { return Vec::new() };
        let kept = go::waiting(memory, list, MOST_LOOKED_AT);
        let walked = kept.iter().map(|kept| self.walk(memory, kept.instruction, kept.stack));
        let waits = |frames: &Vec<Frame>| {
            // One that has ended is elsewhere.
            frames.first().is_some_and(|frame| frame.function == "runtime.gopark")
                && frames.iter().any(|frame| frame.is_users)
        };
        walked.filter(waits).take(MOST_WAITING).collect()
    }

    fn walk(&self, memory: &mut Remote<'_>, instruction: u64, stack: u64) -> Vec<Frame> {
        let Some(file) = self.loaded.file() else { return Vec::new() };
        let Some(table) = file.go().and_then(|go| Table::parse(go.table, go.text)) else {
            return Vec::new();
        };
        let moved_by = self.loaded.moved_by;
        let text = self.inlined.map(|inlined| inlined.text.wrapping_sub(moved_by));
        let table = text.map_or(table, |text| table.with_text(text));
        let calls = go::calls(memory, &table, self.inlined, moved_by, instruction, stack);
        let is_of_runtime = |call: &&go::Call<'_>| call.place.function.starts_with("runtime.");
        let runtime = calls.iter().find(is_of_runtime).and_then(|call| call.place.file);
        let frame = |call: &go::Call<'_>| {
            let (function, file) = (call.place.function, call.place.file);
            Frame {
                file: file.map(str::to_owned),
                function: function.to_owned(),
                line: call.place.line,
                is_users: go::is_users(function, file, runtime),
            }
        };
        calls.iter().map(frame).collect()
    }
}
