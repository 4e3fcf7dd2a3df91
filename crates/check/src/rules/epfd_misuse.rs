//! `epfd-misuse`.

use crate::engine::Standing;
use crate::engine::{
    About, Answer, Case, Certainty, Engine, Explanation, Hook, Record, Role, Rule,
};
use crate::model::{Model, Moment, Thread, Wait};
use epshim_observe::{AtFailure, Ctl, Fd, Kernel, Nanos, SECOND, Site, Tid};

pub(crate) const RECORD: Record = Record {
    name: "epfd-misuse",
    emits: &[Certainty::Certain],
    listens: &[
        Hook::WaitFailed(wait_failed),
        Hook::CtlFailed(ctl_failed),
        Hook::EpollClosed(closed),
    ],
    page: Explanation {
        finds: "\
            The epoll descriptor is closed, is no epoll, or is closed while a thread waits on it.",
        hurts: "\
            A wait that fails at once, in a loop that ignores the error, spins. A number that was \
            closed and used again may be the epoll of another part of the program. And close() \
            does not wake a thread that waits: it sleeps on, and the shutdown that joins it hangs.",
        evidence: "\
            epoll_wait or epoll_ctl returned EBADF or EINVAL because the descriptor is closed or \
            is not an epoll; or a thread is still asleep in its wait 1 s after another thread \
            closed that epoll. Certain.",
        silent: "\
            When the epoll has another descriptor. When the waiter returns within 1 s, woken by an \
            event or by its timeout. EINVAL for another reason is `ctl-error`.",
        fix: "\
            End the waiting thread first: write to an eventfd that is registered for this, join, \
            then close. Check what epoll_create1() returned.",
        wrong: r"/* thread A */ epoll_wait(epfd, events, 64, -1);
/* thread B */ close(epfd);      /* A sleeps on */
               pthread_join(a, NULL);",
        right: r"/* thread B */ stopping = 1;
               write(wakeup, &one, sizeof one);   /* an eventfd that epfd watches */
               pthread_join(a, NULL);
               close(epfd);",
        manual: "epoll_wait(2), ERRORS; close(2), Multithreaded processes and close()",
        seen: &[
            "https://github.com/golang/go/issues/22606",
            "https://github.com/apache/brpc/issues/1333",
            "https://github.com/canonical/snapd/pull/13204",
            "https://github.com/acassen/keepalived/pull/1811",
        ],
    },
};

/// A call that failed because its epoll is none.
#[derive(Debug)]
struct Failed {
    is_wait: bool,
    errno: i32,
    is_open: bool,
}

/// An epoll was closed while a thread waits on it: its `waits`-th wait is the one that it must still be in.
#[derive(Debug)]
struct Closed {
    waiter: Tid,
    waits: u32,
}

fn wait_failed(engine: &mut Engine, m: &Moment<'_>, wait: &Wait, at: AtFailure) {
    let about = About::new(Rule::EpfdMisuse, m.tid, m.now).on(-1, wait.epfd);
    failed(engine, m, about.and([(Role::Now, wait.site)]), at, true);
}

fn ctl_failed(engine: &mut Engine, m: &Moment<'_>, ctl: &Ctl, at: AtFailure) {
    let about = About::new(Rule::EpfdMisuse, m.tid, m.now).at(ctl, Role::Now);
    failed(engine, m, about, at, false);
}

fn failed(engine: &mut Engine, m: &Moment<'_>, about: About, at: AtFailure, is_wait: bool) {
    if at.is_no_epoll() {
        let closed = (Role::ClosedBy, m.descriptors.get(about.epfd).closed);
        let case = Failed { is_wait, errno: at.errno, is_open: at.epfd.is_some() };
        engine.raise(about.and([closed]), 0, case);
    }
}

fn closed(engine: &mut Engine, m: &Moment<'_>, epfd: Fd, site: Site) {
    let model = &engine.model;
    let Some(id) = model.epolls.last_named(epfd) else { return };
    if model.epolls.has_other_name(id, epfd) {
        return;
    }
    let on_it = |&(waiter, _, wait): &(Tid, &Thread, Wait)| waiter != m.tid && wait.epoll == id;
    let Some((waiter, thread, wait)) = model.threads.waits().find(on_it) else { return };
    let sites = [(Role::ClosedBy, site), (Role::WaitedBy, wait.site)];
    let case = Closed { waiter, waits: thread.waits };
    let about = About::new(Rule::EpfdMisuse, m.tid, m.now).on(-1, epfd);
    engine.raise(about.and(sites), SECOND, case);
}

impl Case for Failed {
    /// The call has returned it.
    fn confirm(&mut self, about: &About, now: Nanos, _: &mut dyn Kernel) -> Answer {
        let epfd = about.epfd;
        let call = if self.is_wait { "epoll_wait" } else { "epoll_ctl" };
        let what = match (self.is_open, self.is_wait) {
            (true, _) => format!("{call} on fd {epfd}, which is open, but not an epoll: EINVAL"),
            (false, true) => format!("{call} on fd {epfd}, which is not open: EBADF"),
            (false, false) => format!("{call} on epfd {epfd}, which is not open: EBADF"),
        };
        about.finding(Certainty::Certain, now, what, None)
    }

    /// No operation of `epoll_ctl` is negative.
    fn alike(&self) -> Option<(i32, i32, bool)> {
        Some((if self.is_wait { -1 } else { -2 }, self.errno, false))
    }
}

impl Case for Closed {
    /// A waiter must be in the same wait still.
    fn holds(&mut self, _: &mut About, model: &mut Model, _: &Moment<'_>) -> Standing {
        match model.threads.get(self.waiter) {
            Some(thread) if thread.wait.is_some() && thread.waits == self.waits => Standing::Ask,
            _ => Standing::Void,
        }
    }

    /// It must exist.
    fn confirm(&mut self, about: &About, now: Nanos, kernel: &mut dyn Kernel) -> Answer {
        let (epfd, waiter) = (about.epfd, self.waiter);
        if !kernel.is_alive(waiter) {
            return Answer::Refuted;
        }
        let what = format!(
            "epfd {epfd} was closed while thread {waiter} waits on it: close does not wake it, and without a \
             descriptor nothing can be added to what it waits for"
        );
        about.finding(Certainty::Certain, now, what, None)
    }
}
