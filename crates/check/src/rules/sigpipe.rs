//! `sigpipe`.

use crate::engine::{
    About, Answer, Case, Certainty, Engine, Explanation, Hook, Record, Role, Rule,
};
use crate::model::Moment;
use epshim_observe::{Fd, Kernel, Nanos, Site, bits};

pub(crate) const RECORD: Record = Record {
    name: "sigpipe",
    emits: &[Certainty::Certain, Certainty::Suspected, Certainty::Note],
    listens: &[Hook::Unguarded(unguarded)],
    page: Explanation {
        finds: "A write to a connection whose peer may be gone, with SIGPIPE at its default.",
        hurts: "\
            When the reading end is closed a write raises SIGPIPE, and its default action ends the \
            program: one client that leaves at the wrong moment takes the whole server with it, \
            without a message. It needs a second write after the peer has left, so that it shows \
            under load only.",
        evidence: "\
            A write without MSG_NOSIGNAL to a registered stream or pipe, while SIGPIPE has its \
            default action and the thread does not block it. A note, once for a process. Certain, \
            if poll(2) says just before the write that nobody reads any more (POLLHUP on a socket \
            without an error, POLLERR on a pipe): the write ends the program, and this is its call \
            site. Suspected, if it says POLLERR of a socket: the write may return the error, and \
            the next one ends the program.",
        silent: "\
            When SIGPIPE is ignored, handled or blocked. With MSG_NOSIGNAL. On datagrams, on \
            standard output and error, and on descriptors that no epoll has.",
        fix: "\
            signal(SIGPIPE, SIG_IGN) at the start, or MSG_NOSIGNAL in each send; and close the \
            connection at EPIPE.",
        wrong: r"write(fd, header, header_length);
write(fd, body, body_length);    /* the client is gone: SIGPIPE */",
        right: r"signal(SIGPIPE, SIG_IGN);          /* once, in main */
if (write(fd, body, body_length) == -1 && errno == EPIPE)
    close(fd);",
        manual: "write(2), EPIPE; signal(7), Standard signals",
        seen: &[
            "https://github.com/microsoft/msquic/pull/5017",
            "https://github.com/yhirose/cpp-httplib/issues/77",
            "https://github.com/redis/hiredis/issues/1229",
        ],
    },
};

#[derive(Debug)]
struct Unguarded {
    ready: u32,
}

fn unguarded(engine: &mut Engine, m: &Moment<'_>, fd: Fd, ready: u32, site: Site) {
    let epfd = engine
        .model
        .epolls
        .watching(fd)
        .map_or(-1, |(id, _)| engine.model.epolls.get(id).map_or(-1, |epoll| epoll.fd));
    let about = About::new(Rule::Sigpipe, m.tid, m.now).on(fd, epfd);
    engine.raise(about.and([(Role::Now, site)]), 0, Unguarded { ready });
}

impl Case for Unguarded {
    /// The kernel was asked before the write: there is nothing left to ask, and perhaps no time.
    fn confirm(&mut self, about: &About, now: Nanos, _: &mut dyn Kernel) -> Answer {
        let fd = about.fd;
        let (certainty, what) = match self.ready {
            0 => (
                Certainty::Note,
                format!(
                    "fd {fd} is written without MSG_NOSIGNAL while SIGPIPE has its default action: the \
                 program ends if a peer is gone by then"
                ),
            ),
            bits::HUP => (
                Certainty::Certain,
                format!(
                    "nobody reads any more what is written to fd {fd}, and SIGPIPE has its default action: \
                 this write ends the program"
                ),
            ),
            _ => (
                Certainty::Suspected,
                format!(
                    "the connection of fd {fd} has failed, and SIGPIPE has its default action: this write \
                 returns the error or ends the program, and the next one ends it"
                ),
            ),
        };
        let verified = (self.ready != 0).then(|| {
            format!("poll(fd {fd}) said {} just before the write", bits::names(self.ready))
        });
        about.finding(certainty, now, what, verified)
    }
}
