//! `lost-write`.

use crate::rule::Explanation;

/// Its page.
pub const EXPLANATION: Explanation = Explanation {
    finds: "The rest of a short write is never written, and nobody waits for room.",
    hurts: "\
        A full socket buffer takes a part of the data, or nothing (EAGAIN). If the program \
        neither tries again nor asks for EPOLLOUT, the peer gets a truncated answer and waits \
        for the rest. Small messages and fast networks hide it.",
    evidence: "\
        A write or send on a registered descriptor took less than it was given, or failed with \
        EAGAIN; for 1 s nothing more was written, no epoll of the program has EPOLLOUT on for \
        the descriptor, and a thread blocks in the wait. Suspected.",
    silent: "\
        With EPOLLOUT registered, level- or edge-triggered: the program will be told. When the \
        descriptor is closed or shut down for writing meanwhile. On datagrams, which are sent \
        whole or dropped. On wakers (eventfd, a pipe to itself), where a full buffer says \
        enough.",
    fix: "\
        Keep the rest in a buffer of the connection, ask for EPOLLOUT with EPOLL_CTL_MOD, write \
        on when it comes, and stop asking when the buffer is empty. Let nothing overwrite that \
        interest before.",
    wrong: r"write(fd, answer, length);       /* took 64 KiB of 1 MiB, or -1 and EAGAIN */",
    right: r"n = write(fd, answer, length);
if (n == -1 && errno == EAGAIN)
    n = 0;
if (n >= 0 && (size_t)n < length) {
    keep(connection, answer + n, length - n);
    event.events = EPOLLIN | EPOLLOUT;
    epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &event);
}",
    manual: "epoll(7), Q9; write(2), RETURN VALUE",
    seen: &[
        "https://github.com/pistacheio/pistache/issues/1114",
        "https://github.com/Allenxuxu/gev/issues/60",
    ],
};
