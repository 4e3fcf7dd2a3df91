//! The observer: the one process beside a watched program. It writes the end of the report where the
//! program cannot, because a signal or a function of libc's own has ended it, and it holds the files of
//! `--log` and `--json`.
//!
//! `memory.rs` makes the page that it shares with the library, `start.rs` makes the process, `watch.rs` is
//! what it does, `ends.rs` what it says, `fate.rs` and `pidfd.rs` find out how a process has ended, `files.rs` writes
//! reports and `documents.rs` the documents of `--format`, `recording.rs` empties the rings and `profiling.rs` makes a profile
//! of what is in them.
//!
//! It is made by one clone(2) without an exit signal and without an exec, so that wait(2) in the program
//! does not find it, and it has a session of its own. It never becomes the program's parent and never changes
//! a status. It ends when the program has ended.
//!
//! Surprising: it is a child of the program, because this process becomes the program.

mod asked;
pub mod documents;
mod ends;
mod fate;
pub mod files;
#[allow(unsafe_code)] // a mapping
mod memory;
mod own;
#[allow(unsafe_code)] // an ioctl
mod pidfd;
mod profiling;
mod recording;
mod stalls;
#[allow(unsafe_code)] // clone(2), and what the child does first
mod start;
mod watch;

pub use files::Held;
pub use profiling::{Peers, times};
pub use recording::Shared;
pub use recording::{Written, file as recorded};
pub use start::{clone, leave};

use crate::output::shown;
use crate::profiles::{self, Wanted};
use documents::Documents;
use epshim_check::Options;
use epshim_page::Page;
use profiling::Profiling;
use recording::Recording;
use std::sync::atomic::Ordering::Relaxed;

/// What stands beside the program.
#[derive(Debug)]
pub enum Observer {
    /// Nothing, and why.
    None(String),
    /// The observer of the `epshim check` around this one.
    Around {
        /// `PID.FD`.
        page: String,
        /// Its files are not this one's.
        is_page_only: bool,
    },
    /// Its own.
    Own {
        /// `PID.FD`.
        page: String,
        /// The memory.
        memory: &'static Page,
        /// What more the library is told.
        collect: String,
    },
}

impl Observer {
    /// Starts one, or says why not. `around`: the one of the `epshim check` around this one. The error: what is to be
    /// recorded cannot be.
    pub fn begin(
        options: &Options,
        around: Option<&str>,
        has_own_files: bool,
        held: Held,
        documents: Option<Documents>,
        record: Option<Record>,
    ) -> Result<Self, String> {
        let cannot = |why: &str| record.as_ref().map(|record| record.cannot(why));
        if let Some(why) = Self::cannot_be(options) {
            return cannot(&why).map_or(Ok(Self::None(why)), Err);
        }
        if let Some(page) = around {
            let why = "the epshim check around this one has the observer";
            return match cannot(why) {
                Some(complaint) => Err(complaint),
                None => Ok(Self::Around { page: page.to_owned(), is_page_only: has_own_files }),
            };
        }
        let made = record.as_ref().map(Record::make).transpose();
        let (recording, profiling) =
            made.map_err(|why| cannot(&why).unwrap_or(why))?.unwrap_or_default();
        match start::start(options, held, documents, recording, profiling) {
            Ok((page, memory, collect)) => Ok(Self::Own { page, memory, collect }),
            Err(why) => cannot(&why).map_or(Ok(Self::None(why)), Err),
        }
    }

    /// Why there can be none, as far as that is known before.
    pub fn cannot_be(options: &Options) -> Option<String> {
        if !options.observer {
            return Some("observer=0 asks for none".to_owned());
        }
        (std::process::id() == 1).then(|| "this is process 1, with which all others end".to_owned())
    }

    /// What the library is told of it.
    pub fn options(&self) -> String {
        match self {
            Self::None(_) => String::new(),
            Self::Around { page, is_page_only: true } => format!(":page={page}:page_only=1"),
            Self::Around { page, .. } => format!(":page={page}"),
            Self::Own { page, collect, .. } => format!(":page={page}{collect}"),
        }
    }

    /// The program cannot be run, and this process says so.
    pub fn give_up(&self) {
        if let Self::Own { memory, .. } = self {
            memory.is_given_up.store(1, Relaxed);
        }
    }
}

/// What is made of what the threads record.
#[derive(Debug)]
pub enum Record {
    /// A file, of this path.
    File(String),
    /// A profile of this command.
    Profile(Wanted, Vec<String>),
}

impl Record {
    fn make(&self) -> Result<(Option<Recording>, Option<Profiling>), String> {
        let pid = std::process::id();
        match self {
            Self::File(path) => Ok((Some(Recording::begin(path, pid)?), None)),
            Self::Profile(wanted, command) => {
                let program = profiles::program(command.clone(), pid);
                let profiling = Profiling::begin(wanted.clone(), program)?;
                Ok((Some(profiling.recording()?), Some(profiling)))
            }
        }
    }

    fn cannot(&self, why: &str) -> String {
        match self {
            Self::File(path) => format!("--record {}: {why}", shown(path)),
            Self::Profile(..) => format!("no profile: {why}"),
        }
    }
}
