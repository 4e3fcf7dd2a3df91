//! `busy-wait`.

use crate::engine::{
    About, Answer, Case, Certainty, Engine, Explanation, Hook, Record, Role, Rule, Standing,
};
use crate::model::{Model, Moment, Wait};
use epshim_observe::{Kernel, Nanos, SECOND, Tid};

pub(crate) const RECORD: Record = Record {
    name: "busy-wait",
    emits: &[Certainty::Suspected, Certainty::Note],
    listens: &[Hook::ManyEmpty(many_empty)],
    page: Explanation {
        finds: "A thread takes a whole processor for waits that return nothing.",
        hurts: "\
            Each wait has a timeout of 0, or of next to nothing, and finds nothing: millions of \
            calls for a few messages. The usual cause is a timeout in another unit, seconds or \
            whole milliseconds, that became 0 when it was converted.",
        evidence: "\
            For 5 s a thread ran or wanted to run for over 90% of the time, by the kernel's account, \
            and 99% of its waits returned nothing. A note. Suspected, if the same call has also passed timeouts \
            above 0 in the last 30 s: then the 0 was computed.",
        silent: "\
            Threads that sleep in between, even for a short time. A program that spins on purpose \
            passes 0 always, and is a note.",
        fix: "\
            Wait without a timeout, or until the next timer is due, rounded up to whole \
            milliseconds. Where spinning is meant, say so with a suppression.",
        wrong: r"double left = 0.25;               /* seconds */
epoll_wait(epfd, events, 64, (int)left);",
        right: r"epoll_wait(epfd, events, 64, (int)ceil(left * 1000));",
        manual: "epoll_wait(2), timeout",
        seen: &[
            "https://github.com/rakshasa/libtorrent/pull/757",
            "https://github.com/niklata/ndhc/issues/7",
        ],
    },
};

/// For this long,
const FOR: Nanos = 5 * SECOND;
/// this share of a processor,
const BUSY: u64 = 90;
/// and this share of the waits.
const EMPTY: u64 = 99;
/// A timeout above 0 that is longer ago says nothing of the ones of now.
const RECENT: Nanos = 30 * SECOND;

/// The threads that are watched.
type Watched = Vec<Tid>;

#[derive(Debug)]
struct Busy {
    waits: u32,
    empties: u32,
    /// When it was asked first, and the thread's processor time then.
    first: Option<(Nanos, Nanos)>,
    made: (u32, u32),
    is_computed: bool,
}

fn many_empty(engine: &mut Engine, m: &Moment<'_>, wait: &Wait) {
    let tid = m.tid;
    if engine.own::<Watched>(Rule::BusyWait).contains(&tid) {
        return;
    }
    let Some(thread) = engine.model.threads.get(tid) else { return };
    let (waits, empties) = (thread.waits, thread.empties);
    let case = Busy { waits, empties, first: None, made: (0, 0), is_computed: false };
    let about = About::new(Rule::BusyWait, tid, m.now).on(-1, wait.epfd);
    if engine.raise(about.and([(Role::Now, wait.site)]), 0, case) {
        engine.own::<Watched>(Rule::BusyWait).push(tid);
    }
}

impl Case for Busy {
    fn holds(&mut self, about: &mut About, model: &mut Model, m: &Moment<'_>) -> Standing {
        let Some(thread) = model.threads.get(about.tid) else { return Standing::Void };
        let waits = thread.waits.wrapping_sub(self.waits);
        let empties = thread.empties.wrapping_sub(self.empties);
        self.made = (waits, empties);
        let (site, at) = thread.positive;
        let here = about.sites.first().map_or(site, |&(_, site)| site);
        self.is_computed = site == here && m.now.saturating_sub(at) <= RECENT;
        Standing::Ask
    }

    fn confirm(&mut self, about: &About, now: Nanos, kernel: &mut dyn Kernel) -> Answer {
        let Some(used) = kernel.processor_time(about.tid) else { return Answer::Refuted };
        let Some((since, before)) = self.first else {
            self.first = Some((now, used));
            return Answer::Again(FOR);
        };
        let (lasted, used) = (now.saturating_sub(since), used.saturating_sub(before));
        let share = used.saturating_mul(100) / lasted.max(1);
        let (waits, empties) = self.made;
        let is_empty = u64::from(empties) * 100 >= u64::from(waits) * EMPTY;
        if waits == 0 || !is_empty || share < BUSY {
            return Answer::Refuted;
        }
        let how = if self.is_computed {
            "; the same call passes longer timeouts too: these were computed, and became 0"
        } else {
            ""
        };
        let seconds = lasted as f64 / SECOND as f64;
        let what = format!(
            "{empties} of {waits} waits on epfd {} in {seconds:.1} s returned nothing, and their thread wanted a \
             processor for {share}% of that time{how}",
            about.epfd,
        );
        let certainty = if self.is_computed { Certainty::Suspected } else { Certainty::Note };
        let used = used as f64 / SECOND as f64;
        let verified = format!(
            "the kernel says that thread {} ran or waited for a processor for {used:.1} s",
            about.tid
        );
        about.finding(certainty, now, what, verified)
    }
}
