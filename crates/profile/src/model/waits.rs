//! Waits: each begins and ends, and what is between two is a turn.

use super::call::Which;
use super::columns::Of;
use super::core::{Key, Model};
use super::thread::{Mark, Phase};
use epshim_observe::{Delivery, Fd, Nanos, Site};

/// A wait that returned its first event in this time, and each further one in the other, had not slept.
const AT_ONCE: Nanos = 2_000;
const AT_ONCE_EACH: Nanos = 1_200;
/// One that took longer has slept. Between the two it is not known: for a bound it had not.
const HAS_SLEPT: Nanos = 50_000;

impl Model {
    pub(super) fn wait_begins(&mut self, key: Key, at: Nanos, site: Site, epfd: Fd, timeout: i64) {
        let at = self.time_of(key, at);
        let process = self.processes.get(key.0, at);
        let (is_nested, family) = (process.epolls.is_nested(epfd), process.family);
        let Some(thread) = self.threads.get(key, at) else { return };
        let place = self.sites.place(family, key.0, site, Which::Wait);
        self.sites.waited(place);
        if let Phase::Turn { epfd: outer, .. } = thread.phase {
            if is_nested && outer != epfd {
                thread.inner = Some(epfd);
                return;
            }
        }
        let mark = Mark { at, which: None, fd: None, site: Some(place) };
        self.phase_ends(key, at, Some(mark));
        if let Some(thread) = self.threads.known(key) {
            thread.phase = Phase::Waiting { since: at, epfd, timeout };
        }
    }

    pub(super) fn wait_ends(&mut self, key: Key, at: Nanos, deliveries: &[Delivery]) {
        let at = self.time_of(key, at);
        let Some(thread) = self.threads.known(key) else { return };
        let place = thread.row;
        if let Some(epfd) = thread.inner.take() {
            self.threads.rows[place].waits += 1;
            self.threads.rows[place].deliveries += deliveries.len() as u64;
            self.columns.add(place, Of::Deliveries, at, deliveries.len() as u64);
            return self.deliver(key, at, epfd, deliveries, 0, at);
        }
        let Phase::Waiting { since, epfd, timeout } = thread.phase else { return };
        let (before, length) = (thread.returned, at.saturating_sub(since));
        let is_look = timeout == 0 && deliveries.is_empty();
        let between = thread.between.take();
        self.latest_turn += 1;
        (thread.turn, thread.returned) = (self.latest_turn, at);
        thread.ran_before = thread.ran;
        thread.phase = Phase::Turn { since: at, epfd };
        if let (Some((from, idle)), false) = (between, is_look) {
            thread.current.begin(from, true);
            self.turn_ends(key, from, idle);
        }
        if let Some(thread) = self.threads.known(key) {
            thread.current.begin(at, is_look);
            thread.current.deliveries = deliveries.len();
        }
        let row = &mut self.threads.rows[place];
        row.waits += 1;
        row.to = row.to.max(at);
        if is_look {
            let idle = between.map_or(0, |(_, idle)| idle);
            row.spinning += length + idle;
            self.columns.span(place, Of::Spinning, since - idle, at);
            self.counts.empty_looks += 1;
            return;
        }
        row.waiting = row.waiting.saturating_add(length);
        self.columns.span(place, Of::Waiting, since, at);
        self.waits.add(length);
        let count = deliveries.len() as u64;
        if count == 0 {
            if let Some(late) = u64::try_from(timeout).ok().filter(|&timeout| timeout > 0) {
                self.timers.add(length.saturating_sub(late));
            }
            return;
        }
        let is_at_once = timeout == 0 || length < AT_ONCE + AT_ONCE_EACH * count;
        row.wakeups += 1;
        row.deliveries += count;
        row.returned_at_once += u64::from(is_at_once);
        self.batches.add(count);
        self.columns.add(place, Of::Deliveries, at, count);
        // What was not ready then has become so since.
        let has_slept = timeout != 0 && length >= HAS_SLEPT.max(AT_ONCE_EACH * count);
        let lag = if has_slept { 0 } else { at.saturating_sub(before) };
        self.deliver(key, at, epfd, deliveries, lag, before);
    }
}
