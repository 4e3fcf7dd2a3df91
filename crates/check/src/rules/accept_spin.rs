//! `accept-spin`.

use crate::engine::Standing;
use crate::engine::{
    About, Answer, Case, Certainty, Engine, Explanation, Hook, Record, Role, Rule,
};
use crate::model::{Delivered, Live, Model, Moment};
use epshim_observe::{Descriptors, Kernel, Nanos, bits};

pub(crate) const RECORD: Record = Record {
    name: "accept-spin",
    emits: &[Certainty::Certain],
    listens: &[Hook::Again(again)],
    page: Explanation {
        finds: "\
            accept() fails for want of descriptors, and the listener is reported again at once.",
        hurts: "\
            At the descriptor limit accept() fails and leaves the connection in the backlog, so \
            the level-triggered listener stays ready. The loop runs at 100 % CPU and fills the log \
            until a client disconnects.",
        evidence: "\
            10 times within 1 s: accept() or accept4() fails with EMFILE, ENFILE, ENOBUFS or \
            ENOMEM, no connection is accepted, and the same listener is delivered again within \
            5 ms. Certain.",
        silent: "\
            When one accept succeeds, as with a descriptor held in reserve (libuv, libev). When \
            the program pauses the listener after the failure, as nginx does for 500 ms, or sleeps \
            for longer than 5 ms.",
        fix: "\
            After such a failure take the listener out (EPOLL_CTL_DEL, or EPOLL_CTL_MOD to 0). Put \
            it back when a descriptor was closed or a timer ran out. Raise RLIMIT_NOFILE.",
        wrong: r"fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
if (fd == -1)
    return;                      /* EMFILE: the listener is ready again at once */",
        right: r"fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
if (fd == -1 && (errno == EMFILE || errno == ENFILE)) {
    epoll_ctl(epfd, EPOLL_CTL_DEL, listener, NULL);
    resume_after_a_close = 1;
}",
        manual: "accept(2), ERRORS",
        seen: &[
            "https://github.com/oven-sh/bun/pull/32705",
            "https://github.com/nanomsg/nanomsg/issues/152",
            "https://github.com/twisted/twisted/issues/5368",
            "https://github.com/joyent/libuv/issues/690",
        ],
    },
};

/// This many rounds in which accept found no descriptor to give, within a second.
const ROUNDS: u8 = 10;

#[derive(Debug)]
struct Starved {
    rounds: u8,
    nanos: Nanos,
}

/// A listener is delivered again: did accept fail for want of descriptors since the last time?
fn again(engine: &mut Engine, it: &Delivered, live: &Live, _: &dyn Descriptors) {
    let epoll = engine.model.epolls.get_mut(it.wait.epoll);
    let Some(one) = epoll.and_then(|epoll| epoll.at_mut(live.place)) else { return };
    let rounds = one.starved.rounds;
    if rounds < ROUNDS {
        return;
    }
    one.starved.rounds = 0;
    let case = Starved { rounds, nanos: one.starved.lasted(it.now) };
    let about = About::new(Rule::AcceptSpin, it.tid, it.now).on(live.fd, -1);
    engine.raise_about(about.and([(Role::NowWaiting, it.wait.site)]), it.wait.epoll, 0, case);
}

impl Case for Starved {
    /// Its number may be another file's by now.
    fn holds(&mut self, about: &mut About, model: &mut Model, m: &Moment<'_>) -> Standing {
        match about.registration(model, m.descriptors) {
            Some(_) => Standing::Ask,
            None => Standing::Void,
        }
    }

    /// A connection is waiting still.
    fn confirm(&mut self, about: &About, now: Nanos, kernel: &mut dyn Kernel) -> Answer {
        let &About { fd, epfd, .. } = about;
        if kernel.readiness(fd, bits::IN).is_none_or(|ready| ready & bits::IN == 0) {
            return Answer::Refuted;
        }
        let what = format!(
            "accept on fd {fd} failed for want of descriptors or memory in {} rounds of epfd {epfd} within \
             {} ms; the connection stays in the queue, so the listener is reported again at once",
            self.rounds,
            self.nanos / 1_000_000,
        );
        about.finding(Certainty::Certain, now, what, format!("poll(fd {fd}) says POLLIN"))
    }

    fn goes_on(&self) -> bool {
        true
    }
}
