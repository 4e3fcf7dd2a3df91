//! What an observer of a running program tells beside the observations: names, peers, queues, and how it ended.

use super::core::Model;
use crate::document::Ending;
use epshim_observe::{Fd, Kind, Nanos, Pid, Tid};

/// At most as many connections are asked about.
const MOST: usize = 1000;

impl Model {
    /// A process has ended like this, as its observer knows.
    pub fn process_ended(&mut self, at: Nanos, pid: Pid, ending: Ending, signal: Option<i32>) {
        let at = self.since_begin(at);
        while self.has_asked() {
            self.answer_next();
        }
        self.ended(pid, at, ending, signal);
    }

    /// A thread that has waited has this name.
    pub fn named(&mut self, pid: Pid, tid: Tid, name: &str) {
        let Some(row) = self.threads.known((pid, tid)).map(|thread| thread.row) else { return };
        let known = &mut self.threads.rows[row].name;
        if known.as_deref() != Some(name) && self.threads.rows[row].tid == tid {
            self.threads.rows[row].name = Some(name.to_owned());
        }
    }

    /// The other end of a descriptor that is open.
    pub fn peer(&mut self, pid: Pid, fd: Fd, peer: &str) {
        if let Some(open) = self.descriptors.known(pid, fd) {
            if open.row.peer.as_deref() != Some(peer) {
                open.row.peer = Some(peer.to_owned());
            }
        }
    }

    /// Descriptors that may have another end, or a backlog: the first 1,000.
    #[must_use]
    pub fn connections(&self) -> Vec<(Pid, Fd)> {
        let may = |kind: Kind| matches!(kind, Kind::Stream | Kind::Listener | Kind::Unknown);
        let all = self.descriptors.each().filter(|&(_, open)| may(open.kind));
        all.map(|(key, _)| key).take(MOST).collect()
    }

    /// So much waited in a connection's queues.
    pub fn queues(&mut self, received: u64, sent: u64) {
        self.queues.received = self.queues.received.max(Some(received));
        self.queues.sent = self.queues.sent.max(Some(sent));
    }

    /// So many connections waited to be accepted.
    pub fn backlog(&mut self, connections: u64) {
        self.queues.backlog = self.queues.backlog.max(Some(connections));
    }

    /// The threads that have waited, and have not ended.
    #[must_use]
    pub fn waiters(&self) -> Vec<(Pid, Tid)> {
        self.threads.of(None)
    }

    /// Processes that were not watched.
    pub const fn unwatched(&mut self, processes: u64) {
        self.losses.unwatched(processes);
    }
}
