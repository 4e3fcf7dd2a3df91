//! The files of all numbers that matter, and their states.

use super::files;
use super::folder::Folder;
use super::table::Table;
use super::wanted::blocked_on;
use crate::calls;
use crate::look::{Epoll, Kind, Look, Socket, Thread};
use rustc_hash::{FxHashMap, FxHashSet};
use rustix::fs::FileType;
use std::collections::BTreeSet;

/// More eventfds, timers and their like than these are not all asked for their state, unless their loop may be stuck:
/// where a thread waits on the epoll, no verdict is about them.
const MOST_ASKED: usize = 1000;

/// Sees them: of what is registered, of what threads wait on, and of what blocked calls are given.
pub(crate) fn see(
    process: &Folder,
    look: &mut Look,
    table: &Table,
    sockets: &(FxHashMap<u64, Socket>, bool),
    buffer: &mut Vec<u8>,
) {
    let mut numbers: Vec<i32> =
        look.epolls.iter().flat_map(|epoll| epoll.registered()).map(|one| one.fd).collect();
    let blocked: BTreeSet<i32> =
        look.threads.iter().filter_map(|thread| blocked_on(&thread.call)).collect();
    numbers.extend(&blocked);
    numbers.extend(look.threads.iter().filter_map(|thread| calls::waited(&thread.call)));
    numbers.sort_unstable();
    numbers.dedup();
    let has_pipes = |fd: &i32| table.open.get(fd).is_some_and(|entry| entry.kind == FileType::Fifo);
    let shared = if numbers.iter().any(has_pipes) { table.shared() } else { FxHashSet::default() };
    let (mut asked, is_any_asked) = (0, may_be_stuck(look));
    let mut found = Vec::with_capacity(numbers.len());
    for fd in numbers {
        let Some(entry) = table.open.get(&fd) else {
            look.closed.push(fd);
            continue;
        };
        let has_state = asked < MOST_ASKED || is_any_asked;
        asked += usize::from(entry.is_without_a_path());
        let mut file = files::file(process, fd, entry, sockets, has_state, buffer);
        file.has_other_end = file.kind == Kind::Pipe && shared.contains(&entry.id);
        if blocked.contains(&fd) {
            file.flags = files::flags(process, fd, buffer);
        }
        found.push((fd, file));
    }
    // In order, which a map is made of at once.
    look.files = found.into_iter().collect();
}

/// Whether it matters that each file is asked for its state: some thread may spin, or no thread waits on an epoll.
fn may_be_stuck(look: &Look) -> bool {
    let waits = |epoll: &Epoll| {
        let waited = |thread: &Thread| calls::waited(&thread.call).is_some_and(|fd| epoll.is(fd));
        look.threads.iter().any(waited)
    };
    look.threads.iter().any(|thread| thread.state == 'R') || !look.epolls.iter().all(waits)
}
