//! What an open number is, and in which state, without opening it. Only what is registered is asked: an fdinfo costs
//! ten times as much as a stat.

use super::folder::Folder;
use super::table::Entry;
use crate::look::{File, Kind, Socket};
use crate::texts::links::{self, Anonymous, Link};
use crate::texts::{fdinfo, task};
use rustc_hash::FxHashMap;
use rustix::fs::{FileType, getxattr};
use rustix::io::Errno;

/// How many descriptors a process has open: the size of the folder, since Linux 6.2.
pub(crate) fn count(process: &Folder) -> Result<u64, Errno> {
    match process.stat("fd")?.st_size {
        size @ 1.. => Ok(size.unsigned_abs()),
        _ => Ok(process.below("fd")?.numbers()?.len() as u64),
    }
}

/// What a number is. `sockets`: those that were found, and whether all families were asked. `has_state`: whether its
/// fdinfo is asked for its state, which costs ten times as much as the rest.
pub(crate) fn file(
    process: &Folder,
    fd: i32,
    entry: &Entry,
    sockets: &(FxHashMap<u64, Socket>, bool),
    has_state: bool,
    buffer: &mut Vec<u8>,
) -> File {
    let mut file = File { id: Some(entry.id), ..File::default() };
    file.kind = match entry.kind {
        FileType::Socket => match sockets.0.get(&entry.id.inode) {
            Some(socket) => Kind::Socket(Some(Box::new(socket.clone()))),
            None if sockets.1 => Kind::Unlisted { protocol: protocol(process, fd) },
            None => Kind::Socket(None),
        },
        FileType::Fifo => Kind::Pipe,
        _ => match entry.anonymous.filter(|name| *name != Anonymous::Other) {
            Some(name) => nameless(process, fd, name, has_state, buffer),
            None => named(process, fd),
        },
    };
    file
}

/// The protocol of a socket that sock_diag does not list (socket(7), `system.sockprotoname`).
pub(crate) fn protocol(process: &Folder, fd: i32) -> Option<String> {
    let path = format!("{}/fd/{fd}", process.path());
    let mut name = [0; 32];
    let length = getxattr(path, "system.sockprotoname", &mut name).ok()?;
    Some(String::from_utf8_lossy(&name[..length]).trim_end_matches('\0').to_owned())
}

fn named(process: &Folder, fd: i32) -> Kind {
    let mut space = [0; 4096];
    match process.link(format_args!("fd/{fd}"), &mut space).map(links::link) {
        Ok(Link::Anonymous(name)) => Kind::Named(format!("anon_inode:{name}")),
        Ok(Link::Named(name)) => Kind::Named(name),
        Ok(Link::Socket(_)) => Kind::Socket(None),
        Ok(Link::Pipe(_)) => Kind::Pipe,
        Err(_) => Kind::Unknown,
    }
}

/// A file without a path, and its state.
fn nameless(
    process: &Folder,
    fd: i32,
    name: Anonymous,
    has_state: bool,
    buffer: &mut Vec<u8>,
) -> Kind {
    let mut info = || {
        let text = has_state.then(|| process.read_short(format_args!("fdinfo/{fd}"), buffer));
        text.and_then(Result::ok).map(fdinfo::info).unwrap_or_default()
    };
    match name {
        Anonymous::Epoll => Kind::Epoll,
        Anonymous::Event => Kind::Event { count: info().count },
        Anonymous::Timer => Kind::Timer { ticks: info().ticks },
        Anonymous::Inotify => Kind::Inotify,
        Anonymous::Signal => {
            let asked = info().signals;
            let pending = process.read_short("status", buffer).ok().and_then(task::pending_signals);
            Kind::Signal { is_pending: asked.zip(pending).map(|(asked, has)| asked & has != 0) }
        }
        Anonymous::Process => {
            let pid = info().pid.unwrap_or(0);
            Kind::Process { pid, has_ended: has_ended(pid, buffer) }
        }
        Anonymous::Ring => Kind::Ring,
        Anonymous::Other => Kind::Unknown,
    }
}

/// A zombie has ended, though its pidfd still shows its number.
fn has_ended(pid: i32, buffer: &mut Vec<u8>) -> Option<bool> {
    match pid {
        // Reaped: the kernel shows -1.
        -1 => Some(true),
        1.. => {
            let folder = Folder::of(pid).ok()?;
            let stat = task::stat(folder.read_short("stat", buffer).ok()?)?;
            Some(stat.has_ended())
        }
        _ => None,
    }
}

/// The flags of an open file.
pub(crate) fn flags(process: &Folder, fd: i32, buffer: &mut Vec<u8>) -> Option<u32> {
    fdinfo::info(process.read_short(format_args!("fdinfo/{fd}"), buffer).ok()?).flags
}
