//! A loop as a row of the table: an epoll, the thread that owns it, and what that does.

use epshim_attach::look::{Epoll, Look, Thread};
use epshim_attach::scene::{Owners, Scene};
use epshim_attach::{calls, words};
use epshim_check::Certainty;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A row.
#[derive(Debug, Clone)]
pub struct Row {
    pub pid: i32,
    pub name: String,
    pub epfd: i32,
    /// `None`: the list may not be read.
    pub registrations: Option<usize>,
    pub waiters: usize,
    /// Registrations that are ready in both looks; `None` at the first.
    pub ready: Option<usize>,
    /// Milliseconds for which the oldest data have been unread.
    pub oldest: Option<u32>,
    /// The thread that was seen waiting on it, and how many more.
    pub owner: Option<(i32, usize)>,
    /// What the loop does.
    pub state: String,
    /// Of the verdicts about it.
    pub worst: Option<Certainty>,
}

impl Row {
    /// The worst first, then what has waited longest.
    pub fn rank(&self) -> (Reverse<Option<Certainty>>, Reverse<Option<u32>>, i32, i32) {
        (Reverse(self.worst), Reverse(self.oldest), self.pid, self.epfd)
    }
}

/// The rows of a process. `since`: when a thread that has not moved was first seen where it is.
pub fn rows(
    before: Option<&Look>,
    now: &Look,
    owners: &Owners,
    since: &BTreeMap<i32, u64>,
) -> Vec<Row> {
    let scene = before.and_then(|before| Scene::new(before, now));
    now.epolls.iter().map(|epoll| row(scene.as_ref(), now, epoll, owners, since)).collect()
}

fn row(
    scene: Option<&Scene<'_>>,
    now: &Look,
    epoll: &Epoll,
    owners: &Owners,
    since: &BTreeMap<i32, u64>,
) -> Row {
    let waits = |thread: &&Thread| calls::waited(&thread.call).is_some_and(|fd| epoll.is(fd));
    let waiters = now.threads.iter().filter(waits).count();
    let mut threads = owners.of(epoll.fd);
    let owner = threads.next();
    Row {
        pid: now.process.pid,
        name: now.process.name.clone(),
        epfd: epoll.fd,
        registrations: epoll.registrations.as_ref().map(Vec::len),
        waiters,
        ready: scene.map(|scene| scene.ready(epoll).count()),
        oldest: now.oldest_unread_of(epoll),
        owner: owner.map(|owner| (owner, threads.count())),
        state: state(scene, now, waiters, owner, since),
        worst: None,
    }
}

fn state(
    scene: Option<&Scene<'_>>,
    now: &Look,
    waiters: usize,
    owner: Option<i32>,
    since: &BTreeMap<i32, u64>,
) -> String {
    let blocked = |tid: i32| {
        let for_ms = now.at.saturating_sub(*since.get(&tid)?) / 1_000_000;
        Some(words::time(for_ms))
    };
    let Some(scene) = scene else {
        return if waiters > 0 { "waits".to_owned() } else { String::new() };
    };
    if scene.is_stopped() {
        return "stopped".to_owned();
    }
    if waiters > 0 {
        let longest = owner.and_then(blocked);
        return longest.map_or("turns".to_owned(), |time| format!("waits {time}"));
    }
    let spins = scene.spins();
    let spin = spins.iter().find(|spin| owner.is_none_or(|owner| owner == spin.tid));
    if let Some(spin) = spin {
        return format!("spins, {}% cpu", spin.percent);
    }
    let thread = owner.and_then(|owner| now.threads.iter().find(|thread| thread.tid == owner));
    match (thread, owner.and_then(blocked)) {
        (Some(thread), Some(time)) => {
            let call = words::call(thread);
            let name = call.split('(').next().unwrap_or_default();
            format!("{name} {time}")
        }
        (Some(_), None) => "turns".to_owned(),
        (None, _) if scene.is_still() => "no thread".to_owned(),
        (None, _) => "not known".to_owned(),
    }
}
