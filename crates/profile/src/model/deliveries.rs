//! Deliveries: which descriptor each is of, and how long it may have been ready.

use super::columns::Of;
use super::core::{Key, Model};
use super::descriptors::Pending;
use super::thread::MOST_SERVED;
use crate::document::Served;
use epshim_observe::{Delivery, Fd, Nanos};

impl Model {
    pub(super) fn deliver(
        &mut self,
        key: Key,
        at: Nanos,
        epfd: Fd,
        deliveries: &[Delivery],
        lag: Nanos,
        before: Nanos,
    ) {
        let Some(thread) = self.threads.known(key) else { return };
        let (place, turn) = (thread.row, thread.turn);
        let mut found = std::mem::take(&mut self.found);
        found.clear();
        found.extend(self.processes.get(key.0, at).epolls.find(epfd, deliveries));
        let room = MOST_SERVED.saturating_sub(thread.current.served.len());
        let served = deliveries.iter().zip(&found).take(room);
        thread.current.served.extend(served.map(|(delivery, &fd)| Served {
            fd,
            events: delivery.events,
            data: delivery.data,
        }));
        let all_known = found.iter().all(Option::is_some);
        let wake = if all_known { self.wakes.woke(found.len(), place) } else { 0 };
        let mut lag_max = 0;
        for &fd in &found {
            let Some(fd) = fd else {
                self.lags.add(lag);
                lag_max = lag_max.max(lag);
                continue;
            };
            let Some(open) = self.descriptors.get(key.0, fd, at) else {
                self.threads.told(place, key.0, fd);
                self.wakes.served(wake);
                continue;
            };
            if open.told.replace(place) != Some(place) {
                self.threads.told(place, key.0, fd);
            }
            let lag = if lag > 0 { at - open.not_ready.max(before).min(at) } else { 0 };
            self.lags.add(lag);
            lag_max = lag_max.max(lag);
            open.delivered(at, lag);
            open.turn = turn;
            let passed = open.pend(Pending { at, tid: key.1, turn, wake, lag });
            if let Some(passed) = passed {
                open.row.wasted += 1;
                if let Some(thread) = self.wakes.passed(passed.wake) {
                    self.threads.rows[thread].wasted += 1;
                    self.counts.wasted += 1;
                }
            }
        }
        self.found = found;
        self.columns.raise(place, Of::LagMax, at, lag_max);
    }
}
