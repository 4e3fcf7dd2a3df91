//! `accept-spin`.

use crate::rule::Explanation;

/// Its page.
pub const EXPLANATION: Explanation = Explanation {
    finds: "\
        accept() fails for want of descriptors, and the listener is reported again at once.",
    hurts: "\
        At the descriptor limit accept() fails but leaves the connection in the backlog, so the \
        level-triggered listener stays ready. The loop turns at 100 % CPU and fills the log \
        until somebody disconnects.",
    evidence: "\
        10 times within 1 s: accept() or accept4() fails with EMFILE, ENFILE, ENOBUFS or ENOMEM \
        and the same listener is delivered again, with no connection accepted in between. \
        Certain.",
    silent: "\
        When some accept succeeds, as with a descriptor held in reserve (libuv, libev). When the \
        listener is paused after the failure, as nginx does for 500 ms.",
    fix: "\
        After such a failure take the listener out (EPOLL_CTL_DEL, or EPOLL_CTL_MOD to 0) and \
        put it back when a descriptor was closed or a timer ran out. Raise RLIMIT_NOFILE.",
    wrong: r"fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
if (fd == -1)
    return;                      /* EMFILE: the listener is ready again at once */",
    right: r"fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
if (fd == -1 && (errno == EMFILE || errno == ENFILE)) {
    epoll_ctl(epfd, EPOLL_CTL_DEL, listener, NULL);
    resume_after_a_close = 1;
}",
    manual: "accept(2), ERRORS",
    seen: &[
        "https://github.com/oven-sh/bun/pull/32705",
        "https://github.com/nanomsg/nanomsg/issues/152",
        "https://github.com/twisted/twisted/issues/5368",
        "https://github.com/joyent/libuv/issues/690",
    ],
};
