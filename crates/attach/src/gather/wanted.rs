//! Which sockets a look asks for, and of which families they are.

use super::files;
use super::folder::Folder;
use super::table::Table;
use crate::calls::{self, Shape};
use crate::diag::Dump;
use crate::look::{Call, Look};
use rustc_hash::FxHashSet;

/// The sockets that are asked for.
pub(crate) struct Wanted {
    pub(crate) inodes: FxHashSet<u64>,
    /// Numbers that are open to them, for each socket one.
    pub(crate) open: Vec<i32>,
}

/// As many of the sockets say themselves of which family they are.
const SAMPLE: usize = 16;

impl Wanted {
    /// All sockets that are registered, ghosts included, and those that a thread is blocked on.
    pub(crate) fn of(look: &Look, table: &Table) -> Self {
        let (mut wanted, mut open) = (FxHashSet::default(), Vec::new());
        let mut want_open = |wanted: &mut FxHashSet<u64>, fd: i32| {
            let is_new = table.socket(fd).is_some_and(|inode| wanted.insert(inode));
            open.extend(is_new.then_some(fd));
        };
        for registration in look.epolls.iter().flat_map(|epoll| epoll.registered()) {
            want_open(&mut wanted, registration.fd);
            let ghost = registration.file.filter(|&file| table.is_socket(file));
            wanted.extend(ghost.map(|file| file.inode));
        }
        for thread in &look.threads {
            if let Some(fd) = blocked_on(&thread.call) {
                want_open(&mut wanted, fd);
            }
        }
        Self { inodes: wanted, open }
    }

    /// The families to ask, those that a sample is of first. Where that is all of them, no other is asked: the dump of
    /// one has the sockets of the whole machine.
    pub(crate) fn families(&self, process: &Folder) -> Vec<Dump> {
        let step = self.open.len().div_ceil(SAMPLE).max(1);
        let sample = self.open.iter().step_by(step);
        let names: Vec<_> = sample.map(|&fd| files::protocol(process, fd)).collect();
        let mut families: Vec<Dump> =
            names.iter().flatten().filter_map(|name| Dump::of(name)).collect();
        let is_all = self.inodes.len() <= names.len() && names.iter().all(Option::is_some);
        if !is_all || step > 1 {
            families.extend(Dump::ALL);
        }
        let mut seen = Vec::new();
        families.retain(|family| {
            let is_new = !seen.contains(family);
            seen.push(*family);
            is_new
        });
        families
    }
}

/// The descriptor that a call reads or writes.
pub(crate) fn blocked_on(call: &Call) -> Option<i32> {
    let &Call::In { number, arguments: [first, ..], .. } = call else { return None };
    let is_on_a_file = matches!(calls::known(number)?.shape, Shape::Reads | Shape::Writes);
    is_on_a_file.then_some(first as i32)
}
