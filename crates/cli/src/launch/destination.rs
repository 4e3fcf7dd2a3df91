//! `--json` and `--log`: whether a report can go where it is asked to, before the program starts.
//!
//! The library opens the file for each report. What it will refuse, this refuses, by the same rules
//! (`epshim_report::place`) and with what to do instead. A descriptor is named by the file that it is: the
//! program, or one that it starts, may have something else behind the same number.
//!
//! Nothing is opened for longer than a look, no file is made, and the program gets no descriptor of it.
//!
//! Surprising: a FIFO is refused even while it is read. The library would open and close it for each report,
//! and after the first one its reader would see the end.

use super::environment::page_around;
use super::failure::Failure;
use crate::args::{CheckOptions, Form};
use crate::inherited;
use crate::observer::{Held, Observer};
use crate::output::{self, shown};
use crate::report_path;
use epshim_check::Options;
use epshim_check::options::expand;
use epshim_report::place::{Inherited, Place};
use rustix::fs::{Access, AtFlags, CWD, accessat};
use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Looks at both places, and names the descriptors among them by their files. What the environment asks for
/// is not refused, as nothing of it is: the library writes to standard error instead.
pub fn prepare(options: &mut Options, asked: &CheckOptions, process: u32) -> Result<Held, Failure> {
    let mut held = Held::default();
    let has_file =
        |form: Form| asked.format.iter().any(|format| format.form == form && format.file.is_some());
    let has_observer = Observer::cannot_be(options).is_none() && page_around().is_none();
    for (option, is_asked, value, fifo) in [
        ("--json", asked.json.is_some() || has_file(Form::Json), &mut options.json, &mut held.json),
        (
            "--log",
            asked.log.is_some() || has_file(Form::Text),
            &mut options.log_path,
            &mut held.text,
        ),
    ] {
        let Some(text) = value else { continue };
        let outcome = match Place::of(text) {
            Place::Descriptor(descriptor) => named(descriptor, process).map(Some),
            Place::File(path) => look_at(&expand(&path, process), has_observer).map(|opened| {
                *fifo = opened;
                None
            }),
        };
        match outcome {
            Ok(name) => *text = name.unwrap_or_else(|| text.clone()),
            Err(reason) if is_asked => {
                return Err(Failure::own(format!("{option} {}: {reason}", shown(&*text))));
            }
            Err(reason) => {
                output::complain(&format!("EPSHIM_OPTIONS: {}: {reason}", shown(&*text)))
            }
        }
    }
    Ok(held)
}

/// The value that means this descriptor of this process, as the file that it is.
fn named(descriptor: Inherited, process: u32) -> Result<String, String> {
    if descriptor.file.is_some() {
        // Another `epshim check` around this one has named it.
        return Ok(descriptor.to_string());
    }
    let number = descriptor.number;
    let found = inherited::descriptor(number);
    let found = found.ok_or_else(|| format!("descriptor {number} is not open"))?;
    if !found.is_for_writing {
        return Err(format!("descriptor {number} is not open for writing"));
    }
    if number > 2 && found.is_socket {
        return Err(format!("descriptor {number} is a socket. Use a pipe or a file."));
    }
    let process = i32::try_from(process).ok();
    Ok(Inherited { number, process, file: Some(found.file) }.to_string())
}

/// Whether the library will append to this file.
fn look_at(path: &str, has_observer: bool) -> Result<Option<OwnedFd>, String> {
    let path = &report_path::find(path)?;
    match fs::symlink_metadata(path) {
        Ok(kind) if kind.file_type().is_fifo() && has_observer => fifo(path).map(Some),
        Ok(kind) if kind.file_type().is_fifo() => {
            let redirection = format!("/dev/fd/9 9>{}", shown(path));
            Err(format!(
                "it is a FIFO, and its reader would see the end after the first report. Let the shell open it \
                 for the whole run: {redirection}"
            ))
        }
        Ok(kind) if kind.file_type().is_socket() => Err("it is a socket".to_owned()),
        Ok(_) => {
            let flags = libc::O_NONBLOCK | libc::O_NOFOLLOW | libc::O_NOCTTY;
            let file = OpenOptions::new().write(true).custom_flags(flags).open(path);
            file.map(|_| None).map_err(|error| error.to_string())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => may_be_made(path).map(|()| None),
        Err(error) => Err(error.to_string()),
    }
}

/// Opens a FIFO, once: its reader sees the end when it is closed. The observer holds it.
fn fifo(path: &Path) -> Result<OwnedFd, String> {
    let flags = libc::O_NONBLOCK | libc::O_NOFOLLOW | libc::O_NOCTTY;
    match OpenOptions::new().write(true).custom_flags(flags).open(path) {
        Ok(file) => Ok(file.into()),
        Err(error) if error.raw_os_error() == Some(libc::ENXIO) => {
            Err("it is a FIFO that no process reads. Start its reader first.".to_owned())
        }
        Err(error) => Err(error.to_string()),
    }
}

fn may_be_made(path: &Path) -> Result<(), String> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let access = accessat(CWD, folder, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS);
    access.map_err(|error| format!("{}: {}", shown(folder), std::io::Error::from(error)))
}
