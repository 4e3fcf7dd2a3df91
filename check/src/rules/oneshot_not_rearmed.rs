//! `oneshot-not-rearmed`.

use crate::rule::Explanation;

/// Its page.
pub const EXPLANATION: Explanation = Explanation {
    finds: "\
        A one-shot registration has fired, its descriptor is ready, and nobody arms it again.",
    hurts: "\
        EPOLLONESHOT disables the whole registration after one delivery, both directions and \
        EPOLLHUP included. If one path through the handler forgets to arm it, that connection is \
        silent for ever, while all others work.",
    evidence: "\
        The registration fired and has not been armed since, /proc/self/fdinfo shows it \
        disabled, and poll(2) says that what it last asked for is ready: for 5 s, with a thread \
        blocked in the wait on that epoll. The state is certain, the mistake suspected.",
    silent: "\
        While the descriptor is not ready. While no thread waits: a pool of workers may be busy. \
        When it is deleted or closed meanwhile. One-shot used as \"disabled until asked for\" \
        (GLib, sd-event) does not matter until there is data.",
    fix: "\
        End every path of the handler, also those for \"nothing to do\" and for errors, with \
        EPOLL_CTL_MOD or with close(). Arm for both directions that are wanted: there is one \
        shot per descriptor, not one for each direction.",
    wrong: r"event.events = EPOLLIN | EPOLLONESHOT;
/* ... for each delivery: */
if (read(fd, buffer, sizeof buffer) == -1)
    return;                      /* EAGAIN: leaves it disabled */
epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &event);",
    right: r"n = read(fd, buffer, sizeof buffer);
if (n > 0 || (n == -1 && (errno == EAGAIN || errno == EINTR)))
    epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &event);
else
    close(fd);",
    manual: "epoll_ctl(2), EPOLLONESHOT",
    seen: &[
        "https://github.com/pjsip/pjproject/pull/3018",
        "https://github.com/kaappi/kaappi/pull/1481",
        "https://github.com/389ds/389-ds-base/pull/7846",
    ],
};
