//! Loops that stand still: threads that do not wait, while something in their epoll is ready. They are looked
//! at ten times a second, for the observer's clock runs when nothing of the program does.
//!
//! What is found (`stalls/found.rs`) is written in the thread's place in the page, and the thread reports it when it
//! waits again. Where it does not for 10 s more, or a signal ends the process meanwhile, the observer reports it
//! (`stalls/reports.rs`), if the loop was not left.
//!
//! Surprising: a process that ends by itself has nothing reported. It has left its loop to end.

mod away;
mod call;
mod found;
mod names;
mod pipe;
mod ready;
mod reports;

pub use found::stack;

use super::own::Own;
use away::{Away, Look, Reported};
use epshim_report::suppressions::Used;
use reports::{Reports, Standing};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// What is known of the threads that do not wait.
#[derive(Debug)]
pub struct Stalls {
    /// After this time a loop stands still.
    after: Duration,
    /// By place.
    away: BTreeMap<usize, Away>,
    reports: Reports,
}

impl Stalls {
    /// Nothing is known yet.
    pub fn new(after: Duration) -> Self {
        Self { after, away: BTreeMap::new(), reports: Reports::default() }
    }

    /// Looks at all loops.
    pub fn look(&mut self, own: &Own) {
        let (now, after) = (Instant::now(), self.after);
        for (place, one) in own.page.loops.iter().enumerate() {
            let turn = one.turns.load(Relaxed);
            let tid = one.tid.load(Relaxed);
            let is_away = tid != 0 && turn & 1 != 0;
            let is_it = |known: &Away| is_away && (known.tid, known.turn) == (tid, turn);
            if let Some(known) = self.away.get(&place).filter(|known| !is_it(known)) {
                // What was found the thread has told of itself, unless the observer had.
                if let (Reported::No, Some(found)) = (&known.report, known.found()) {
                    self.reports.reported_itself(own, known.pid, found);
                }
                self.away.remove(&place);
            }
            if !is_away {
                continue;
            }
            let known = self.away.entry(place).or_insert_with(|| Away::new(one, turn, now));
            match known.look(own.page, one, now) {
                Look::Moves => known.moves(),
                Look::Ended if known.is_forgotten() => one.free(known.tid),
                Look::Ended => {}
                Look::StandsStill => known.stands_still(own, one, now, after, &mut self.reports),
            }
        }
    }

    /// A signal has ended this process: what its loops did last is reported.
    pub fn killed(&mut self, own: &Own, pid: i32) {
        let (now, after) = (Instant::now(), self.after);
        let dead: Vec<_> = self.away.iter().filter(|(_, away)| away.pid == pid).collect();
        for (&place, away) in dead {
            let found = away.last(now, after).filter(|found| found.is_in_loop);
            let Some(found) = found.filter(|_| !matches!(away.report, Reported::Yes)) else {
                continue;
            };
            let nanos = (now - away.since).as_nanos() as u64;
            let standing = Standing { pid, tid: away.tid, nanos, found, is_over: true };
            if let Some(draft) = self.reports.draft(own, standing) {
                let one = &own.page.loops[place];
                self.reports.write(own, draft, || one.claim(away.turn));
            }
        }
        self.away.retain(|_, away| away.pid != pid);
    }

    /// The suppressions that kept the observer from reporting something of a process.
    pub fn suppressed(&self, slot: usize, pid: i32) -> Vec<Used> {
        self.reports.suppressed(slot, pid)
    }
}
