//! The latest turns of all threads, one by one: a flight recorder.

use crate::document::Turns;
use epshim_observe::{Nanos, Pid, Tid};
use std::collections::VecDeque;

/// At most as many turns.
const MOST: usize = 500_000;

/// A turn.
#[derive(Debug, Clone, Copy)]
struct Turn {
    thread: u32,
    deliveries: u32,
    at: Nanos,
    length: Nanos,
}

/// The latest turns, in the order of their ends.
#[derive(Debug, Clone)]
pub struct Latest {
    keep: Nanos,
    turns: VecDeque<Turn>,
    /// Some that ended after this time may be gone.
    gone: Nanos,
}

impl Latest {
    pub const fn new(keep: Nanos) -> Self {
        Self { keep, turns: VecDeque::new(), gone: 0 }
    }

    pub fn add(&mut self, thread: usize, at: Nanos, length: Nanos, deliveries: usize) {
        let end = at + length;
        let is_old = |turn: &Turn| turn.at + turn.length + self.keep < end;
        while self.turns.len() >= MOST || self.turns.front().is_some_and(is_old) {
            let Some(turn) = self.turns.pop_front() else { break };
            self.gone = self.gone.max(turn.at + 1);
        }
        let deliveries = u32::try_from(deliveries).unwrap_or(u32::MAX);
        self.turns.push_back(Turn { thread: thread as u32, deliveries, at, length });
    }

    /// As the document has it.
    pub fn document(&self, threads: &[(Pid, Tid)]) -> Vec<Turns> {
        let from = self.gone;
        let new = |&(pid, tid): &(Pid, Tid)| Turns { pid, tid, from, ..Turns::default() };
        let mut all: Vec<Turns> = threads.iter().map(new).collect();
        let mut before = vec![from; threads.len()];
        for turn in &self.turns {
            let thread = turn.thread as usize;
            // One that began earlier, and ended late, would go back in time.
            let (Some(of), Some(begin)) =
                (all.get_mut(thread), turn.at.checked_sub(before[thread]))
            else {
                continue;
            };
            of.after.push(begin);
            of.length.push(turn.length);
            of.deliveries.push(turn.deliveries);
            before[thread] = turn.at;
        }
        all
    }
}
