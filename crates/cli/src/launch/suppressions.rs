//! `--suppressions`: what the library can read later is handed on as a path, what only this process can read
//! as text.
//!
//! The library opens the file when the program has started, and its children again, in a process of its own
//! without the shell's descriptors. There `/dev/fd/7`, a process substitution and standard input name
//! nothing, and a FIFO has been read. So they are read here, once; the program finds them read as after
//! any tool.
//!
//! Surprising: the text goes in the environment, where one variable has room for 128 KiB (`MAX_ARG_STRLEN`,
//! execve(2)).

use super::failure::Failure;
use crate::input;
use crate::output::{self, shown};
use epshim_check::Options;
use epshim_check::options::MAX_SUPPRESSIONS;
use epshim_report::Suppressions;
use epshim_report::printable;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd as _;
use std::path::{self, Path, PathBuf};

/// Bytes of text that are handed on. Quoted, they may be twice as many.
const MAX_TEXT: usize = 48 << 10;

/// Lines that are complained of one by one.
const MAX_COMPLAINTS: usize = 8;

/// Sets what `--suppressions` asks for, in place of what the environment has.
pub fn apply(options: &mut Options, path: &Path, absolute: String) -> Result<(), Failure> {
    let read = |file: File| {
        let is_file = file.metadata()?.is_file();
        Ok((is_file, input::text(file, MAX_SUPPRESSIONS)?))
    };
    let is_stdin = path == Path::new("-");
    let file = if is_stdin { standard_input() } else { File::open(path) };
    let (is_file, text) = file.and_then(read).map_err(|error: io::Error| {
        Failure::own(format!("cannot read {}: {error}", shown(path)))
    })?;
    (options.suppressions, options.suppress) = (None, None);
    if is_file && !is_stdin && !is_descriptor(path) {
        options.suppressions = Some(absolute);
        return Ok(());
    }
    let text = effective(&printable::utf8(&text), path);
    if text.len() > MAX_TEXT {
        return Err(Failure::own(format!(
            "cannot hand on {}: it is longer than {} KiB. Write it to a file, and name that.",
            shown(path),
            MAX_TEXT >> 10
        )));
    }
    options.suppress = Some(text).filter(|text| !text.is_empty());
    Ok(())
}

fn standard_input() -> io::Result<File> {
    Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?))
}

/// The lines that have an effect. What is wrong with the others is said here: the library does not see them.
fn effective(text: &str, path: &Path) -> String {
    let (_, complaints) = Suppressions::parse(text);
    for complaint in complaints.iter().take(MAX_COMPLAINTS) {
        output::complain(&format!("suppressions: {}: {complaint}", shown(path)));
    }
    let is_wrong = |number| complaints.iter().any(|complaint| complaint.line == number);
    let lines = text.lines().map(str::trim).zip(1..);
    let lines = lines
        .filter(|(line, number)| !line.is_empty() && !line.starts_with('#') && !is_wrong(*number));
    lines.map(|(line, _)| line).collect::<Vec<_>>().join("\n")
}

/// Whether a path leads to a descriptor of this process: at its end, or behind a link, it is in `/proc`.
fn is_descriptor(path: &Path) -> bool {
    /// The kernel follows no more (path_resolution(7)).
    const LINKS: usize = 40;
    let mut path = path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for _ in 0..LINKS {
        let folder = path.parent().map_or(Ok(PathBuf::from("/")), fs::canonicalize);
        let Ok(folder) = folder else { return false };
        if folder.starts_with("/proc") {
            return true;
        }
        match fs::read_link(&path) {
            Ok(target) => path = folder.join(target),
            Err(_) => return false,
        }
    }
    false
}
