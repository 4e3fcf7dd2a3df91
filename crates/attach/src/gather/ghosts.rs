//! Registrations whose number is closed, or open to another file: who keeps the file, and what state it is in.
//!
//! The keeper is looked for in the process itself, then among its kin, and then in all processes; most looks find
//! no ghost, and look for nobody.

use super::folder::Folder;
use super::kin::{self, Stranger};
use super::table::{self, Table};
use super::{files, kcmp};
use crate::look::{Epoll, File, FileId, Keeper, Kind, Registration, Socket};
use rustc_hash::FxHashMap;
use std::collections::HashSet;

/// Most ghosts of an epoll whose keepers are looked for.
const MOST: usize = 16;

/// What is known when ghosts are looked for.
pub(crate) struct Seen<'a> {
    pub(crate) process: &'a Folder,
    pub(crate) pid: i32,
    /// The id that it is asked by.
    pub(crate) asked: i32,
    pub(crate) table: &'a Table,
    pub(crate) sockets: &'a (FxHashMap<u64, Socket>, bool),
    pub(crate) related: &'a [Stranger],
    pub(crate) all: &'a [Stranger],
}

/// Where in the epoll's list the ghosts are.
pub(crate) fn places(epoll: &Epoll, table: &Table, compared: &[(i32, usize, bool)]) -> Vec<usize> {
    let differs: HashSet<usize> = compared
        .iter()
        .filter(|&&(epfd, _, same)| epfd == epoll.fd && !same)
        .map(|&(_, place, _)| place)
        .collect();
    let is_ghost =
        |(place, registration): &(usize, &Registration)| match table.open.get(&registration.fd) {
            None => true,
            Some(entry) => {
                registration.file.is_some_and(|file| file != entry.id) || differs.contains(place)
            }
        };
    epoll.registered().iter().enumerate().filter(is_ghost).map(|(place, _)| place).collect()
}

/// Who keeps them.
pub(crate) fn keepers(
    seen: &Seen<'_>,
    epoll: &Epoll,
    ghosts: &[usize],
    buffer: &mut Vec<u8>,
) -> Vec<Keeper> {
    let mut keepers = Vec::new();
    for &place in ghosts.iter().take(MOST) {
        let registration = epoll.registered()[place];
        let earlier = epoll.registered()[..place].iter();
        let nth = earlier.filter(|other| other.fd == registration.fd).count() as u32;
        keepers.push(keeper(seen, epoll, &registration, nth, buffer));
    }
    keepers
}

fn keeper(
    seen: &Seen<'_>,
    epoll: &Epoll,
    ghost: &Registration,
    nth: u32,
    buffer: &mut Vec<u8>,
) -> Keeper {
    let mut keeper = Keeper { epfd: epoll.fd, fd: ghost.fd, file: ghost.file, ..Keeper::default() };
    let is_anonymous = is_anonymous(ghost.file, seen.table);
    let own = seen.table.open.iter().filter(|(_, entry)| Some(entry.id) == ghost.file);
    let mut own: Vec<_> = own.collect();
    own.sort_unstable_by_key(|&(&fd, _)| fd);
    let is_it = |fd: i32| {
        !is_anonymous
            || kcmp::is_registered((seen.asked, fd), (seen.asked, epoll.fd), ghost.fd, nth)
                .unwrap_or(false)
    };
    for (&fd, entry) in own {
        if is_it(fd) {
            keeper.by.push((seen.pid, String::new(), fd));
            keeper.state = files::file(seen.process, fd, entry, seen.sockets, true, buffer);
        }
    }
    let identity = (seen.asked, epoll.fd, ghost.fd, nth);
    for group in [seen.related, seen.all] {
        if !keeper.by.is_empty() {
            break;
        }
        for other in group.iter().filter(|other| other.pid != seen.pid) {
            let Some((folder, fd)) = kin::holder(other, ghost.file, identity, is_anonymous) else {
                continue;
            };
            if let Some(entry) = table::entry(&folder, format_args!("fd/{fd}")) {
                keeper.state = files::file(&folder, fd, &entry, seen.sockets, true, buffer);
            }
            keeper.by.push((other.pid, other.stat.name.clone(), fd));
        }
    }
    if let Some(socket) = ghost.file.and_then(|file| seen.sockets.0.get(&file.inode)) {
        let kind = Kind::Socket(Some(Box::new(socket.clone())));
        keeper.state = File { id: ghost.file, kind, ..File::default() };
    }
    keeper
}

/// Whether the file shares its inode with others: as an epoll's own.
fn is_anonymous(file: Option<FileId>, table: &Table) -> bool {
    table.open.values().any(|entry| entry.is_epoll() && Some(entry.id) == file)
}
