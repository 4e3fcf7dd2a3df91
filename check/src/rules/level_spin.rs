//! `level-spin`.

use crate::rule::Explanation;

/// Its page.
pub const EXPLANATION: Explanation = Explanation {
    finds: "\
        The same registration is delivered again and again, and nothing is done about it.",
    hurts: "\
        One core at 100 %, often unnoticed for weeks. The usual four: EPOLLHUP or EPOLLERR, \
        which are reported even with events = 0, ignored; EPOLLOUT left on with nothing to \
        write; an eventfd, timerfd or signalfd never read; a listener not accepted from.",
    evidence: "\
        200 deliveries in a row of one registration with the same events, at 50 or more a \
        second, over at least 1 s, without successful I/O on the descriptor and without an \
        epoll_ctl for it; and the kernel confirms that nothing moved (poll(2) says the same, \
        FIONREAD and TIOCOUTQ are unchanged). Certain. The report says which event it is and \
        what would clear it.",
    silent: "\
        Waits with a zero timeout that return nothing (busy polling). Loops that stop listening \
        one wake-up late, as haproxy and libuv do. When the counts move although no read was \
        seen: somebody else reads. Edge-triggered and one-shot registrations do not repeat.",
    fix: "\
        EPOLLHUP, EPOLLERR: read the rest, then delete or close; they cannot be masked. \
        EPOLLOUT: ask for it only while something waits to be written. eventfd and timerfd: read \
        all 8 bytes.",
    wrong: r"if (event.events & EPOLLIN)
    serve(event.data.fd);        /* EPOLLHUP alone: nobody closes, reported for ever */",
    right: r"if (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP))
    serve(event.data.fd);        /* reads, sees 0 or the error, and closes */",
    manual: "epoll_ctl(2), EPOLLHUP",
    seen: &[
        "https://github.com/twisted/twisted/issues/2809",
        "https://github.com/h2o/h2o/pull/603",
        "https://github.com/haproxy/haproxy/issues/413",
        "https://github.com/apple/swift-nio/issues/1337",
    ],
};
