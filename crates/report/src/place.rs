//! Where a report goes: the place that `json` or `log_path` names, and whether a file there may be opened.
//!
//! `-` and `/dev/fd/N` are descriptors that the program was started with. All else is a file, which is
//! found here link by link, because of folders where every user may make files, as in /tmp. Another user
//! who knows a name beforehand can have put there a link to a file that only the program's user may
//! write, or a file of his own. So nothing in such a folder is opened that is a link or another user's.
//!
//! Nothing here looks at a file itself: the command and the library do, each in its own way, and both
//! hand in what lstat(2) says.
//!
//! Surprising: what has a descriptor's number is not always what had it. So the command adds which
//! process and which file it means: `/proc/4711/fd/7#45-1234` is descriptor 7 of process 4711, as long as
//! that is inode 1234 of device 45.

use epshim_check::options::expand;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::path::{Component, Path, PathBuf};

/// What an option names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A descriptor that the program was started with.
    Descriptor(Inherited),
    /// A file; `%p` is the process id.
    File(String),
}

/// A descriptor that a process was started with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inherited {
    /// The number.
    pub number: i32,
    /// The process, if it is said.
    pub process: Option<i32>,
    /// The device and the inode, if they are said.
    pub file: Option<(u64, u64)>,
}

impl Place {
    /// What the value of an option means.
    #[must_use]
    pub fn of(value: &str) -> Self {
        let here = |number| Inherited { number, process: None, file: None };
        let descriptor = match value {
            "-" | "/dev/stdout" => Some(here(1)),
            "/dev/stdin" => Some(here(0)),
            "/dev/stderr" => Some(here(2)),
            _ => {
                let number = ["/dev/fd/", "/proc/self/fd/"]
                    .iter()
                    .find_map(|folder| value.strip_prefix(folder)?.parse().ok());
                number.map(here).or_else(|| said(value))
            }
        };
        let descriptor = descriptor.filter(|descriptor| descriptor.number >= 0);
        descriptor.map_or_else(|| Self::File(value.to_owned()), Self::Descriptor)
    }

    /// As a reader is told of it; for the process of this id.
    #[must_use]
    pub fn name(&self, pid: u32) -> String {
        match self {
            Self::Descriptor(descriptor) => descriptor.name(),
            Self::File(path) => expand(path, pid),
        }
    }
}

impl Inherited {
    /// As a reader is told of it.
    #[must_use]
    pub fn name(self) -> String {
        match self.number {
            0 => "standard input".to_owned(),
            1 => "standard output".to_owned(),
            2 => "standard error".to_owned(),
            number => format!("descriptor {number}"),
        }
    }
}

/// `/proc/4711/fd/7#45-1234`.
fn said(value: &str) -> Option<Inherited> {
    let (process, rest) = value.strip_prefix("/proc/")?.split_once("/fd/")?;
    let (number, file) = rest.split_once('#')?;
    let (device, inode) = file.split_once('-')?;
    Some(Inherited {
        number: number.parse().ok()?,
        process: Some(process.parse().ok()?),
        file: Some((device.parse().ok()?, inode.parse().ok()?)),
    })
}

/// The value of an option that means it.
impl fmt::Display for Inherited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, .. } = self;
        match (self.process, self.file) {
            (Some(process), Some((device, inode))) => {
                write!(f, "/proc/{process}/fd/{number}#{device}-{inode}")
            }
            _ => write!(f, "/dev/fd/{number}"),
        }
    }
}

/// What lstat(2) says of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it leads, if it is a symbolic link.
    pub link: Option<PathBuf>,
    /// It is a folder.
    pub is_folder: bool,
    /// The permissions.
    pub mode: u32,
    /// The user who owns it.
    pub owner: u32,
}

/// A file that may be opened, by this path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// No part of it is a link.
    pub path: PathBuf,
    /// Every user may make files in its folder: what is opened there must be the user's own.
    pub is_shared: bool,
}

/// Why a file is not opened. Displayed, it is a clause for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// A link where any user may have made it.
    Link(PathBuf),
    /// Another user's, where any user may have made it.
    Owner(PathBuf),
    /// Links that lead to themselves.
    Loop,
}

/// Follows an absolute path for this user. `look`: lstat(2), and `None` where there is nothing.
pub fn find(
    path: &Path,
    user: u32,
    mut look: impl FnMut(&Path) -> Option<Entry>,
) -> Result<Found, Refused> {
    /// As many as the kernel follows (path_resolution(7)).
    const LINKS: usize = 40;
    let mut found = PathBuf::from("/");
    let mut rest = VecDeque::new();
    push(&mut rest, path);
    let mut links = 0;
    let is_shared = |entry: Option<Entry>| entry.is_some_and(|entry| entry.mode & 0o002 != 0);
    let mut shared = is_shared(look(&found));
    while let Some(name) = rest.pop_front() {
        if name == ".." {
            found.pop();
            shared = is_shared(look(&found));
            continue;
        }
        let next = found.join(name);
        let Some(entry) = look(&next) else {
            // A file to come, or an error to come: that is the kernel's matter.
            let is_shared = shared && rest.is_empty();
            let path = rest.iter().fold(next, |path, name| path.join(name));
            return Ok(Found { path, is_shared });
        };
        // Root's folders are no other user's.
        if shared && entry.link.is_some() {
            return Err(Refused::Link(next));
        } else if shared && entry.owner != user && !(entry.is_folder && entry.owner == 0) {
            return Err(Refused::Owner(next));
        }
        if let Some(target) = &entry.link {
            links += 1;
            if links > LINKS {
                return Err(Refused::Loop);
            }
            if target.has_root() {
                found = PathBuf::from("/");
                shared = is_shared(look(&found));
            }
            push(&mut rest, target);
        } else if rest.is_empty() {
            return Ok(Found { path: next, is_shared: shared });
        } else {
            found = next;
            shared = is_shared(Some(entry));
        }
    }
    Ok(Found { path: found, is_shared: false })
}

/// Puts the parts of a path before those that are left.
fn push(rest: &mut VecDeque<OsString>, path: &Path) {
    for part in path.components().rev() {
        match part {
            Component::Normal(name) => rest.push_front(name.to_owned()),
            Component::ParentDir => rest.push_front("..".into()),
            _ => {}
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link(path) => write!(
                f,
                "{} is a symbolic link in a folder where any user could have made it",
                path.display()
            ),
            Self::Owner(path) => write!(
                f,
                "{} is another user's, in a folder where any user could have made it",
                path.display()
            ),
            Self::Loop => f.write_str("too many symbolic links"),
        }
    }
}
