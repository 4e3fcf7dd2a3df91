//! `bad-timeout`.

use crate::engine::{
    About, Answer, Case, Certainty, Engine, Explanation, Hook, Record, Role, Rule, Standing,
};
use crate::model::{Model, Moment, Wait};
use epshim_observe::{Kernel, Nanos, SECOND};

pub(crate) const RECORD: Record = Record {
    name: "bad-timeout",
    emits: &[Certainty::Suspected],
    listens: &[Hook::BelowNone(below_none)],
    page: Explanation {
        finds: "A timeout below -1: a deadline that has passed, and the wait has no end.",
        hurts: "\
            The timeout is what is left until a deadline. When the loop comes late, that is less \
            than nothing, and the kernel takes every negative timeout for none. The timer that was \
            due does not run, and the loop sleeps until something else happens: for ever, on a \
            quiet day.",
        evidence: "\
            A wait with a timeout below -1 ms, at a call site that the same thread has passed 0 or \
            more before, and the thread has slept in that wait for 1 s. Suspected.",
        silent: "\
            A call site that never passed another timeout: it means to wait without an end. -1 \
            itself. While an event ends the wait within 1 s.",
        fix: "Make it 0 where the deadline has passed, and -1 only where there is no deadline.",
        wrong: r"epoll_wait(epfd, events, 64, (int)(deadline - now()));",
        right: r"int left = deadline > now() ? (int)(deadline - now()) : 0;
epoll_wait(epfd, events, 64, left);",
        manual: "epoll_wait(2), timeout",
        seen: &[
            "https://github.com/TritonDataCenter/illumos-joyent/issues/136",
            "https://github.com/clustershell/clustershell/pull/354",
        ],
    },
};

/// The thread must sleep in it for this long.
const SLEPT: Nanos = SECOND;

#[derive(Debug)]
struct Endless(Wait);

fn below_none(engine: &mut Engine, m: &Moment<'_>, wait: &Wait) {
    let about = About::new(Rule::BadTimeout, m.tid, m.now).on(-1, wait.epfd);
    engine.raise(about.and([(Role::Now, wait.site)]), SLEPT, Endless(*wait));
}

impl Case for Endless {
    /// The thread is in that very wait.
    fn holds(&mut self, about: &mut About, model: &mut Model, _: &Moment<'_>) -> Standing {
        let thread = model.threads.get(about.tid);
        let wait = thread.and_then(|thread| thread.wait);
        let is_it = wait.is_some_and(|wait| wait.since == self.0.since);
        if is_it { Standing::Ask } else { Standing::Void }
    }

    /// What the kernel makes of such a timeout is known: the thread must be there still.
    fn confirm(&mut self, about: &About, now: Nanos, kernel: &mut dyn Kernel) -> Answer {
        if !kernel.is_alive(about.tid) {
            return Answer::Refuted;
        }
        let late = self.0.timeout.unsigned_abs() / 1_000_000;
        let what = format!(
            "a wait on epfd {} has a timeout of -{late} ms, where this call has passed others: a deadline \
             passed {late} ms before the wait, which has no end now; the thread has slept in it for 1 s",
            about.epfd,
        );
        about.finding(Certainty::Suspected, now, what, None)
    }

    fn alike(&self) -> Option<(i32, i32, bool)> {
        None
    }
}
