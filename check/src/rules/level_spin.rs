//! `level-spin`.

use crate::checker::{Checker, Standing};
use crate::epoll::Delivery;
use crate::rule::{Certainty, Explanation};
use crate::suspicion::{Case, Suspicion, Verdict};
use crate::world::{Descriptors, Kernel, MILLISECOND, Nanos, SECOND, bits};

/// Its page.
pub const EXPLANATION: Explanation = Explanation {
    finds: "\
        The same registration is delivered again and again, and nothing is done about it.",
    hurts: "\
        One core at 100 %, often unnoticed for weeks. The usual four: EPOLLHUP or EPOLLERR, \
        which are reported even with events = 0, ignored; EPOLLOUT left on with nothing to \
        write; an eventfd, timerfd or signalfd never read; a listener not accepted from.",
    evidence: "\
        200 deliveries in a row of one registration with the same events, at 50 or more a \
        second, over at least 1 s, without successful I/O on the descriptor and without an \
        epoll_ctl for it; and the kernel confirms that nothing moved (poll(2) says the same, \
        FIONREAD and TIOCOUTQ are unchanged). Certain. The report says which event it is and \
        what would clear it.",
    silent: "\
        Waits with a zero timeout that return nothing (busy polling). Loops that stop listening \
        one wake-up late, as haproxy and libuv do. When the counts move although no read was \
        seen: somebody else reads. Edge-triggered and one-shot registrations: an edge is \
        something new, and a one-shot was armed again.",
    fix: "\
        EPOLLHUP, EPOLLERR: read the rest, then delete or close; they cannot be masked. \
        EPOLLOUT: ask for it only while something waits to be written. eventfd and timerfd: read \
        all 8 bytes.",
    wrong: r"if (event.events & EPOLLIN)
    serve(event.data.fd);        /* EPOLLHUP alone: nobody closes, reported for ever */",
    right: r"if (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP))
    serve(event.data.fd);        /* reads, sees 0 or the error, and closes */",
    manual: "epoll_ctl(2), EPOLLHUP",
    seen: &[
        "https://github.com/twisted/twisted/issues/2809",
        "https://github.com/h2o/h2o/pull/603",
        "https://github.com/haproxy/haproxy/issues/413",
        "https://github.com/apple/swift-nio/issues/1337",
    ],
};

/// So many deliveries in a row,
const TIMES: u32 = 200;
/// over so long,
const LONG: Nanos = SECOND;
/// and at least so often a second.
const RATE: u64 = 50;
/// Between the two looks at the traffic.
const LOOKS: Nanos = 20 * MILLISECOND;

/// Deliveries of one registration without progress between them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct State {
    times: u32,
    since: Nanos,
    changes: u16,
}

impl State {
    /// A delivery: how many it is in a row without progress, and over how long, if that is a spin.
    pub fn look(
        &mut self,
        interest: u32,
        before: Delivery,
        now: Delivery,
        changes: u16,
    ) -> Option<(u32, Nanos)> {
        // An edge is reported again only when something has happened; a one-shot, when armed again.
        let same = interest & (bits::ET | bits::ONESHOT) == 0
            && before.round != 0
            && now.round.wrapping_sub(before.round) == 1
            && now.events == before.events
            && now.moved == before.moved
            && changes == self.changes;
        if !same {
            *self = Self { times: 0, since: now.at, changes };
            return None;
        }
        self.times = self.times.saturating_add(1);
        let nanos = now.at.saturating_sub(self.since);
        let often = u64::from(self.times) * SECOND >= RATE * nanos;
        (self.times >= TIMES && nanos >= LONG && often).then_some((self.times, nanos))
    }

    pub const fn times(&self) -> u32 {
        self.times
    }
}

/// Is it still spinning?
pub(crate) fn stands(
    checker: &mut Checker,
    suspicion: &mut Suspicion,
    descriptors: &dyn Descriptors,
) -> Standing {
    let Some((_, registration)) = checker.registration(suspicion, descriptors) else {
        return Standing::Void;
    };
    let times = registration.spin.times();
    if times < TIMES {
        return Standing::Void;
    }
    if let Case::Spin { times: seen, .. } = &mut suspicion.case {
        *seen = times;
    }
    Standing::Ask
}

/// It is ready, and twice in a row nothing has moved, by whichever way.
pub(crate) fn confirm(mut suspicion: Suspicion, now: Nanos, kernel: &mut dyn Kernel) -> Verdict {
    let (fd, epfd) = (suspicion.fd, suspicion.epfd);
    let Case::Spin { delivered, times, nanos, traffic: before } = suspicion.case else {
        return Verdict::Refuted;
    };
    let ready = kernel.readiness(fd, delivered).unwrap_or(0);
    if ready & delivered == 0 {
        return Verdict::Refuted;
    }
    let traffic = kernel.traffic(fd);
    let Some(before) = before else {
        if let Case::Spin { traffic: first, .. } = &mut suspicion.case {
            *first = Some(traffic);
        }
        return Verdict::Again(suspicion, LOOKS);
    };
    if before != traffic {
        return Verdict::Refuted;
    }
    let what = format!(
        "epfd {epfd} delivered {} for fd {fd} {times} times in a row, {:.0} a second, and nothing was done \
         about it: {}",
        bits::names(delivered),
        f64::from(times) * SECOND as f64 / nanos.max(1) as f64,
        reason(delivered),
    );
    let verified = format!("poll(fd {fd}) says {}, and no byte moved", bits::names(ready));
    suspicion.becomes(Certainty::Certain, now, what, verified)
}

/// Why it does not stop by itself.
fn reason(delivered: u32) -> &'static str {
    if delivered & bits::ERR != 0 {
        "EPOLLERR cannot be switched off; read the error (SO_ERROR) and close it"
    } else if delivered & bits::HUP != 0 {
        "EPOLLHUP cannot be switched off; delete or close it"
    } else if delivered & bits::RDHUP != 0 {
        "the peer has closed its end; read to the end and close it, or stop asking for EPOLLRDHUP"
    } else if delivered & bits::IN != 0 {
        "its input was not taken"
    } else {
        "it can be written to, and there is nothing to write; ask for EPOLLOUT only while there is"
    }
}
