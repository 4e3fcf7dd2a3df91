//! What the BPF program has sent, in the order of its times.
//!
//! Processors write to the ring buffer each for itself: a record may stand behind a later one. They are sorted, and
//! held back for a millisecond; the worst that was measured is 12 us.

use crate::calls;
use crate::object::Source;
use crate::record::Record;
use epshim_attach::gather::now;
use epshim_observe::{Fd, MILLISECOND, Nanos, Pid, Tid, What};
use rustc_hash::FxHashMap;

/// Records are held back for this long.
const HELD: Nanos = MILLISECOND;

/// The records of all processes.
pub struct Stream {
    source: Source,
    queue: Vec<Record>,
    /// When each number was last closed.
    closed: FxHashMap<(Pid, Fd), Nanos>,
    lost: u64,
}

impl Stream {
    pub fn of(source: Source) -> Self {
        Self { source, queue: Vec::new(), closed: FxHashMap::default(), lost: 0 }
    }

    /// Has the calls on a descriptor recorded.
    pub fn register(&mut self, pid: Pid, fd: Fd) {
        self.source.register(pid, fd);
    }

    /// Has the calls of another process recorded. False: there is no room for more.
    pub fn watch(&mut self, pid: Pid) -> bool {
        self.source.watch(pid)
    }

    /// A process has ended.
    pub fn forget(&mut self, pid: Pid) {
        self.source.forget(pid);
        self.closed.retain(|&(of, _), _| of != pid);
    }

    /// How many children there was no room for.
    pub fn not_followed(&self) -> u64 {
        self.source.not_followed()
    }

    /// Takes in what is there, and knows of it what was closed.
    fn take_in(&mut self) {
        let Self { source, queue, closed, .. } = self;
        for record in source.drain() {
            match calls::meaning(&record) {
                Some(calls::Meaning::Observed(all)) => {
                    for what in all {
                        if let What::Close { fd, .. } = what {
                            closed.insert((record.pid, fd), record.at);
                        }
                    }
                }
                Some(calls::Meaning::ClosedRange(..) | calls::Meaning::Executed) => {
                    // Any of them may have been.
                    closed.insert((record.pid, -1), record.at);
                }
                _ => {}
            }
            queue.push(record);
        }
    }

    /// The records that no other can come before any more, in their order; and until when that is.
    pub fn next(&mut self) -> (Vec<Record>, Nanos) {
        let until = now().saturating_sub(HELD);
        self.take_in();
        // Stable: of one thread they stand in their order, also where the clock did not move.
        self.queue.sort_by_key(|record| record.at);
        let count = self.queue.partition_point(|record| record.at <= until);
        (self.queue.drain(..count).collect(), until)
    }

    /// Whether no record of a thread is held back.
    pub fn is_silent(&mut self, tid: Tid) -> bool {
        self.take_in();
        self.queue.iter().all(|record| record.tid != tid)
    }

    /// Whether a number was closed since then, as far as is known by now.
    pub fn was_closed(&mut self, pid: Pid, fd: Fd, since: Nanos) -> bool {
        self.take_in();
        let is_since = |fd: Fd| self.closed.get(&(pid, fd)).is_some_and(|&at| at >= since);
        is_since(fd) || is_since(-1)
    }

    /// How much was lost since this was asked before. What was sent until then is thrown away if anything was.
    pub fn newly_lost(&mut self) -> u64 {
        let lost = self.source.lost();
        let new = lost.saturating_sub(std::mem::replace(&mut self.lost, lost));
        if new > 0 {
            self.take_in();
            self.queue.clear();
        }
        new
    }
}
