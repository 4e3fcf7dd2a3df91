//! `blocking-fd`.

use crate::ports::{Kernel, MILLISECOND, Nanos};
use crate::rule::{Certainty, Explanation};
use crate::suspicion::{Case, Suspicion, Verdict};

/// Its page.
pub const EXPLANATION: Explanation = Explanation {
    finds: "A thread of the loop blocks in a call on a registered descriptor.",
    hurts: "\
        Readiness is a hint: another thread may have taken the data, a checksum may be wrong, \
        the client may be gone before accept(). On a descriptor without O_NONBLOCK the call then \
        sleeps, and with it every connection of the loop. With EPOLLET it is sure to happen: \
        draining ends in one call too many.",
    evidence: "\
        read, write, recv, send, accept or one of their variants on a registered descriptor \
        without O_NONBLOCK, and without MSG_DONTWAIT, took over 10 ms in a thread that waits on \
        that epoll, and slept for it. Certain.",
    silent: "\
        While the call returns at once: a blocking descriptor with one read for each \
        level-triggered event works. In threads that do not wait on the epoll. O_NONBLOCK is \
        looked at when the call is made, not at EPOLL_CTL_ADD: asio sets it later.",
    fix: "\
        SOCK_NONBLOCK for socket() and accept4(), O_NONBLOCK for open() and pipe2(). A socket \
        from accept() does not inherit it from the listener. For a descriptor shared with other \
        programs (a terminal, stdin): MSG_DONTWAIT or a thread of its own.",
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
};

/// A call that takes longer has blocked.
pub const BLOCKS: Nanos = 10 * MILLISECOND;

/// It was seen to block: there is nothing left to ask.
pub(crate) fn confirm(suspicion: Suspicion, now: Nanos, _: &mut dyn Kernel) -> Verdict {
    let (fd, epfd) = (suspicion.fd, suspicion.epfd);
    let Case::Blocked { nanos, is_over, call } = suspicion.case else { return Verdict::Refuted };
    let milliseconds = nanos / MILLISECOND;
    let blocks = if is_over { "blocked for" } else { "has been blocking for" };
    let what = format!(
        "{call} on fd {fd}, which is registered in epfd {epfd} and not O_NONBLOCK, {blocks} {milliseconds} ms \
         in a thread that waits on an epoll: everything else that the thread serves stood still"
    );
    suspicion.becomes(Certainty::Certain, now, what, None)
}
