//! `edge-not-drained`.

use crate::rule::Explanation;

/// Its page.
pub const EXPLANATION: Explanation = Explanation {
    finds: "Data is left in the kernel after an edge, and the program sleeps.",
    hurts: "\
        With EPOLLET an arrival is reported once. What was not read then is reported again only \
        when something new arrives, and a peer that waits for an answer sends nothing new: the \
        request hangs, the accept backlog fills, a message comes one message late. A busy peer \
        hides it.",
    evidence: "\
        The latest delivery was edge-triggered with EPOLLIN. poll(2) says that the descriptor is \
        readable, the epoll does not report it any more, and for 1 s there was no I/O and no \
        epoll_ctl on it while a thread blocked in the wait: this state is confirmed in the \
        kernel. Suspected if the last read filled its buffer, or took one connection or one \
        datagram; a note if nothing was read at all.",
    silent: "\
        After a short read from a stream: the next arrival is a new edge. On descriptors that \
        programs leave unread on purpose: eventfd, timerfd and signalfd, and pipes with both \
        ends in the program. When the program saw EAGAIN. When EPOLL_CTL_MOD came since, which \
        reports what is ready again. A program that reads nothing may be holding back its peer: \
        hence only a note.",
    fix: "\
        Read, accept or receive in a loop until EAGAIN; or stop early only with the descriptor \
        on a list that is served before the next wait; or drop EPOLLET.",
    wrong: r"event.events = EPOLLIN | EPOLLET;
epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event);
/* ... for each delivery: */
n = read(fd, buffer, sizeof buffer);
consume(buffer, n);              /* what did not fit is not reported again */",
    right: r"for (;;) {
    n = read(fd, buffer, sizeof buffer);
    if (n > 0)
        consume(buffer, n);
    else if (n == -1 && errno == EAGAIN)
        break;                   /* empty: the next arrival is a new edge */
    else if (n == 0 || errno != EINTR)
        return finish(fd);       /* end of file, or an error */
}",
    manual: "epoll(7), Q9",
    seen: &[
        "https://github.com/FujiNetWIFI/tnfsd/pull/27",
        "https://github.com/sipwise/rtpengine/pull/346",
        "https://github.com/tokio-rs/mio/issues/845",
        "https://github.com/opentechinstitute/commotiond/pull/18",
    ],
};
