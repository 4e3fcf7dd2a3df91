//! `--record` and `epshim profile`: the observer empties the rings of all watched threads, into a file or into the model
//! of a profile.
//!
//! A thread of the observer does it, every few milliseconds. What it takes is kept for a moment and put in the order
//! of its times, for each thread has a ring of its own. The file is emptied before the program runs, and ends with
//! the program that was launched, as the observer does.
//!
//! Surprising: a program that is faster than the disk is not made to wait. What has no room in a ring is lost,
//! the recording says where, and a replay knows nothing of that process from there on.

mod drain;
mod order;
mod outcome;
mod places;
mod sink;
#[allow(unsafe_code)] // tgkill(2)
mod threads;
mod written;

use super::memory::{self, Rings};
use crate::report_path;
use drain::Drain;
use epshim_check::options::expand;
use epshim_ring::Header;
pub use outcome::Outcome;
use rustix::fs::{FlockOperation, flock};
pub use sink::Shared;
use sink::Sink;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::atomic::Ordering::SeqCst;
use std::thread::{self, JoinHandle};
pub use written::Written;

/// Where observations go.
#[derive(Debug)]
pub enum Target {
    File(File),
    Profile(Shared),
}

/// What a recording is written from, and to.
#[derive(Debug)]
pub struct Recording {
    target: Target,
    memory: OwnedFd,
    rings: Rings,
}

impl Recording {
    /// Opens the file, and makes the rings. The error is the reason.
    pub fn begin(path: &str, pid: u32) -> Result<Self, String> {
        Self::to(Target::File(file(path, pid)?))
    }

    /// Makes the rings of a profile.
    pub fn of_profile(model: Shared) -> Result<Self, String> {
        Self::to(Target::Profile(model))
    }

    fn to(target: Target) -> Result<Self, String> {
        let (memory, rings) = memory::make_rings().map_err(|error| format!("rings: {error}"))?;
        Ok(Self { target, memory, rings })
    }

    /// The descriptors that the observer keeps.
    pub fn numbers(&self) -> impl Iterator<Item = RawFd> {
        let file = match &self.target {
            Target::File(file) => Some(file.as_raw_fd()),
            Target::Profile(_) => None,
        };
        [Some(self.memory.as_raw_fd()), file].into_iter().flatten()
    }

    /// The observer's number of the rings.
    pub fn number(&self) -> RawFd {
        self.memory.as_raw_fd()
    }

    /// Begins to record. `None`: there is no thread to be had for it.
    pub fn start(&self) -> Option<Recorder> {
        let sink = match &self.target {
            Target::File(file) => Sink::File(Box::new(Written::new(file.try_clone().ok()?))),
            Target::Profile(model) => Sink::Profile(model.clone()),
        };
        let drain = Drain::new(self.rings, sink);
        let header = self.rings.header;
        let thread =
            thread::Builder::new().stack_size(256 << 10).spawn(move || drain.run()).ok()?;
        Some(Recorder { header, thread })
    }
}

/// The file of a recording. The error is the reason.
pub fn file(path: &str, pid: u32) -> Result<File, String> {
    let path = report_path::find(&expand(path, pid))?;
    open(&path).map_err(|error| error.to_string())
}

/// An empty regular file, locked as long as the observer has it open: a replay waits for the end.
pub fn open(path: &Path) -> io::Result<File> {
    let flags = libc::O_NOFOLLOW | libc::O_NOCTTY | libc::O_NONBLOCK;
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).custom_flags(flags).open(path)?;
    let is_regular = file.metadata()?.is_file();
    if !is_regular {
        return Err(io::Error::other("it is no regular file"));
    }
    // Where a file cannot be locked, the recording is made all the same.
    let _ = flock(&file, FlockOperation::NonBlockingLockExclusive);
    Ok(file)
}

/// A recording that goes on.
#[derive(Debug)]
pub struct Recorder {
    header: &'static Header,
    thread: JoinHandle<Outcome>,
}

impl Recorder {
    /// Ends it: what is in the rings now is its end.
    pub fn end(self) -> Outcome {
        self.header.is_over.store(1, SeqCst);
        self.thread.join().unwrap_or_default()
    }
}
