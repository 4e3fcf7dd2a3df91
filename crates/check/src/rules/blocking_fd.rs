//! `blocking-fd`.

use crate::engine::{
    About, Answer, BLOCKS, Blocked, Case, Certainty, Engine, Explanation, Hook, Record,
};
use crate::engine::{Role, Rule};
use crate::model::{Moment, Thread};
use epshim_observe::{Call, Kernel, MILLISECOND, Nanos};

pub(crate) const RECORD: Record = Record {
    name: "blocking-fd",
    emits: &[Certainty::Certain],
    listens: &[Hook::Blocked(blocked)],
    page: Explanation {
        finds: "A thread of the loop blocks in a call on a registered descriptor.",
        hurts: "\
            Readiness is a hint: another thread may have taken the data, a checksum may be wrong, \
            the client may be gone before accept(). Without O_NONBLOCK the call then sleeps, and \
            all connections of the loop wait for it. With EPOLLET it always happens: the last call \
            of a drain finds nothing.",
        evidence: "\
            A read, write, recv, send, accept or a variant of them took over 10 ms and slept, in a \
            thread that waits on the epoll. The descriptor is registered there without O_NONBLOCK, \
            and the call had no MSG_DONTWAIT. Certain.",
        silent: "\
            While the call returns at once: a blocking descriptor with one read for each \
            level-triggered event works. In threads that do not wait on the epoll. O_NONBLOCK is \
            looked at when the call is made, not at EPOLL_CTL_ADD: asio sets it later.",
        fix: "\
            SOCK_NONBLOCK for socket() and accept4(), O_NONBLOCK for open() and pipe2(). A socket \
            from accept() does not inherit it from the listener. For a descriptor shared with \
            other programs (a terminal, stdin): MSG_DONTWAIT or a thread of its own.",
        wrong: r"fd = accept(listener, NULL, NULL);
epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event);
/* ... for each delivery: */
while ((n = read(fd, buffer, sizeof buffer)) > 0)
    consume(buffer, n);          /* the last read sleeps, and so do all other connections */",
        right: r"fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);",
        manual: "epoll(7), Level-triggered and edge-triggered; select(2), BUGS",
        seen: &[
            "https://github.com/Yelp/Testify/pull/139",
            "https://github.com/lalinsky/zio/issues/391",
            "https://github.com/pgexporter/pgexporter/issues/586",
        ],
    },
};

fn blocked(engine: &mut Engine, m: &Moment<'_>, it: Blocked) {
    let Some((id, registration)) = engine.model.epolls.watching(it.fd) else { return };
    // A thread that waits again and again is a loop's. Of one that has waited once that is known
    // if it was given this very descriptor.
    let was_given = |last| last == id && registration.delivery.round != 0;
    let is_loop = |thread: &Thread| match thread.waits {
        0 => false,
        1 => was_given(thread.last),
        _ => true,
    };
    if engine.model.threads.get(m.tid).is_some_and(is_loop) && it.nanos > BLOCKS {
        let about = About::new(Rule::BlockingFd, m.tid, m.now).on(it.fd, -1);
        engine.raise_about(about.and([(Role::Now, it.site)]), id, 0, it);
    }
}

impl Case for Blocked {
    /// It was seen to block: there is nothing left to ask.
    fn confirm(&mut self, about: &About, now: Nanos, _: &mut dyn Kernel) -> Answer {
        let (&About { fd, epfd, .. }, &mut Self { call, nanos, is_over, .. }) = (about, self);
        let call = match call {
            Call::Read => "a read",
            Call::Write => "a write",
            other => other.name(),
        };
        let milliseconds = nanos / MILLISECOND;
        let blocks = if is_over { "blocked for" } else { "has been blocking for" };
        let what = format!(
            "{call} on fd {fd}, which is registered in epfd {epfd} and not O_NONBLOCK, {blocks} \
             {milliseconds} ms in a thread that waits on an epoll: everything else that the thread serves \
             stood still"
        );
        about.finding(Certainty::Certain, now, what, None)
    }
}
