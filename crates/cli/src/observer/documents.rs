//! The documents of a run: SARIF, JUnit, GitHub's annotations, suppressions. They are made of the JSON lines
//! that the watched processes hand over, and written anew whenever there are more of them, so that a program
//! that is killed, and the observer with it, leaves what was found until then.
//!
//! The lines are collected in a file of the kernel's without a name. The library writes them by the mail, and
//! has an answer when the documents are written: they are there before the program ends. Where the mail is no
//! way it appends to the file itself.
//!
//! Surprising: a document is never changed in its place. Its reader has a whole one, the new or the old.

use crate::inherited;
use crate::output::shown;
use crate::report_path;
use epshim_formats::{Run, github, junit, sarif, silence};
use rustix::fs::{MemfdFlags, fstat, memfd_create};
use std::cell::Cell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd, RawFd};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Sarif,
    Junit,
    /// Lines, each written once.
    Github,
    /// The lines that would silence the run.
    Silence,
}

/// A document.
#[derive(Debug)]
pub struct Document {
    pub form: Form,
    /// `None`: standard error.
    pub path: Option<PathBuf>,
}

/// More lines than these are not made into documents before the end: each finding would cost more than
/// the one before.
const MOST_AT_ONCE: usize = 1 << 20;

/// The documents of a run.
#[derive(Debug)]
pub struct Documents {
    /// The JSON lines.
    lines: File,
    documents: Vec<Document>,
    /// A copy of standard error, for annotations.
    stderr: Option<OwnedFd>,
    run: Run,
    /// Findings whose annotations were written.
    annotated: Cell<usize>,
}

impl Documents {
    /// Writes each document as that of a run that has not ended. The error is the reason.
    pub fn begin(mut documents: Vec<Document>, run: Run) -> Result<Self, String> {
        for document in &mut documents {
            if let Some(path) = &mut document.path {
                *path = checked(path).map_err(|why| format!("{}: {why}", shown(&*path)))?;
            }
        }
        let lines = collector().map_err(|error| format!("memfd_create: {error}"))?;
        let stderr = inherited::copy(2);
        let all = Self { lines, documents, stderr, run, annotated: Cell::new(0) };
        for document in &all.documents {
            let path = document.path.as_deref().unwrap_or(Path::new(""));
            all.write(document, &all.run).map_err(|error| format!("{}: {error}", shown(path)))?;
        }
        Ok(all)
    }

    /// The file of the lines, where the library may append to it: `FD#DEVICE-INODE` of the observer.
    pub fn file(&self) -> String {
        let number = self.lines.as_raw_fd();
        let file = fstat(&self.lines).ok();
        // As the library has it: device and inode.
        #[allow(clippy::useless_conversion)]
        let file = file.map(|stat| (u64::from(stat.st_dev), u64::from(stat.st_ino)));
        let (device, inode) = file.unwrap_or_default();
        format!("{number}#{device}-{inode}")
    }

    /// The descriptors that the observer keeps.
    pub fn numbers(&self) -> impl Iterator<Item = RawFd> {
        [Some(self.lines.as_raw_fd()), self.stderr.as_ref().map(|file| file.as_raw_fd())]
            .into_iter()
            .flatten()
    }

    /// Takes lines, and writes the documents.
    pub fn collect(&self, lines: &[u8]) -> Result<(), rustix::io::Errno> {
        epshim_append::all(&self.lines, lines, true)?;
        if self.length() <= MOST_AT_ONCE {
            self.update();
        }
        Ok(())
    }

    /// Writes the documents. Nothing can be done where that fails.
    pub fn update(&self) {
        let mut run = self.run.clone();
        run.add(&String::from_utf8_lossy(&self.text()));
        for document in &self.documents {
            let _ = self.write(document, &run);
        }
        self.annotated.set(run.findings.len());
    }

    fn length(&self) -> usize {
        self.lines.metadata().map_or(0, |file| usize::try_from(file.len()).unwrap_or(usize::MAX))
    }

    /// The lines that there are by now.
    pub fn lines(&self) -> String {
        String::from_utf8_lossy(&self.text()).into_owned()
    }

    fn text(&self) -> Vec<u8> {
        let mut text = vec![0; self.length()];
        let is_read = self.lines.read_exact_at(&mut text, 0).is_ok();
        if is_read { text } else { Vec::new() }
    }

    fn write(&self, document: &Document, run: &Run) -> io::Result<()> {
        let text = match document.form {
            Form::Sarif => sarif::document(run),
            Form::Junit => junit::document(run),
            Form::Silence => silence::document(run),
            Form::Github => {
                let new = run.findings.iter().skip(self.annotated.get());
                let text: String = new.map(|one| github::annotation(one, &run.root)).collect();
                return self.append(document.path.as_deref(), &text);
            }
        };
        document.path.as_deref().map_or(Ok(()), |path| replace(path, text.as_bytes()))
    }

    /// To a file, or to standard error.
    fn append(&self, path: Option<&Path>, text: &str) -> io::Result<()> {
        if let Some(path) = path {
            let flags = libc::O_NOFOLLOW | libc::O_NOCTTY | libc::O_NONBLOCK;
            let mut options = OpenOptions::new();
            let file = options.append(true).create(true).custom_flags(flags).open(path)?;
            return Ok(epshim_append::all(&file, text.as_bytes(), true)?);
        }
        let Some(stderr) = self.stderr.as_ref().filter(|_| !text.is_empty()) else { return Ok(()) };
        Ok(epshim_append::all(stderr, text.as_bytes(), false)?)
    }
}

/// A file without a name, to read and to append to.
fn collector() -> io::Result<File> {
    let made = memfd_create("epshim-lines", MemfdFlags::CLOEXEC)?;
    // Appending belongs to the opening, and memfd_create(2) has no flag for it.
    let path = format!("/proc/self/fd/{}", made.as_raw_fd());
    OpenOptions::new().read(true).append(true).open(path)
}

/// The path without links, where a document may be written: by the rules for reports, and in place of nothing
/// but a regular file.
fn checked(path: &Path) -> Result<PathBuf, String> {
    let text = path.to_str().ok_or("the name is not UTF-8")?;
    let path = report_path::find(text)?;
    match fs::symlink_metadata(&path) {
        Ok(kind) if !kind.is_file() => Err("it is no regular file".to_owned()),
        _ => Ok(path),
    }
}

/// Puts a document in the place of the one before.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}~", std::process::id()));
    let new = path.with_file_name(name);
    // What a killed process has left.
    let _ = fs::remove_file(&new);
    let mut file = OpenOptions::new().write(true).create_new(true).open(&new)?;
    let written = file.write_all(text).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}
