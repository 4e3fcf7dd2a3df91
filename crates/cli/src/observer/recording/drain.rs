//! The thread that empties the rings.
//!
//! It looks at them every few milliseconds, frees those of threads that have ended, and writes what is complete.

use super::order::Order;
use super::outcome::Outcome;
use super::places::Places;
use super::sink::Sink;
use super::threads::runs;
use crate::observer::memory::{Rings, allow_long_files};
use epshim_attach::gather::now;
use epshim_observe::{Nanos, Observation, Site, What};
use epshim_ring::{Header, RECORDS, Ring};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::thread;
use std::time::Duration;

/// Between two looks at the rings; and while one is filling.
const NAP: Duration = Duration::from_millis(5);
const SHORT_NAP: Duration = Duration::from_micros(200);
/// A ring with this number of records is filling.
const MANY: usize = RECORDS / 4;
/// Looks between two at whether the threads that have rings are there.
const LOOKS: u32 = 20;

/// Empties the rings.
pub struct Drain {
    header: &'static Header,
    rings: &'static [Ring],
    sink: Sink,
    order: Order,
    places: Places,
    /// The processes that were seen.
    pids: BTreeSet<i32>,
    lost: u64,
    outcome: Outcome,
    looks: u32,
    /// Whether the threads are asked for at this one: now and then, and at each where few rings are free.
    asks: bool,
    /// When the rings were looked at the last time.
    begun: Nanos,
}

impl Drain {
    pub fn new(Rings { header, rings }: Rings, sink: Sink) -> Self {
        Self {
            header,
            rings,
            sink,
            order: Order::of(rings.len()),
            places: Places::default(),
            pids: BTreeSet::new(),
            lost: 0,
            outcome: Outcome::default(),
            looks: 0,
            asks: false,
            begun: now(),
        }
    }

    /// Until the recording is over.
    pub fn run(mut self) -> Outcome {
        allow_long_files();
        loop {
            let is_over = self.header.is_over.load(SeqCst) != 0;
            let most = self.pass(is_over);
            if is_over {
                break;
            }
            thread::sleep(if most > MANY { SHORT_NAP } else { NAP });
        }
        self.write(Nanos::MAX);
        self.flush(Nanos::MAX);
        self.outcome.unrecorded = self.header.unrecorded.load(Relaxed);
        self.outcome
    }

    /// Empties all rings once; the last time, the threads are asked for. Returns how many records the fullest had.
    fn pass(&mut self, is_last: bool) -> usize {
        let begin = now();
        self.looks = self.looks.wrapping_add(1);
        let used = (self.header.used.load(Relaxed) as usize).min(self.rings.len());
        let taken = self.rings[..used].iter().filter(|ring| ring.owner().is_some()).count();
        self.asks = is_last || self.looks % LOOKS == 0 || taken > self.rings.len() / 2;
        let most = (0..used).map(|place| self.empty(place)).max().unwrap_or(0);
        let since = std::mem::replace(&mut self.begun, begin);
        self.note_lost(since);
        self.write(begin);
        self.flush(begin);
        most
    }

    fn empty(&mut self, place: usize) -> usize {
        let ring = &self.rings[place];
        let Some((pid, tid)) = ring.owner() else { return 0 };
        // Asked before it is emptied: what the thread wrote last is taken then.
        let is_gone = ring.is_left() || self.asks && !runs(pid, tid);
        self.pids.insert(pid);
        let (now, mut mapped) = (now(), Vec::new());
        let places = &mut self.places;
        let note = |it: &Observation<'_>| mapped.append(&mut places.of(it, now));
        let count = self.order.take(place, ring, (pid, tid), now, is_gone, note);
        self.order.extend(mapped);
        if is_gone {
            self.order.forget(place);
            if let Some((records, at)) = ring.free() {
                self.lost += records;
                self.order.extend([dropped(at, pid, records)]);
            }
        }
        count
    }

    /// Threads without a ring have lost something since this time: it is not known whose it was.
    fn note_lost(&mut self, at: Nanos) {
        let lost = self.header.lost.swap(0, Relaxed);
        if lost > 0 {
            self.lost += lost;
            let of_all = self.pids.iter().map(|&pid| dropped(at, pid, lost));
            self.order.extend(of_all.collect::<Vec<_>>());
        }
    }

    /// Writes what is complete, if all rings were empty at this time.
    fn write(&mut self, emptied: Nanos) {
        let (mut taking, lost) = (self.sink.taking(), &mut self.lost);
        self.order.until(emptied, |it| {
            if let (What::Dropped { records }, true) = (&it.what, it.tid != 0) {
                *lost += records;
            }
            taking.take(&it);
        });
    }

    fn flush(&mut self, now: Nanos) {
        self.outcome.lost = self.lost;
        if let Err(why) = self.sink.flush(now) {
            self.outcome.failure.get_or_insert(why);
            self.header.is_over.store(1, SeqCst);
        }
    }
}

fn dropped(at: Nanos, pid: i32, records: u64) -> Observation<'static> {
    Observation { at, pid, tid: 0, site: Site(0), what: What::Dropped { records } }
}
