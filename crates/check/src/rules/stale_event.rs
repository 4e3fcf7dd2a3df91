//! `stale-event`.

use crate::engine::{
    About, Answer, Case, Certainty, Engine, Explanation, Hook, Record, Role, Rule,
};
use crate::model::Moment;
use epshim_observe::{Fd, Kernel, Nanos, Site, bits, errno};

pub(crate) const RECORD: Record = Record {
    name: "stale-event",
    emits: &[Certainty::Fact, Certainty::Suspected],
    listens: &[Hook::StaleUse(used)],
    page: Explanation {
        finds: "An event is served whose descriptor an earlier event of the same batch has closed.",
        hurts: "\
            A wait returns several events. The handler of the first closes another connection, whose \
            event comes later in the same array. If the program serves that event all the same, it \
            uses a number that is closed (EBADF), or, if something was opened since, a connection \
            that has nothing to do with it: it blocks, closes it, or takes what is not its own. With \
            data.ptr it uses memory that is free.",
        evidence: "\
            A wait delivered several events. The thread closed the descriptor of one that was not the \
            first, and had done nothing with it before; then, before its next wait, it called read, \
            write or accept on that number. EBADF was returned: a fact. Or input returned EAGAIN, \
            which means that another file is open under the number by now: suspected, where the \
            event had neither EPOLLHUP nor EPOLLERR nor EPOLLRDHUP, for which programs close without \
            a read, and the program was never seen to read a stream before its first event.",
        silent: "\
            When nothing is called on the number before the next wait: the program has noticed. When \
            the descriptor was read or written in the same batch before it was closed: its own \
            handler closed it. For epoll_ctl, which is `ctl-error`.",
        fix: "\
            When a connection is closed, mark it, and skip the rest of its events in this batch; close \
            and free when the batch is over. Or put a number that grows in the data, and compare it.",
        wrong: r"for (int i = 0; i < count; i++)
    serve(events[i].data.fd);    /* may close events[i + 1].data.fd */",
        right: r"for (int i = 0; i < count; i++)
    if (!is_closing(events[i].data.fd))
        serve(events[i].data.fd);
close_all_that_is_closing();",
        manual: "epoll(7), Q6 and \"If using an event cache\"",
        seen: &[
            "https://github.com/creytiv/re/pull/266",
            "https://github.com/redis/redis/issues/4877",
        ],
    },
};

/// What says that the peer has gone.
const GONE: u32 = bits::HUP | bits::ERR | bits::RDHUP;

/// A call on a number that was closed in the same batch.
fn used(engine: &mut Engine, m: &Moment<'_>, fd: Fd, errno: i32, site: Site) {
    let model = &engine.model;
    let batch = model.threads.get(m.tid).map_or(&[][..], |thread| &thread.batch[..]);
    let Some(place) = batch.iter().position(|&(one, _)| one == fd).filter(|&place| place > 0)
    else {
        return;
    };
    let reads_early = model.reads_early || !model.reads_when_told;
    if errno != errno::EBADF && (reads_early || batch[place].1 & GONE != 0) {
        return;
    }
    let case = Stale { place, of: batch.len(), errno };
    // The close before the last, where the number was used again, is not known.
    let closed = (errno == errno::EBADF).then(|| (Role::ClosedBy, m.descriptors.get(fd).closed));
    let about = About::new(Rule::StaleEvent, m.tid, m.now).on(fd, -1);
    engine.raise(about.and([(Role::Now, site)]).and(closed), 0, case);
}

#[derive(Debug)]
struct Stale {
    /// Its place in the batch, from 0, and how many that had.
    place: usize,
    of: usize,
    errno: i32,
}

impl Case for Stale {
    /// What the call returned, the kernel has said.
    fn confirm(&mut self, about: &About, now: Nanos, _: &mut dyn Kernel) -> Answer {
        let (fd, &mut Self { place, of, errno }) = (about.fd, self);
        let is_closed = errno == errno::EBADF;
        let use_of = if is_closed {
            "and used then: EBADF"
        } else {
            "and read then: EAGAIN, for another file has the number by now"
        };
        let what = format!(
            "fd {fd} was event {} of {of} of one wait, was closed before anything was done for that event, \
             {use_of}",
            place + 1,
        );
        let certainty = if is_closed { Certainty::Fact } else { Certainty::Suspected };
        about.finding(certainty, now, what, None)
    }

    fn alike(&self) -> Option<(i32, i32, bool)> {
        Some((self.errno, 0, false))
    }
}
