//! What threads do with their time.
//!
//! Of each there is a row. A thread that waits again after its end has another one. Where there are many, the last row
//! is all others'.

use super::recent::Recent;
use super::thread::Thread;
use crate::document::ThreadRow;
use epshim_observe::{Fd, Nanos, Pid, Tid};
use rustc_hash::FxHashSet;

/// At most as many rows.
const MOST: usize = 256;
/// At most as many threads are followed.
const MOST_FOLLOWED: usize = 4096;
/// Descriptors of a row that are counted.
const MOST_DESCRIPTORS: usize = 1000;

/// All threads.
#[derive(Debug, Clone, Default)]
pub struct Threads {
    pub rows: Vec<ThreadRow>,
    all: Recent<(Pid, Tid), Thread>,
    descriptors: Vec<FxHashSet<(Pid, Fd)>>,
}

impl Threads {
    /// A thread that has waited.
    pub fn known(&mut self, key: (Pid, Tid)) -> Option<&mut Thread> {
        self.all.get_mut(key)
    }

    /// A thread that begins to wait.
    pub fn get(&mut self, (pid, tid): (Pid, Tid), at: Nanos) -> Option<&mut Thread> {
        if self.all.get_mut((pid, tid)).is_none() {
            if self.all.len() >= MOST_FOLLOWED {
                return None;
            }
            let row = self.rows.len().min(MOST);
            if row == self.rows.len() {
                let (tid, name) =
                    if row == MOST { (0, Some("others".to_owned())) } else { (tid, None) };
                self.rows.push(ThreadRow {
                    pid,
                    tid,
                    name,
                    from: at,
                    to: at,
                    ..ThreadRow::default()
                });
                self.descriptors.push(FxHashSet::default());
            }
            self.all.insert((pid, tid), Thread { row, latest: at, ..Thread::default() });
        }
        self.all.get_mut((pid, tid))
    }

    /// It has ended.
    pub fn take(&mut self, key: (Pid, Tid)) -> Option<Thread> {
        self.all.remove(key)
    }

    /// Those of a process; all, where none is named.
    pub fn of(&self, pid: Option<Pid>) -> Vec<(Pid, Tid)> {
        let mut of_it: Vec<_> = self.all.keys().collect();
        of_it.retain(|&(of, _)| pid.is_none_or(|pid| pid == of));
        of_it.sort_unstable();
        of_it
    }

    /// It was told of this descriptor.
    pub fn told(&mut self, row: usize, pid: Pid, fd: Fd) {
        let known = &mut self.descriptors[row];
        if known.len() < MOST_DESCRIPTORS {
            known.insert((pid, fd));
        }
    }

    pub fn names(&self) -> Vec<(Pid, Tid)> {
        self.rows.iter().map(|row| (row.pid, row.tid)).collect()
    }

    pub fn document(mut self) -> Vec<ThreadRow> {
        for (place, (row, known)) in self.rows.iter_mut().zip(&self.descriptors).enumerate() {
            row.descriptors = known.len() as u64;
            if place == MOST {
                // Of many threads: as long as their times together.
                row.to = row.from + row.busy + row.waiting + row.spinning;
            }
            if let (Some(on_cpu), Some(runnable)) = (row.on_cpu, row.runnable) {
                row.blocked = Some(row.busy.saturating_sub(on_cpu + runnable));
            }
        }
        self.rows
    }
}
