//! `empty-datagram`.

use crate::engine::{
    About, Answer, Case, Certainty, Engine, Explanation, Hook, Record, Role, Rule,
};
use crate::model::Moment;
use epshim_observe::{Fd, Kernel, Nanos, Site};

pub(crate) const RECORD: Record = Record {
    name: "empty-datagram",
    emits: &[Certainty::Suspected],
    listens: &[Hook::ClosedEmpty(closed)],
    page: Explanation {
        finds: "An empty datagram is taken for the end of the input, and the socket is closed.",
        hurts: "\
            recv returns 0 on a stream when the peer has ended it. A datagram socket has no end: \
            there 0 is a datagram without a byte, which any host may send. A server that closes \
            its socket then is gone, with one packet from anywhere.",
        evidence: "\
            A registered socket of type SOCK_DGRAM is closed, and the last receive on it returned \
            0. Suspected.",
        silent: "\
            Sockets of type SOCK_SEQPACKET, which have an end. When something was received since, \
            or a receive failed. When the thread has waited again before it closes the socket. After \
            the program's own shutdown().",
        fix: "On a datagram socket take 0 for an empty message, and go on until EAGAIN.",
        wrong: r"n = recv(fd, buffer, sizeof buffer, 0);
if (n <= 0)
    close(fd);                   /* n == 0: an empty datagram */",
        right: r"if (n == -1 && errno != EAGAIN && errno != EINTR)
    close(fd);
else if (n >= 0)
    consume(buffer, n);",
        manual: "recv(2), RETURN VALUE",
        seen: &[
            "https://github.com/cesanta/mongoose/issues/3696",
            "https://github.com/pupnp/pupnp/issues/498",
            "https://github.com/ponylang/ponyc/issues/5289",
        ],
    },
};

#[derive(Debug)]
struct Empty;

fn closed(engine: &mut Engine, m: &Moment<'_>, fd: Fd, site: Site) {
    let model = &engine.model;
    let deleted = model.deleted.as_ref().filter(|deleted| deleted.fd == fd);
    let registration = model.epolls.watching(fd).map(|(_, registration)| registration).or(deleted);
    // Who has waited since has another reason to close it.
    let begun = model.threads.get(m.tid).map_or(0, |thread| thread.begun);
    if registration.is_some_and(|one| one.delivery.at < begun) {
        return;
    }
    let added = registration.map(|registration| registration.added);
    let read = m.descriptors.get(fd).read;
    let sites = [(Role::ClosedBy, site), (Role::ReadBy, read)];
    let registered = added.map(|added| (Role::RegisteredBy, added));
    let about = About::new(Rule::EmptyDatagram, m.tid, m.now).on(fd, -1);
    engine.raise(about.and(sites).and(registered), 0, Empty);
}

impl Case for Empty {
    /// What it was, was asked before the close: there is nothing left to ask.
    fn confirm(&mut self, about: &About, now: Nanos, _: &mut dyn Kernel) -> Answer {
        let what = format!(
            "fd {} is a datagram socket, and was closed after a receive that returned 0: that was an empty \
             datagram, not the end of the input",
            about.fd,
        );
        let verified = format!("SO_TYPE of fd {} was SOCK_DGRAM just before the close", about.fd);
        about.finding(Certainty::Suspected, now, what, verified)
    }
}
