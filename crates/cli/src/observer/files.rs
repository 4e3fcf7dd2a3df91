//! Where the observer writes: standard error, a descriptor that the command was started with, or a file that
//! it has opened before the program ran, and holds.
//!
//! What is written is whole, or nothing, as in the library (`epshim-append`).

use crate::inherited;
use crate::report_path;
use epshim_check::Options;
use epshim_check::options::{Color, expand};
use epshim_page::mail;
use epshim_report::Medium;
use epshim_report::place::Place;
use rustix::fs::{FileType, fstat};
use rustix::io::Errno;
use rustix::termios::tcgetwinsize;
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
    colour: bool,
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

    /// How the text is to look. A window may have another width by now.
    pub fn medium(&self) -> Medium {
        let size = self.text.as_ref().and_then(|file| tcgetwinsize(file).ok());
        let columns = size.map(|size| size.ws_col).filter(|&columns| columns > 0);
        Medium { colour: self.colour, columns }
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
            mail::Place::Lines | mail::Place::Profile => return Ok(()),
        };
        let is_ours = self.held >> place as u32 & 1 == 1;
        file.as_ref().map_or(Ok(()), |file| epshim_append::all(file, text, is_ours))
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
