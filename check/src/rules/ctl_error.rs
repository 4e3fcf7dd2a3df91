//! `ctl-error`.

use crate::rule::Explanation;

/// Its page.
pub const EXPLANATION: Explanation = Explanation {
    finds: "An epoll_ctl failed; explained from the descriptor's history.",
    hurts: "\
        The kernel's interest list is not what the program believes: a connection is never \
        reported, or is reported to its predecessor, or the loop aborts on an error it did not \
        expect.",
    evidence: "\
        epoll_ctl returned EEXIST, ENOENT, EBADF, EPERM, EINVAL or ELOOP, and the thread's next \
        call on that descriptor is not the right retry. A fact: that it failed is beyond doubt. \
        The report says who registered and who closed it, and which rule of the kernel was \
        broken.",
    silent: "\
        When EEXIST is followed by EPOLL_CTL_MOD, or ENOENT by EPOLL_CTL_ADD, of the same \
        descriptor: libevent, libev and libuv do it on purpose. An EPOLL_CTL_DEL that comes \
        after the close (EBADF, ENOENT) and EPERM for a regular file are notes: many libraries \
        ignore them knowingly.",
    fix: "\
        EEXIST: it is registered, EPOLL_CTL_MOD. ENOENT: it is not, or its number names another \
        file by now. EBADF: delete before close(). EPERM: regular files and directories are \
        always ready, do not register them. EINVAL: not an epoll, itself, or EPOLLEXCLUSIVE with \
        EPOLL_CTL_MOD, with EPOLLONESHOT or on an epoll. ELOOP: epolls that watch each other.",
    wrong: r"close(fd);
epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL);  /* EBADF, or deletes whoever got the number */",
    right: r"epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL);
close(fd);",
    manual: "epoll_ctl(2), ERRORS",
    seen: &[
        "https://github.com/curl/curl/pull/4211",
        "https://github.com/libuv/libuv/issues/1495",
        "https://github.com/panjf2000/gnet/pull/572",
        "https://github.com/python/cpython/issues/130141",
    ],
};
