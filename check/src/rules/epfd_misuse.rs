//! `epfd-misuse`.

use crate::rule::Explanation;

/// Its page.
pub const EXPLANATION: Explanation = Explanation {
    finds: "\
        The epoll descriptor is closed, is no epoll, or is closed while a thread waits on it.",
    hurts: "\
        A wait that fails at once, in a loop that ignores the error, spins. A number that was \
        closed and used again may be somebody else's epoll. And close() does not wake a thread \
        that waits: it sleeps on, and the shutdown that joins it hangs.",
    evidence: "\
        epoll_wait or epoll_ctl returned EBADF or EINVAL because the descriptor is closed or is \
        not an epoll; or a thread is still asleep in its wait 1 s after another thread closed \
        that epoll. Certain.",
    silent: "\
        When the waiter returns within 1 s: it was woken, by an event or by its timeout. EINVAL \
        for another reason is `ctl-error`.",
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
};
