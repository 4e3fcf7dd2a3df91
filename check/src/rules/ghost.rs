//! `ghost`.

use crate::rule::Explanation;

/// Its page.
pub const EXPLANATION: Explanation = Explanation {
    finds: "A closed descriptor's registration survives and delivers events.",
    hurts: "\
        close() removes a registration only with the last reference to the open file: a dup, a \
        child of fork or a descriptor sent over a socket keeps it. Events then arrive with the \
        old data, often a pointer to freed memory or a number that by now is another connection, \
        and EPOLL_CTL_DEL cannot remove them: EBADF, or ENOENT once the number is used again. \
        Level-triggered, the loop spins.",
    evidence: "\
        A delivery for a registration whose descriptor was closed or replaced, which \
        /proc/self/fdinfo of the epoll still lists under the old number. Certain. The report \
        names the descriptor that keeps the file open if it is in this process.",
    silent: "\
        At close() itself: closing as the way to unregister is right when nobody else holds the \
        file (nginx, asio, libev and Go do it). While the registration delivers nothing: a child \
        between fork and exec keeps it for a moment only.",
    fix: "\
        EPOLL_CTL_DEL before close(). Where it is too late: close the other descriptors of the \
        file, or dup2() one of them onto the old number and delete that, or build a new epoll. \
        Open with SOCK_CLOEXEC and O_CLOEXEC, so that children do not keep files.",
    wrong: r"epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event);
saved = dup(fd);                 /* or fork() */
close(fd);                       /* still registered: saved is the same open file */",
    right: r"epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL);
close(fd);",
    manual: "epoll(7), Q6",
    seen: &[
        "https://github.com/joyent/libuv/issues/1099",
        "https://github.com/MagicStack/uvloop/issues/61",
        "https://github.com/systemd/systemd/issues/14514",
        "https://github.com/manticoresoftware/manticoresearch/pull/4057",
    ],
};
