//! `fork-shared`.

use crate::ports::{Kernel, Nanos};
use crate::rule::{Certainty, Explanation};
use crate::suspicion::{Case, Suspicion, Verdict};

/// Its page.
pub const EXPLANATION: Explanation = Explanation {
    finds: "A parent and its child both change one epoll.",
    hurts: "\
        fork() copies the descriptor, not the epoll: there is one interest list for both. What \
        the child deletes, the parent no longer hears of; what the child adds is delivered to \
        the parent, under numbers that mean nothing there; an event that one takes the other \
        misses.",
    evidence: "\
        An epoll created before the fork, and after it epoll_ctl on it from the child and from \
        the parent, while both are alive. Certain.",
    silent: "\
        When the parent exits, as daemon(3) does. When the child only closes its copy, which \
        changes nothing for the parent (libevent's event_reinit, libev's ev_loop_fork). When the \
        child only waits.",
    fix: "\
        In the child close the epoll and build a new one before anything is registered; or \
        create it after the fork. epoll_create1(EPOLL_CLOEXEC) keeps it from programs that are \
        executed.",
    wrong: r"epfd = epoll_create1(0);
if (fork() == 0)
    epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL);  /* deletes it from the parent's epoll */",
    right: r"if (fork() == 0) {
    close(epfd);
    epfd = epoll_create1(EPOLL_CLOEXEC);
}",
    manual: "fork(2), open file descriptors",
    seen: &[
        "https://github.com/smol-rs/polling/issues/37",
        "https://github.com/eventlet/eventlet/pull/68",
        "https://github.com/benoitc/gunicorn/pull/654",
        "https://github.com/OpenSmalltalk/opensmalltalk-vm/pull/552",
    ],
};

/// That the other process lived was asked when this one made its change.
pub(crate) fn confirm(suspicion: Suspicion, now: Nanos, _: &mut dyn Kernel) -> Verdict {
    let Case::Shared { other } = suspicion.case else { return Verdict::Refuted };
    let epfd = suspicion.epfd;
    let what = format!(
        "epfd {epfd} is one epoll in several processes, and more than one changes it since the fork: this \
         one and process {other}; each also receives the events of the other's descriptors"
    );
    let verified = format!("process {other} was alive when this one changed it");
    suspicion.becomes(Certainty::Certain, now, what, verified)
}
