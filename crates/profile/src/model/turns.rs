//! Turns, and the ends of threads: what a thread was in is accounted for.

use super::columns::Of;
use super::core::{Key, Model};
use super::slow;
use super::thread::{Mark, Phase, Unsure};
use epshim_observe::{Nanos, Site};

/// Time between two looks in which nothing is called and that is longer is work.
const WORK: Nanos = 10_000;

impl Model {
    /// What the thread is in ends now, and is accounted for.
    pub(super) fn phase_ends(&mut self, key: Key, at: Nanos, by: Option<Mark>) {
        let Some(thread) = self.threads.known(key) else { return };
        match thread.phase {
            Phase::New => {}
            Phase::Waiting { since, .. } => {
                // Its end was not seen: it was cancelled, or lost.
                let (row, length) = (thread.row, at.saturating_sub(since));
                if let Some((from, idle)) = thread.between.take() {
                    self.threads.rows[row].spinning += idle;
                    self.columns.span(row, Of::Spinning, from, from + idle);
                }
                self.threads.rows[row].waiting =
                    self.threads.rows[row].waiting.saturating_add(length);
                self.columns.span(row, Of::Waiting, since, at);
            }
            Phase::Turn { since, .. } => {
                let length = at.saturating_sub(since);
                let current = &mut thread.current;
                let is_idle = current.is_after_look && current.calls_count == 0 && length < WORK;
                if is_idle && by.is_some() {
                    thread.between = Some((since, length));
                } else {
                    current.mark(by.unwrap_or(Mark { at, which: None, fd: None, site: None }));
                    self.turn_ends(key, since, length);
                }
            }
        }
        if let Some(thread) = self.threads.known(key) {
            let place = thread.row;
            let row = &mut self.threads.rows[place];
            row.to = row.to.max(at);
        }
    }

    /// A turn has ended. It is the thread's current one, or a short time between two looks.
    pub(super) fn turn_ends(&mut self, key: Key, at: Nanos, length: Nanos) {
        let Some(thread) = self.threads.known(key) else { return };
        let place = thread.row;
        let deliveries = thread.current.deliveries;
        self.counts.accept_burst = self.counts.accept_burst.max(thread.current.accepted);
        let is_slow = length > self.options.slow;
        if is_slow {
            let processes = &self.processes;
            let frames = |address| processes.frames(key.0, Site(address));
            let mut slow = slow::turn(key, at, length, &thread.current, frames);
            let open = slow.fd.and_then(|fd| self.descriptors.known(key.0, fd));
            slow.peer = open.and_then(|open| open.row.peer.clone());
            self.slow.add(thread.turn, slow);
            let number = thread.turn;
            thread.unsure = thread.ran_before.map(|before| Unsure { turn: number, before, length });
        }
        let row = &mut self.threads.rows[place];
        row.busy = row.busy.saturating_add(length);
        row.turns += 1;
        row.turn_max = row.turn_max.max(length);
        row.slow_turns += u64::from(is_slow);
        let end = at + length;
        self.columns.span(place, Of::Busy, at, end);
        self.columns.add(place, Of::Turns, end.saturating_sub(1), 1);
        self.columns.raise(place, Of::TurnMax, end.saturating_sub(1), length);
        self.turns.add(length);
        self.latest.add(place, at, length, deliveries);
    }

    pub(super) fn thread_ends(&mut self, key: Key, at: Nanos) {
        let at = self.time_of(key, at);
        self.phase_ends(key, at, None);
        self.threads.take(key);
    }

    /// It is ended from outside, or the profile is: a turn that it is in has not ended.
    pub(super) fn thread_is_cut(&mut self, key: Key, at: Nanos) {
        let Some(thread) = self.threads.known(key) else { return };
        let (row, turn, since) = (thread.row, thread.turn, thread.turn_since());
        self.thread_ends(key, at);
        self.threads.rows[row].in_turn_since = since;
        if since.is_some() {
            self.slow.is_open(turn);
        }
    }
}
