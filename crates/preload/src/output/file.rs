//! A file of a user's choice, opened to append one report and closed again. In a side process.
//!
//! Its path is followed link by link, and what another user could have put there is not opened: see
//! `epshim_report::place`. Nothing is waited for: a FIFO that no process reads is an error.

use crate::output::writing::{self, Unwritten};
use crate::questions::files::with_file;
use epshim_report::place::{self, Entry, Refused};
use rustix::fs::{FileType, OFlags, Stat, fstat, lstat, readlink};
use rustix::io::Errno;
use rustix::process::geteuid;
use std::ffi::{CString, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Appends a text to a file, which is made if there is none.
pub fn append(path: &Path, text: &[u8]) -> Result<(), Unwritten> {
    let user = geteuid().as_raw();
    let found = place::find(path, user, look).map_err(Unwritten::Refused)?;
    let name = CString::new(found.path.as_os_str().as_bytes());
    let name = name.map_err(|_| Unwritten::Failed(Errno::INVAL))?;
    let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE;
    // No part of the path was a link when it was looked at.
    let flags = flags | OFlags::NONBLOCK | OFlags::NOFOLLOW;
    let write = |file| {
        // Looked at again: it may have been made since.
        if found.is_shared && fstat(file)?.st_uid != user {
            return Ok(Err(Unwritten::Refused(Refused::Owner(found.path.clone()))));
        }
        Ok(writing::all(file, text, true))
    };
    with_file(&name, flags, write).unwrap_or_else(|error| Err(Unwritten::Failed(error)))
}

fn look(path: &Path) -> Option<Entry> {
    let path = path.as_os_str().as_bytes();
    let Stat { st_mode, st_uid, .. } = lstat(path).ok()?;
    let kind = FileType::from_raw_mode(st_mode);
    let target = || readlink(path, Vec::new()).ok();
    let target = if kind == FileType::Symlink { Some(target()?) } else { None };
    Some(Entry {
        link: target.map(|target| PathBuf::from(OsString::from_vec(target.into_bytes()))),
        is_folder: kind == FileType::Directory,
        mode: st_mode,
        owner: st_uid,
    })
}
