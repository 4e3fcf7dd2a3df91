//! `hangup-unread`.

use crate::engine::{
    About, Answer, Case, Certainty, Engine, Explanation, Hook, Record, Role, Rule,
};
use crate::model::{Epoll, Moment, Registration};
use epshim_observe::{Descriptors, Fd, Kernel, Nanos, Partner, Site, bits};

pub(crate) const RECORD: Record = Record {
    name: "hangup-unread",
    emits: &[Certainty::Suspected],
    listens: &[Hook::ClosedUnread(closed)],
    page: Explanation {
        finds: "A descriptor is closed after a hang-up with bytes still unread.",
        hurts: "\
            EPOLLHUP and EPOLLRDHUP say that the peer will send no more, not that everything was \
            read. A program that closes at once loses the last message, or the end of a child's \
            output. On TCP, unread bytes also turn the close into a reset.",
        evidence: "\
            The last delivery had EPOLLHUP or EPOLLRDHUP. When the descriptor is closed, FIONREAD \
            says that bytes are waiting, and no read since the delivery returned end of file or an \
            error. Suspected.",
        silent: "\
            When the program read to the end of file or to an error. When the hang-up was not in \
            the last delivery, or that delivery was rounds ago: the program did not act on it. \
            When the delivery had EPOLLERR: the peer reset the connection. When the program \
            exchanged data between this descriptor and another (a thread read one and then wrote \
            to the other), and the other hung up, ended or was closed: a proxy whose client has \
            left does not want the rest of the answer. After the program's own shutdown(), for the \
            same reason, and on a TCP connection that the peer has reset. Protocols that abort on \
            purpose look the same, hence only suspected.",
        fix: "Treat EPOLLHUP and EPOLLRDHUP as \"read now\": read until 0 or an error, then close.",
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
    },
};

#[derive(Debug)]
struct Unread {
    bytes: u64,
    delivered: u32,
}

/// A registered descriptor was closed after a hang-up was delivered:
/// see [`Io::may_lose_input`](epshim_observe::Io::may_lose_input).
fn closed(engine: &mut Engine, m: &Moment<'_>, fd: Fd, bytes: u64, site: Site) {
    let model = &engine.model;
    let deleted = model.deleted.as_ref().filter(|deleted| deleted.fd == fd);
    let watching = model.epolls.watching(fd).map(|(_, registration)| registration);
    let Some(registration) = watching.or(deleted) else { return };
    // A thread that never waits may have the delivery from one that does, rounds ago.
    let thread = model.threads.get(m.tid).filter(|thread| thread.waits > 0);
    let epoll = thread.and_then(|thread| model.epolls.get(thread.last));
    if epoll.is_none_or(|epoll| is_reason(epoll, registration, m.descriptors)) {
        let sites = [(Role::ClosedBy, site), (Role::RegisteredBy, registration.added)];
        let case = Unread { bytes, delivered: registration.delivery.events };
        let about = About::new(Rule::HangupUnread, m.tid, m.now).on(fd, -1);
        engine.raise(about.and(sites), 0, case);
    }
}

/// Whether a descriptor was closed for its own hang-up, as far as can be told: that was delivered in
/// the epoll's latest round, and no descriptor that it has exchanged data with has hung up, ended or
/// gone.
fn is_reason(epoll: &Epoll, closed: &Registration, descriptors: &dyn Descriptors) -> bool {
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

impl Case for Unread {
    /// The bytes were counted before the close: there is nothing left to ask.
    fn confirm(&mut self, about: &About, now: Nanos, _: &mut dyn Kernel) -> Answer {
        let (fd, &mut Self { bytes, delivered }) = (about.fd, self);
        // After an error (a reset) the connection is lost anyway, and without a hang-up the program did
        // not act on one.
        if delivered & bits::ERR != 0 || delivered & (bits::HUP | bits::RDHUP) == 0 {
            return Answer::Refuted;
        }
        let what = format!(
            "fd {fd} was closed after {} was delivered, with {bytes} bytes unread: a hang-up says that \
             nothing more will come, not that everything was read",
            bits::names(delivered),
        );
        let verified = format!("FIONREAD said {bytes} just before the close");
        about.finding(Certainty::Suspected, now, what, verified)
    }
}
