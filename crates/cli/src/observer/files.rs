//! Where the observer writes: standard error, a descriptor that the command was started with, or a file that
//! it has opened before the program ran, and holds.
//!
//! What is written is whole, or nothing: the limit of file sizes is looked at before, and what was begun is
//! taken back.

use crate::inherited;
use crate::report_path;
use epshim_check::Options;
use epshim_check::options::{Color, expand};
use epshim_check::place::Place;
use epshim_page::mail;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, fstat, ftruncate};
use rustix::io::{Errno, write};
use rustix::process::{Resource, getrlimit};
use std::fs::OpenOptions;
use std::io::IsTerminal as _;
use std::os::fd::{AsRawFd as _, OwnedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt as _;

/// FIFOs, which are opened once: a reader sees the end when they are closed.
#[derive(Debug, Default)]
pub struct Held {
    pub text: Option<OwnedFd>,
    pub json: Option<OwnedFd>,
}

/// The places.
#[derive(Debug)]
pub struct Files {
    text: Option<OwnedFd>,
    json: Option<OwnedFd>,
    /// What the library may have written here: a bit for each place.
    pub held: u32,
    pub colour: bool,
}

impl Files {
    /// Opens what the options name. What cannot be opened is the library's to complain of.
    pub fn open(options: &Options, held: Held, pid: u32) -> Self {
        let mut bits = 0;
        let mut open = |path: &Option<String>, fifo: Option<OwnedFd>, place: mail::Place| {
            let file = fifo.or_else(|| file(path.as_deref()?, pid));
            bits |= u32::from(file.is_some()) << place as u32;
            file.or_else(|| descriptor(path.as_deref()?))
        };
        let text = open(&options.log_path, held.text, mail::Place::Text);
        let json = open(&options.json, held.json, mail::Place::Json);
        let is_stderr = options.log_path.is_none() && !inherited::was_closed(2);
        let text = text.or_else(|| is_stderr.then(|| inherited::copy(2)).flatten());
        let is_terminal = text.as_ref().is_some_and(|file| file.is_terminal());
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colour = match options.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && !no_color,
        };
        Self { text, json, held: bits, colour }
    }

    /// The descriptors.
    pub fn numbers(&self) -> impl Iterator<Item = RawFd> {
        [&self.text, &self.json].into_iter().flatten().map(|file| file.as_raw_fd())
    }

    /// Writes both forms. Nothing can be done where that fails.
    pub fn put(&self, text: &str, json: &str) {
        let _ = self.write(mail::Place::Text, text.as_bytes());
        let _ = self.write(mail::Place::Json, json.as_bytes());
    }

    /// Writes one.
    pub fn write(&self, place: mail::Place, text: &[u8]) -> Result<(), Errno> {
        let file = match place {
            mail::Place::Text => &self.text,
            mail::Place::Json => &self.json,
        };
        file.as_ref().map_or(Ok(()), |file| whole(file, text))
    }
}

/// The file of this path, if it is one.
fn file(path: &str, pid: u32) -> Option<OwnedFd> {
    let Place::File(path) = Place::of(path) else { return None };
    let path = report_path::find(&expand(&path, pid)).ok()?;
    let flags = libc::O_APPEND | libc::O_NONBLOCK | libc::O_NOFOLLOW | libc::O_NOCTTY;
    // The mode is the library's: 0666.
    let mut options = OpenOptions::new();
    options.append(true).create(true).custom_flags(flags);
    let file: OwnedFd = options.open(path).ok()?.into();
    let kind = FileType::from_raw_mode(fstat(&file).ok()?.st_mode);
    (kind == FileType::RegularFile || kind == FileType::CharacterDevice).then_some(file)
}

/// A copy of the descriptor that it is.
fn descriptor(path: &str) -> Option<OwnedFd> {
    let Place::Descriptor(descriptor) = Place::of(path) else { return None };
    let is_own =
        descriptor.process.is_none_or(|process| u32::try_from(process) == Ok(std::process::id()));
    inherited::copy(descriptor.number).filter(|_| is_own)
}

fn whole(file: &OwnedFd, text: &[u8]) -> Result<(), Errno> {
    let stat = fstat(file)?;
    let is_regular = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    let start = u64::try_from(stat.st_size).unwrap_or(0);
    let limit = getrlimit(Resource::Fsize).current.unwrap_or(u64::MAX);
    if is_regular && start.saturating_add(text.len() as u64) > limit {
        return Err(Errno::FBIG);
    }
    let (written, outcome) = stream(file, text);
    if outcome.is_err() && is_regular && written > 0 {
        let is_end =
            fstat(file).is_ok_and(|stat| u64::try_from(stat.st_size) == Ok(start + written as u64));
        if is_end {
            let _ = ftruncate(file, start);
        }
    }
    outcome
}

/// How much was written, and how it ended. A reader that does not read is waited for, a second at most.
fn stream(file: &OwnedFd, text: &[u8]) -> (usize, Result<(), Errno>) {
    const PATIENCE: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
    let mut written = 0;
    while written < text.len() {
        match write(file, &text[written..]) {
            Ok(more) => written += more,
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                let mut room = [PollFd::new(file, PollFlags::OUT)];
                if poll(&mut room, Some(&PATIENCE)) == Ok(0) {
                    return (written, Err(Errno::AGAIN));
                }
            }
            Err(error) => return (written, Err(error)),
        }
    }
    (written, Ok(()))
}
