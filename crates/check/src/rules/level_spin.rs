//! `level-spin`.

mod reason;

use crate::checker::{Checker, Standing};
use crate::epoll::Delivery;
use crate::finding::Role;
use crate::ports::{Descriptors, Kernel, Kind, MILLISECOND, Nanos, SECOND, Site, Ticks, bits};
use crate::rule::{Certainty, Explanation};
use crate::suspicion::{Case, Suspicion, Verdict};
pub(crate) use reason::Taken;

/// Its page.
pub const EXPLANATION: Explanation = Explanation {
    finds: "\
        The same registration is delivered again and again, and nothing is done about it.",
    hurts: "\
        One core at 100 %, often unnoticed for weeks. The usual five: a connection whose peer \
        has closed, read again and again though read returns 0; EPOLLHUP or EPOLLERR, which are \
        reported even with events = 0, ignored; EPOLLOUT left on with nothing to write; an \
        eventfd, timerfd or signalfd never read; a listener not accepted from.",
    evidence: "\
        200 deliveries in a row of one registration with the same events, at 50 or more a \
        second, over at least 1 s (pauses of more than 100 ms are not counted), without \
        successful I/O on the descriptor and without an epoll_ctl for it; and the kernel confirms that nothing moved (poll(2) says the same, \
        FIONREAD and TIOCOUTQ are unchanged). Certain; a note on a device, which programs may \
        serve by ioctl(2) unseen. The report says which event it is, how the program's last read \
        or accept ended, and what would clear it.",
    silent: "\
        Waits with a zero timeout that return nothing (busy polling). Loops that stop listening \
        one wake-up late, as haproxy and libuv do. When the counts move although no read was \
        seen: somebody else reads. Edge-triggered and one-shot registrations: an edge is \
        something new, and a one-shot was armed again.",
    fix: "\
        read returns 0, or an error that is not EAGAIN: close. EPOLLHUP, EPOLLERR: read the \
        rest, then delete or close; they cannot be masked. EPOLLOUT: ask for it only while something waits to be written. eventfd and timerfd: read \
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
/// A longer pause is not counted: the loop did something else, or the machine was busy elsewhere.
const PAUSE: Nanos = 100 * MILLISECOND;
/// A pause that is longer yet ends the row.
const END: Nanos = SECOND;
/// So many readings of the traffic, that must all be the same,
const READINGS: u32 = 4;
/// with so much time between them. Two may agree by chance, where another process takes as much as comes.
const BETWEEN: Nanos = 7 * MILLISECOND;

/// Deliveries of one registration without progress between them.
// Packed: each registration has one.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C, packed)]
pub(crate) struct State {
    times: u32,
    since: Ticks,
    /// The descriptor's input calls since the row began.
    calls: u32,
    /// So often the kernel said that something had moved, unseen. Each time the row must be twice
    /// as long before it is asked again: asked often enough, it would agree by chance.
    refuted: u8,
}

impl State {
    /// From now on there is none.
    pub fn begin(&mut self, now: Nanos) {
        (self.times, self.since) = (0, Ticks::of(now));
    }

    /// A delivery: how many it is in a row without progress, and over how long, if that is a spin.
    pub fn observe(
        &mut self,
        interest: u32,
        before: Delivery,
        now: Delivery,
    ) -> Option<(u32, Nanos)> {
        // An edge is reported again only when something has happened; a one-shot, when armed again.
        let pause = now.at.saturating_sub(before.at);
        let is_same = interest & (bits::ET | bits::ONESHOT) == 0
            && before.round != 0
            && pause <= END
            && now.events == before.events
            && now.moved == before.moved;
        if !is_same {
            self.begin(now.at);
            return None;
        }
        let calls = if self.times == 0 { 0 } else { self.calls };
        self.calls = calls.saturating_add(u32::from(now.inputs.wrapping_sub(before.inputs)));
        if pause > PAUSE {
            self.since = self.since.later(pause);
        }
        self.times = self.times.saturating_add(1);
        if self.times < self.enough() {
            return None;
        }
        let nanos = Ticks::of(now.at).since(self.since).nanos();
        let is_often = u64::from(self.times) * SECOND >= RATE * nanos;
        (nanos >= LONG << self.refuted && is_often).then_some((self.times, nanos))
    }

    fn enough(self) -> u32 {
        TIMES << self.refuted
    }

    /// The kernel was asked, and said that it is no spin.
    pub fn refuted(&mut self) {
        *self = Self { times: 0, refuted: (self.refuted + 1).min(10), ..*self };
    }
}

/// Is it still spinning, and could be seen if something was done about it?
pub(crate) fn stands(
    checker: &mut Checker,
    suspicion: &mut Suspicion,
    descriptors: &dyn Descriptors,
) -> Standing {
    let fd = suspicion.fd;
    let is_epoll = checker.epolls.named(fd, descriptors).is_some();
    let Some(registration) = checker.registration(suspicion, descriptors) else {
        return Standing::Void;
    };
    if is_epoll && !registration.is_epoll {
        // It was registered before it was known to be an epoll: from now on its rounds count.
        registration.is_epoll = true;
        return Standing::Void;
    }
    if registration.spin.times < registration.spin.enough() {
        return Standing::Void;
    }
    let spin = registration.spin;
    let (added, modified) = (registration.added, registration.modified);
    let delivered_at = registration.delivery.inputs;
    let descriptor = descriptors.get(fd);
    let since = descriptor.io.inputs().wrapping_sub(delivered_at);
    let calls = spin.calls.saturating_add(u32::from(since));
    let called = if calls > 0 { descriptor.read } else { Site::default() };
    let by = [(Role::RegisteredBy, added), (Role::ModifiedBy, modified), (Role::ReadBy, called)];
    suspicion.sites.truncate(1);
    suspicion.sites.extend(by);
    if let Case::Spin { delivered, times, is_visible, taken, .. } = &mut suspicion.case {
        *times = spin.times;
        let kind = descriptors.kind(fd);
        *taken = Taken { calls, input: descriptor.io.input(), error: descriptor.error, kind };
        // A device may be served by ioctl(2) or in mapped memory.
        let is_device = kind == Kind::Unknown;
        *is_visible = !is_device || *delivered & (bits::ERR | bits::HUP) != 0;
    }
    Standing::Ask
}

/// It is ready, and in several readings nothing has moved, by whichever way.
pub(crate) fn confirm(mut suspicion: Suspicion, now: Nanos, kernel: &mut dyn Kernel) -> Verdict {
    let (fd, epfd) = (suspicion.fd, suspicion.epfd);
    let Case::Spin { delivered, times, nanos, traffic: before, is_visible, taken } = suspicion.case
    else {
        return Verdict::Refuted;
    };
    let ready = kernel.readiness(fd, delivered).unwrap_or(0);
    if ready & delivered == 0 {
        return Verdict::Refuted;
    }
    let traffic = kernel.traffic(fd);
    if before.is_some_and(|before| before != traffic) {
        return Verdict::Refuted;
    }
    if suspicion.tries + 1 < READINGS {
        if let Case::Spin { traffic: first, .. } = &mut suspicion.case {
            *first = Some(traffic);
        }
        return Verdict::Again(suspicion, BETWEEN);
    }
    let reason = taken.reason(delivered);
    let what = format!(
        "epfd {epfd} delivered {} for fd {fd} {times} times in a row, {:.0} a second, and {}: {}",
        bits::names(delivered),
        f64::from(times) * SECOND as f64 / nanos.max(1) as f64,
        if taken.calls > 0 { "nothing came of it" } else { "nothing was done about it" },
        reason.sentence.replace("FD", &fd.to_string()),
    );
    let verified = format!("poll(fd {fd}) says {}, and no byte moved", bits::names(ready));
    let certainty = if is_visible { Certainty::Certain } else { Certainty::Note };
    suspicion.becomes(certainty, now, what, verified).advising(reason.advice)
}
