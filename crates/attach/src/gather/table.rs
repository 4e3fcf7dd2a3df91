//! The descriptors of a process: which numbers are open to which files, without opening any.
//!
//! Each is looked at once (stat). Only what is no socket, pipe or device has its link read.
//!
//! Surprising: of a process with many descriptors most are not looked at. That a number is open is known from the
//! folder, and what it is open to from the epoll's list; a socket of which a verdict may be is looked up (`look.rs`).

use super::devices::{Devices, id};
use super::folder::{Folder, whole};
use crate::look::{FileId, Registration};
use crate::texts::fdinfo;
use crate::texts::links::{self, Anonymous};
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use rustix::fd::OwnedFd;
use rustix::fs::FileType;
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::fmt::Display;

/// The open numbers of a process.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) open: FxHashMap<i32, Entry>,
    /// Of the epolls among them.
    pub(crate) lists: BTreeMap<i32, List>,
    /// The open texts of long ones.
    texts: BTreeMap<i32, OwnedFd>,
    devices: Devices,
    /// What all epolls are: the inode that files without a path share.
    anonymous: Option<(FileId, FileType)>,
    /// It has more descriptors than [`MANY`].
    is_large: bool,
}

/// A number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) id: FileId,
    pub(crate) kind: FileType,
    /// What its link says, of a file without a path.
    pub(crate) anonymous: Option<Anonymous>,
}

impl Entry {
    pub(crate) fn is_epoll(&self) -> bool {
        self.anonymous == Some(Anonymous::Epoll)
    }

    /// Others may have the same inode.
    pub(crate) fn is_without_a_path(&self) -> bool {
        self.anonymous.is_some() || self.kind == FileType::Unknown
    }
}

/// An epoll's list, as it was read.
#[derive(Debug, Clone, Default)]
pub(crate) struct List {
    pub(crate) flags: u32,
    pub(crate) registrations: Vec<Registration>,
}

/// A list that is longer than this, in bytes, stays open for the second look.
const KEPT: usize = 64 << 10;

/// Of a process with more descriptors than these, a number that is registered once, as a socket or a pipe, is taken to
/// be that file: whoever finds that a socket is not quiet looks it up. What is missed is a ghost that nothing is told
/// of, and one of a pipe, whose state does not show.
const MANY: usize = 2000;

impl Table {
    /// Reads the table, and the lists of all epolls.
    pub(crate) fn of(
        process: &Folder,
        folder: &Folder,
        buffer: &mut Vec<u8>,
    ) -> Result<Self, Errno> {
        let numbers = folder.numbers()?;
        let is_large = numbers.len() > MANY;
        let mut table = Self { devices: Devices::get(), is_large, ..Self::default() };
        table.open.reserve(numbers.len());
        let mut registered: FxHashMap<i32, Option<FileId>> = FxHashMap::default();
        for &fd in &numbers {
            table.look_up_as(folder, fd, registered.get(&fd).copied().flatten());
            if !table.open.get(&fd).is_some_and(Entry::is_epoll) {
                continue;
            }
            table.read_list(process, fd, buffer);
            let list = table.lists.get(&fd).filter(|_| is_large);
            for one in list.into_iter().flat_map(|list| &list.registrations) {
                // Twice the same number: one of them is a ghost.
                registered.entry(one.fd).and_modify(|id| *id = None).or_insert(one.file);
            }
        }
        Ok(table)
    }

    /// The same at a second look: sockets are taken to be what they were, of a large process also pipes and files without
    /// a path, and lists are read anew. New numbers are left out; what is judged was there before.
    pub(crate) fn again(mut self, process: &Folder, folder: &Folder, buffer: &mut Vec<u8>) -> Self {
        self.lists.clear();
        let is_taken = |entry: &Entry| {
            let is_known = self.devices.kind(entry.id).is_some() || entry.anonymous.is_some();
            entry.kind == FileType::Socket || self.is_large && is_known && !entry.is_epoll()
        };
        let others = self.open.iter().filter(|(_, entry)| !is_taken(entry)).map(|(&fd, _)| fd);
        for fd in others.collect::<Vec<_>>() {
            self.look_up(folder, fd);
            if self.open.get(&fd).is_some_and(Entry::is_epoll) {
                self.read_list(process, fd, buffer);
            }
        }
        self
    }

    /// Reads an epoll's list, if it may be read.
    fn read_list(&mut self, process: &Folder, fd: i32, buffer: &mut Vec<u8>) {
        let kept = self.texts.remove(&fd);
        let Ok(file) = kept.map_or_else(|| process.file(&format!("fdinfo/{fd}")), Ok) else {
            return;
        };
        let Ok(text) = whole(&file, buffer) else { return };
        let flags = fdinfo::info(&text[..text.len().min(256)]).flags.unwrap_or(0);
        self.lists.insert(fd, List { flags, registrations: fdinfo::registrations(text) });
        if text.len() > KEPT {
            self.texts.insert(fd, file);
        }
    }

    /// Looks at a number that is open to this file, as far as that is known: `/proc/PID/fd` is open.
    fn look_up_as(&mut self, folder: &Folder, fd: i32, id: Option<FileId>) {
        let known = id.and_then(|id| Some((id, self.devices.kind(id)?)));
        if let Some((id, kind)) = known {
            self.open.insert(fd, Entry { id, kind, anonymous: None });
            return;
        }
        // All files without a path have one inode: the link says more than it, and is there for both.
        let mut space = [0; 4096];
        if let Some((id, kind)) = self.anonymous.filter(|&(shared, _)| id == Some(shared)) {
            let link = folder.link(fd, &mut space).ok().and_then(links::anonymous);
            if let Some(name) = link.filter(|name| *name != Anonymous::Other) {
                self.open.insert(fd, Entry { id, kind, anonymous: Some(name) });
                return;
            }
        }
        self.look_up(folder, fd);
    }

    /// Looks at a number of which nothing is known.
    pub(crate) fn look_up(&mut self, folder: &Folder, fd: i32) {
        let Some(entry) = entry(folder, fd) else {
            self.open.remove(&fd);
            return;
        };
        if entry.is_epoll() {
            self.anonymous = Some((entry.id, entry.kind));
        }
        self.open.insert(fd, entry);
    }

    /// The files that more than one number is open to.
    pub(crate) fn shared(&self) -> FxHashSet<FileId> {
        let mut once = FxHashSet::with_capacity_and_hasher(self.open.len(), FxBuildHasher);
        self.open.values().map(|entry| entry.id).filter(|id| !once.insert(*id)).collect()
    }

    /// The inode of a socket, if the number is one.
    pub(crate) fn socket(&self, fd: i32) -> Option<u64> {
        let entry = self.open.get(&fd)?;
        (entry.kind == FileType::Socket).then_some(entry.id.inode)
    }

    /// Whether a file is a socket, whoever has it open.
    pub(crate) fn is_socket(&self, id: FileId) -> bool {
        self.devices.kind(id) == Some(FileType::Socket)
    }
}

/// What a number is open to: below `/proc/PID/fd`, or whatever its name is in this folder.
pub(crate) fn entry(folder: &Folder, name: impl Display + Copy) -> Option<Entry> {
    let stat = folder.stat(name).ok()?;
    let kind = FileType::from_raw_mode(stat.st_mode);
    let has_a_link_to_read = matches!(kind, FileType::Unknown | FileType::RegularFile);
    let mut space = [0; 4096];
    let link = if has_a_link_to_read { folder.link(name, &mut space).ok() } else { None };
    Some(Entry { id: id(&stat), kind, anonymous: link.and_then(links::anonymous) })
}
