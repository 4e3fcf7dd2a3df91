//! `sub-ms-spin`.

use crate::engine::{
    About, Answer, Case, Certainty, Engine, Explanation, Hook, Record, Role, Rule,
};
use crate::model::{Moment, Run, Wait};
use epshim_observe::{AtFailure, Kernel, MILLISECOND, Nanos, SECOND, Tid};
use rustc_hash::FxHashMap;

pub(crate) const RECORD: Record = Record {
    name: "sub-ms-spin",
    emits: &[Certainty::Suspected],
    listens: &[Hook::Zeros(zeros), Hook::WaitFailed(failed)],
    page: Explanation {
        finds: "Zero timeouts in a row, because a timeout below a millisecond was rounded down.",
        hurts: "\
            epoll_wait counts in milliseconds. The last 0.4 ms before a timer become 0: the wait \
            returns at once, the timer is not due yet, and the loop runs at full speed until it \
            is. Each timer costs one busy millisecond.",
        evidence: "\
            More than 20 waits with timeout 0 return nothing within 2 ms, between waits with a \
            positive timeout, and this happens 10 times a second. Or 3 runs in a row of waits with \
            timeout 0 that return nothing last 20 ms or more, each as long as the one before to a \
            sixth, nine of ten waits begin within 10 us of the one before, and the same call ends \
            each with another timeout: that is a time that became 0 as a whole. Suspected.",
        silent: "\
            Loops that poll with zero timeouts all the time, after a full batch, or for a while \
            after an event: their zeros do not follow a positive timeout that ran out. Fewer than \
            10 times a second. Long runs of different lengths, or of waits with work between them.",
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
    },
};

/// A run: more waits with a zero timeout than this that return nothing,
const WAITS: u32 = 20;
/// within this time.
const SHORT: Nanos = 2 * MILLISECOND;
/// This many runs
const RUNS: u32 = 10;
/// within this time.
const WITHIN: Nanos = SECOND;
/// A run is long from here on,
const LONG: Nanos = 20 * MILLISECOND;
/// if this many waits are in it, nine of ten of them at once after the one before;
const LONG_WAITS: u32 = 1000;
/// and this many of one length, to a sixth, are a time that is waited for with a timeout of 0.
const LONG_RUNS: u32 = 3;
const ALIKE: u64 = 6;
/// At most this many threads have runs that are remembered.
const MOST: usize = 256;

/// The runs of each thread.
type Runs = FxHashMap<Tid, Counted>;

#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    runs: u32,
    waits: u32,
    since: Nanos,
    /// Long runs of about the same length: how many, the waits of all, and the latest.
    long: u32,
    long_waits: u32,
    lasted: Nanos,
}

fn zeros(engine: &mut Engine, m: &Moment<'_>, wait: &Wait, run: Run, is_same_call: bool) {
    let is_short = run.is_between && run.waits > WAITS && run.lasted <= SHORT;
    let is_long = is_same_call && run.lasted >= LONG && is_idle(run);
    if !is_short && !is_long {
        return;
    }
    let all = engine.own::<Runs>(Rule::SubMsSpin);
    if all.len() >= MOST {
        all.retain(|_, one| m.now.saturating_sub(one.since) <= WITHIN);
    }
    let one = all.entry(m.tid).or_default();
    if is_long {
        let is_alike = one.lasted.abs_diff(run.lasted) <= one.lasted / ALIKE;
        (one.long, one.long_waits) = if is_alike { (one.long, one.long_waits) } else { (0, 0) };
        one.long += 1;
        one.long_waits = one.long_waits.saturating_add(run.waits);
        (one.lasted, one.since) = (run.lasted, m.now);
        if one.long == LONG_RUNS {
            let case = Long { waits: one.long_waits, lasted: run.lasted };
            (one.long, one.long_waits) = (0, 0);
            let about = About::new(Rule::SubMsSpin, m.tid, m.now).on(-1, wait.epfd);
            engine.raise(about.and([(Role::Now, wait.site)]), 0, case);
        }
        return;
    }
    if one.runs == 0 || m.now.saturating_sub(one.since) > WITHIN {
        *one = Counted { runs: 0, waits: 0, since: m.now, ..*one };
    }
    one.runs += 1;
    one.waits = one.waits.saturating_add(run.waits);
    let case = *one;
    if case.runs == RUNS {
        one.runs = 0;
        let about = About::new(Rule::SubMsSpin, m.tid, m.now).on(-1, wait.epfd);
        engine.raise(about.and([(Role::Now, wait.site)]), 0, case);
    }
}

/// Whether the thread does nothing else in it. It may lose its processor between two waits.
fn is_idle(run: Run) -> bool {
    run.waits >= LONG_WAITS && u64::from(run.at_once) * 10 >= u64::from(run.waits) * 9
}

fn failed(engine: &mut Engine, m: &Moment<'_>, _: &Wait, _: AtFailure) {
    engine.own::<Runs>(Rule::SubMsSpin).remove(&m.tid);
}

impl Case for Counted {
    /// The pattern is all there is.
    fn confirm(&mut self, about: &About, now: Nanos, _: &mut dyn Kernel) -> Answer {
        let &mut Self { waits, runs, .. } = self;
        let what = format!(
            "{waits} waits with a timeout of 0 in {runs} runs within a second, each at the end of a timeout \
             that ran out: a rest of less than a millisecond was rounded down to 0"
        );
        about.finding(Certainty::Suspected, now, what, None)
    }
}

/// Long runs, all of one length.
#[derive(Debug)]
struct Long {
    waits: u32,
    lasted: Nanos,
}

impl Case for Long {
    /// The pattern is all there is.
    fn confirm(&mut self, about: &About, now: Nanos, _: &mut dyn Kernel) -> Answer {
        let &mut Self { waits, lasted } = self;
        let what = format!(
            "{waits} waits with a timeout of 0 in {LONG_RUNS} runs of {} ms, each ended by a wait of the same call \
             with another timeout: a time of {} ms became 0, in another unit or rounded down",
            lasted / MILLISECOND,
            lasted / MILLISECOND,
        );
        about.finding(Certainty::Suspected, now, what, None)
    }
}
