//! `accept-spin`.

use crate::checker::{Checker, Standing};
use crate::epoll::Delivery;
use crate::io::Io;
use crate::ports::{Descriptors, Kernel, Nanos, SECOND, Ticks, bits};
use crate::rule::{Certainty, Explanation};
use crate::suspicion::{Case, Suspicion, Verdict};

/// Its page.
pub const EXPLANATION: Explanation = Explanation {
    finds: "\
        accept() fails for want of descriptors, and the listener is reported again at once.",
    hurts: "\
        At the descriptor limit accept() fails but leaves the connection in the backlog, so the \
        level-triggered listener stays ready. The loop turns at 100 % CPU and fills the log \
        until somebody disconnects.",
    evidence: "\
        10 times within 1 s: accept() or accept4() fails with EMFILE, ENFILE, ENOBUFS or ENOMEM \
        and the same listener is delivered again, with no connection accepted in between. \
        Certain.",
    silent: "\
        When some accept succeeds, as with a descriptor held in reserve (libuv, libev). When the \
        listener is paused after the failure, as nginx does for 500 ms.",
    fix: "\
        After such a failure take the listener out (EPOLL_CTL_DEL, or EPOLL_CTL_MOD to 0) and \
        put it back when a descriptor was closed or a timer ran out. Raise RLIMIT_NOFILE.",
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
};

/// So many rounds in which accept found no descriptor to give,
const ROUNDS: u8 = 10;
/// within so long.
const WITHIN: Ticks = Ticks::of(SECOND);

/// Rounds in which `accept` had no descriptor to give, and since when.
// Packed: each registration has one.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C, packed)]
pub(crate) struct State {
    since: Ticks,
    rounds: u8,
}

impl State {
    /// A listener is delivered again: did accept fail for want of descriptors since the last time?
    pub fn observe(&mut self, interest: u32, before: Delivery, io: Io, now: Nanos) -> Option<Case> {
        // With an edge there was something new.
        if interest & bits::ET != 0 || before.round == 0 || before.moved != io.moved() {
            self.rounds = 0;
            return None;
        }
        if before.inputs == io.inputs() {
            return None;
        }
        let now = Ticks::of(now);
        if self.rounds == 0 || now.since(self.since) > WITHIN {
            *self = Self { since: now, rounds: 0 };
        }
        self.rounds += 1;
        (self.rounds >= ROUNDS).then(|| {
            let rounds = std::mem::take(&mut self.rounds);
            Case::AcceptSpin { rounds, nanos: now.since(self.since).nanos() }
        })
    }
}

/// Its number may be another file's by now.
pub(crate) fn stands(
    checker: &mut Checker,
    suspicion: &mut Suspicion,
    descriptors: &dyn Descriptors,
) -> Standing {
    match checker.registration(suspicion, descriptors) {
        Some(_) => Standing::Ask,
        None => Standing::Void,
    }
}

/// A connection is waiting still.
pub(crate) fn confirm(suspicion: Suspicion, now: Nanos, kernel: &mut dyn Kernel) -> Verdict {
    let (fd, epfd) = (suspicion.fd, suspicion.epfd);
    let Case::AcceptSpin { rounds, nanos } = suspicion.case else { return Verdict::Refuted };
    if kernel.readiness(fd, bits::IN).is_none_or(|ready| ready & bits::IN == 0) {
        return Verdict::Refuted;
    }
    let what = format!(
        "accept on fd {fd} failed for want of descriptors or memory in {rounds} rounds of epfd {epfd} \
         within {} ms; the connection stays in the queue, so the listener is reported again at once",
        nanos / 1_000_000,
    );
    let verified = format!("poll(fd {fd}) says POLLIN");
    suspicion.becomes(Certainty::Certain, now, what, verified)
}
