//! `hangup-unread`.

use crate::epoll::{Epoll, Registration};
use crate::ports::{Descriptors, Kernel, Nanos, Partner, bits};
use crate::rule::{Certainty, Explanation};
use crate::suspicion::{Case, Suspicion, Verdict};

/// Its page.
pub const EXPLANATION: Explanation = Explanation {
    finds: "A descriptor is closed after a hang-up with bytes still unread.",
    hurts: "\
        EPOLLHUP and EPOLLRDHUP say that the peer will send no more, not that everything was \
        read. Whoever closes at once loses the last message, or the end of a child's output; on \
        TCP unread bytes also turn the close into a reset.",
    evidence: "\
        The last delivery had EPOLLHUP or EPOLLRDHUP, FIONREAD says that bytes are waiting when \
        the descriptor is closed, and no read since returned end of file or an error. Suspected.",
    silent: "\
        When the program read to the end of file or to an error. When the hang-up was not in the \
        last delivery, or that was rounds ago: the program did not act on it. When that \
        had EPOLLERR: the peer reset the connection. When a descriptor that it has exchanged data \
        with (a thread read one and then wrote to the other) hung up, ended or was closed: a \
        proxy whose client has left wants no more of the answer. After the program's own \
        shutdown(), for the same reason, and on a TCP connection that the peer has reset. \
        Protocols that abort on purpose \
        look the same, hence only suspected.",
    fix: "\
        Treat EPOLLHUP and EPOLLRDHUP as \"read now\": read until 0 or an error, then close.",
    wrong: r"if (event.events & (EPOLLHUP | EPOLLRDHUP))
    close(fd);                   /* the last message is still in the buffer */
else if (event.events & EPOLLIN)
    serve(fd);",
    right: r"if (event.events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP | EPOLLERR))
    serve(fd);                   /* reads until 0 or an error, then closes */",
    manual: "epoll_ctl(2), EPOLLHUP",
    seen: &[
        "https://github.com/netty/netty/issues/4317",
        "https://github.com/dmtcp/dmtcp/pull/1205",
        "https://github.com/twisted/twisted/issues/7932",
        "https://github.com/systemd/systemd/issues/12086",
    ],
};

/// Whether a descriptor was closed for its own hang-up, as far as can be told: that was delivered in
/// the epoll's latest round, and no descriptor that it has exchanged data with has hung up, ended or
/// gone.
pub(crate) fn is_reason(
    epoll: &Epoll,
    closed: &Registration,
    descriptors: &dyn Descriptors,
) -> bool {
    let has_left = |partner: Partner| {
        let (_, io) = descriptors.state(partner.fd);
        let is_told = epoll.by_fd(partner.fd).is_some_and(|one| one.delivery.events & GONE != 0);
        partner.is_closed || io.has_ended() || io.is_hung_up() || is_told
    };
    let partners = descriptors.get(closed.fd).partners;
    closed.delivery.round == epoll.round && !partners.into_iter().flatten().any(has_left)
}

/// What says of a descriptor that its peer has left.
const GONE: u32 = bits::HUP | bits::RDHUP | bits::ERR;

/// The bytes were counted before the close: there is nothing left to ask.
pub(crate) fn confirm(suspicion: Suspicion, now: Nanos, _: &mut dyn Kernel) -> Verdict {
    let Case::Unread { bytes, delivered } = suspicion.case else { return Verdict::Refuted };
    // After an error (a reset) the connection is lost anyway, and without a hang-up nobody acted on one.
    if delivered & bits::ERR != 0 || delivered & (bits::HUP | bits::RDHUP) == 0 {
        return Verdict::Refuted;
    }
    let fd = suspicion.fd;
    let what = format!(
        "fd {fd} was closed after {} was delivered, with {bytes} bytes unread: a hang-up says that nothing \
         more will come, not that everything was read",
        bits::names(delivered),
    );
    let verified = format!("FIONREAD said {bytes} just before the close");
    suspicion.becomes(Certainty::Suspected, now, what, verified)
}
