//! Other processes that may have the same files: children, parents, those of the same session, and, for the files
//! of ghosts, all.
//!
//! A forked child has what its parent had under the same numbers, so only these are compared. A descriptor that was
//! sent over a socket is not found this way.

use super::folder::Folder;
use super::memory::Memory;
use super::{devices, kcmp, threads};
use crate::calls;
use crate::look::{Call, Epoll, FileId, Sharer, Thread};
use crate::texts::links;
use crate::texts::task::{self, Stat};
use rustix::io::Errno;
use std::collections::BTreeSet;

/// Most processes that are looked at for one.
const MOST: usize = 256;

/// Another process.
#[derive(Debug, Clone)]
pub struct Stranger {
    /// Its id.
    pub pid: i32,
    /// What its stat says.
    pub stat: Stat,
}

/// All processes of the machine but this one.
pub(crate) fn strangers() -> Vec<Stranger> {
    let own = std::process::id() as i32;
    let Ok(all) = Folder::all() else { return Vec::new() };
    let mut buffer = Vec::new();
    let pids = all.numbers().unwrap_or_default().into_iter().filter(|&pid| pid != own);
    let mut found = Vec::new();
    for pid in pids {
        let Ok(text) = all.read_short(format_args!("{pid}/stat"), &mut buffer) else { continue };
        if let Some(stat) = task::stat(text) {
            found.push(Stranger { pid, stat });
        }
    }
    found
}

/// Those of them that are related: descendants, the parent and its children, and the same session.
pub(crate) fn related(pid: i32, own: &Stat, all: &[Stranger]) -> Vec<Stranger> {
    let &Stat { parent, session, .. } = own;
    let mut family = BTreeSet::from([pid]);
    // Children have, as a rule, higher numbers; a second pass finds the others.
    for _ in 0..2 {
        for other in all {
            if family.contains(&other.stat.parent) {
                family.insert(other.pid);
            }
        }
    }
    let is_related = |other: &&Stranger| {
        let is_sibling = parent > 1 && (other.stat.parent == parent || other.pid == parent);
        let is_of_session = session.is_some() && other.stat.session == session;
        other.pid != pid
            && !other.stat.has_ended()
            && (family.contains(&other.pid) || is_sibling || is_of_session)
    };
    all.iter().filter(is_related).take(MOST).cloned().collect()
}

/// Those of them that have the same epoll, under the same number: forked ones have. `None`: one of them may have it, and
/// kcmp(2) is not permitted.
pub(crate) fn sharers(
    own: (i32, Option<&str>),
    epoll: &Epoll,
    related: &[Stranger],
) -> Option<Vec<Sharer>> {
    let mut found = Vec::new();
    let numbers: Vec<i32> = [epoll.fd].into_iter().chain(epoll.aliases.iter().copied()).collect();
    for other in related {
        let Ok(folder) = Folder::of(other.pid) else { continue };
        let mut space = [0; 4096];
        for &fd in &numbers {
            if !folder.link(format_args!("fd/{fd}"), &mut space).is_ok_and(links::is_epoll) {
                continue;
            }
            match kcmp::is_same((own.0, epoll.fd), (other.pid, fd)) {
                Ok(true) => {
                    found.push(sharer(own, epoll, other, &folder, fd));
                    break;
                }
                Err(Errno::PERM | Errno::NOSYS) => return None,
                Ok(false) | Err(_) => {}
            }
        }
    }
    Some(found)
}

/// Another process that has the epoll, under a number there.
pub(crate) fn sharer(
    (pid, program): (i32, Option<&str>),
    epoll: &Epoll,
    other: &Stranger,
    folder: &Folder,
    fd: i32,
) -> Sharer {
    let mut space = [0; 4096];
    let its_program = folder.link("exe", &mut space).ok();
    let its_program = its_program.map(|path| String::from_utf8_lossy(path).into_owned());
    let open = folder.below("fd").and_then(|fds| fds.numbers()).unwrap_or_default();
    let is_open = |fd: i32| open.binary_search(&fd).is_ok();
    let registered = epoll.registered().iter().map(|registration| registration.fd);
    Sharer {
        pid: other.pid,
        name: other.stat.name.clone(),
        fd,
        is_other_program: its_program.is_some() && its_program.as_deref() != program,
        is_child: other.stat.parent == pid,
        waiters: waiters(folder, fd),
        not_open: registered.filter(|&fd| !is_open(fd)).take(16).collect(),
    }
}

/// Groups the epolls of all processes: those that are the same are together. What cannot be compared is alone.
pub(crate) fn grouped(epolls: impl Iterator<Item = (i32, i32)>) -> Vec<Vec<(i32, i32)>> {
    // In kcmp's order, so that an epoll is found in few comparisons.
    let mut groups: Vec<Vec<(i32, i32)>> = Vec::new();
    let mut alone = Vec::new();
    for epoll in epolls {
        let (mut low, mut high) = (0, groups.len());
        let place = loop {
            if low >= high {
                break Ok(Err(low));
            }
            let middle = low + (high - low) / 2;
            match kcmp::order(epoll, groups[middle][0]) {
                Ok(0) => break Ok(Ok(middle)),
                Ok(1) => high = middle,
                Ok(_) => low = middle + 1,
                Err(error) => break Err(error),
            }
        };
        match place {
            Ok(Ok(same)) => groups[same].push(epoll),
            Ok(Err(between)) => groups.insert(between, vec![epoll]),
            Err(_) => alone.push(vec![epoll]),
        }
    }
    groups.extend(alone);
    groups
}

fn waiters(process: &Folder, epfd: i32) -> Option<Vec<i32>> {
    let memory = Memory::of(process).ok();
    let threads = threads::threads(process, true, memory.as_ref(), &mut Vec::new()).ok()?;
    let is_known = |thread: &Thread| !matches!(thread.call, Call::Unknown | Call::Sleeping(_));
    if !threads.iter().all(is_known) {
        return None;
    }
    let waits = |thread: &&Thread| {
        calls::waited(&thread.call) == Some(epfd)
            || thread.polled.as_ref().is_some_and(|polled| polled.contains(&epfd))
    };
    Some(threads.iter().filter(waits).map(|thread| thread.tid).collect())
}

/// Who of them has a file, and under which number. `None`: it could not be seen.
pub(crate) fn holder(
    other: &Stranger,
    file: Option<FileId>,
    ghost: (i32, i32, i32, u32),
    is_anonymous: bool,
) -> Option<(Folder, i32)> {
    let folder = Folder::of(other.pid).ok()?;
    let (pid, epfd, fd, nth) = ghost;
    let is_it = |number: i32| {
        let same = || kcmp::is_registered((other.pid, number), (pid, epfd), fd, nth).ok();
        match folder.stat(format_args!("fd/{number}")).ok().map(|stat| devices::id(&stat)) {
            Some(id) if Some(id) == file && is_anonymous => same() == Some(true),
            Some(id) => Some(id) == file,
            None => false,
        }
    };
    // What was forked has it under the same number.
    if is_it(fd) {
        return Some((folder, fd));
    }
    let numbers = folder.below("fd").ok()?.numbers().ok()?;
    let number = numbers.into_iter().find(|&number| is_it(number))?;
    Some((folder, number))
}
