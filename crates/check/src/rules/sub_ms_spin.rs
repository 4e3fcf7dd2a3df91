//! `sub-ms-spin`.

use crate::ports::{Kernel, MILLISECOND, Nanos, SECOND};
use crate::rule::{Certainty, Explanation};
use crate::suspicion::{Case, Suspicion, Verdict};

/// Its page.
pub const EXPLANATION: Explanation = Explanation {
    finds: "Zero timeouts in a row, because a timeout below a millisecond was rounded down.",
    hurts: "\
        epoll_wait counts in milliseconds. The last 0.4 ms before a timer become 0, the wait \
        returns at once, the timer is not due yet, and the loop turns at full speed until it is: \
        one busy millisecond for each timer.",
    evidence: "\
        More than 20 waits with timeout 0 that return nothing within 2 ms, between waits with a \
        positive timeout, and this 10 times a second. Suspected.",
    silent: "\
        Loops that poll with zero timeouts all the time, after a full batch, or for a while \
        after an event: their zeros do not follow a positive timeout that ran out. Below 10 \
        times a second.",
    fix: "\
        Round up: a wait may be late, never early. Or epoll_pwait2(), which counts in \
        nanoseconds.",
    wrong: r"epoll_wait(epfd, events, 64, (int)(nanoseconds / 1000000));",
    right: r"epoll_wait(epfd, events, 64, (int)((nanoseconds + 999999) / 1000000));",
    manual: "epoll_wait(2), timeout",
    seen: &[
        "https://github.com/tokio-rs/mio/pull/1615",
        "https://github.com/smol-rs/smol/pull/109",
        "https://github.com/python/asyncio/issues/106",
        "https://github.com/oven-sh/bun/pull/34780",
    ],
};

/// A run: more waits with a zero timeout than this that return nothing,
const WAITS: u32 = 20;
/// over at most so long.
const SHORT: Nanos = 2 * MILLISECOND;
/// So many runs
const RUNS: u32 = 10;
/// within so long.
const WITHIN: Nanos = SECOND;

/// A thread's waits with a zero timeout.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// The last wait with a positive timeout ran out: what is left of it may be under a millisecond.
    has_run_out: bool,
    waits: u32,
    since: Nanos,
    /// The end of the latest of them; the work after it may take any time.
    until: Nanos,
    runs: u32,
    all_waits: u32,
    first_run: Nanos,
}

impl State {
    /// A wait begins.
    pub fn begins(&mut self, timeout: i64, now: Nanos) -> Option<Case> {
        if timeout == 0 {
            if self.waits == 0 {
                self.since = now;
            }
            return None;
        }
        let is_run = self.has_run_out
            && self.waits > WAITS
            && self.until.saturating_sub(self.since) <= SHORT
            && timeout > 0;
        let waits = std::mem::take(&mut self.waits);
        self.has_run_out = false;
        if !is_run {
            return None;
        }
        if self.runs == 0 || now.saturating_sub(self.first_run) > WITHIN {
            (self.runs, self.all_waits, self.first_run) = (0, 0, now);
        }
        self.runs += 1;
        self.all_waits = self.all_waits.saturating_add(waits);
        (self.runs == RUNS).then(|| {
            let runs = std::mem::take(&mut self.runs);
            Case::SubMs { waits: self.all_waits, runs }
        })
    }

    /// It ended.
    pub fn ended(&mut self, timeout: i64, deliveries: usize, now: Nanos) {
        match (timeout, deliveries) {
            (0, 0) => (self.waits, self.until) = (self.waits.saturating_add(1), now),
            (1.., 0) => self.has_run_out = true,
            // A program that polls for a while before it sleeps does so after an event.
            _ => (self.has_run_out, self.waits) = (false, 0),
        }
    }
}

/// The pattern is all there is.
pub(crate) fn confirm(suspicion: Suspicion, now: Nanos, _: &mut dyn Kernel) -> Verdict {
    let Case::SubMs { waits, runs } = suspicion.case else { return Verdict::Refuted };
    let what = format!(
        "{waits} waits with a timeout of 0 in {runs} runs within a second, each at the end of a timeout that \
         ran out: a rest of less than a millisecond was rounded down to 0"
    );
    suspicion.becomes(Certainty::Suspected, now, what, None)
}
