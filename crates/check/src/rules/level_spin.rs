//! `level-spin`.

mod reason;

use crate::engine::Standing;
use crate::engine::{
    About, Answer, Case, Certainty, Engine, Explanation, Hook, Record, Role, Rule,
};
use crate::model::{Delivered, Live, Model, Moment, Row};
use epshim_observe::{Descriptors, Input, Kernel, Kind, MILLISECOND, Nanos, SECOND, Site, bits};
use reason::Taken;

pub(crate) const RECORD: Record = Record {
    name: "level-spin",
    emits: &[Certainty::Certain, Certainty::Note],
    listens: &[Hook::Again(again)],
    page: Explanation {
        finds: "\
            The same registration is delivered again and again, and the program does nothing about \
            it.",
        hurts: "\
            One core at 100 %, often unnoticed for weeks. The usual five: a connection whose peer \
            has closed, read again and again though read returns 0; EPOLLHUP or EPOLLERR ignored, \
            which are reported even with events = 0; EPOLLOUT left on with nothing to write; an \
            eventfd, timerfd or signalfd never read; a listener not accepted from.",
        evidence: "\
            200 deliveries in a row of one registration with the same events, at 50 or more a \
            second, over at least 1 s (pauses of more than 100 ms are not counted), without \
            successful I/O on the descriptor and without an epoll_ctl for it, other than one that \
            asks for the same again after EPOLLHUP or EPOLLERR alone. And the kernel \
            confirms that nothing moved: poll(2) says the same, FIONREAD and TIOCOUTQ are \
            unchanged. Certain; a note on a device, which programs may serve by ioctl(2) unseen. \
            The report says which event it is, how the program's last read or accept ended, and \
            what would clear it.",
        silent: "\
            Waits with a zero timeout that return nothing (busy polling). Loops that stop \
            listening one wake-up late, as haproxy and libuv do. When the counts move although no \
            read was seen: another process reads. Edge-triggered and one-shot registrations: an \
            edge is something new, and a one-shot was armed again: that counts only where all that it \
            brought was EPOLLHUP or EPOLLERR, which nobody had asked for.",
        fix: "\
            read returns 0, or an error that is not EAGAIN: close. EPOLLHUP, EPOLLERR: read the \
            rest, then delete or close; they cannot be masked. EPOLLOUT: ask for it only while \
            something waits to be written. eventfd and timerfd: read all 8 bytes.",
        wrong: r"if (event.events & EPOLLIN)
    serve(event.data.fd);        /* EPOLLHUP alone: not closed, reported for ever */",
        right: r"if (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP))
    serve(event.data.fd);        /* reads, sees 0 or the error, and closes */",
        manual: "epoll_ctl(2), EPOLLHUP",
        seen: &[
            "https://github.com/twisted/twisted/issues/2809",
            "https://github.com/h2o/h2o/pull/603",
            "https://github.com/haproxy/haproxy/issues/413",
            "https://github.com/apple/swift-nio/issues/1337",
        ],
    },
};

/// This many deliveries in a row,
const TIMES: u32 = 200;
/// over this time,
const LONG: Nanos = SECOND;
/// and at least this many a second.
const RATE: u64 = 50;
/// This many readings of the traffic, that must all be the same,
const READINGS: u32 = 4;
/// with this time between them. Two may agree by chance, where another process takes as much as comes.
const BETWEEN: Nanos = 7 * MILLISECOND;

/// The deliveries in a row, and over how long.
#[derive(Debug)]
struct Spin {
    delivered: u32,
    times: u32,
    nanos: Nanos,
    /// What the kernel's traffic was.
    traffic: Option<u64>,
    /// Whether what would clear it can be seen.
    is_visible: bool,
    /// What the program's input calls came to meanwhile.
    taken: Taken,
}

/// Each time that the kernel contradicts, the row must be twice as long before it is asked again: asked
/// often enough, it would agree by chance.
const fn is_long(row: Row) -> bool {
    row.times >= TIMES << row.refuted
}

fn again(engine: &mut Engine, it: &Delivered, live: &Live, descriptors: &dyn Descriptors) {
    let epoll = engine.model.epolls.get(it.wait.epoll);
    let Some(row) = epoll.and_then(|epoll| epoll.at(live.place)).map(|one| one.row) else { return };
    if !is_long(row) {
        return;
    }
    let (times, nanos) = (row.times, row.lasted(it.now));
    let is_often = u64::from(times) * SECOND >= RATE * nanos;
    // A failed accept is another rule's.
    let is_starved = || descriptors.state(live.fd).1.input() == Input::Exhausted;
    if nanos < LONG << row.refuted || !is_often || is_starved() {
        return;
    }
    let delivered = it.events;
    let taken = Taken::default();
    let case = Spin { delivered, times, nanos, traffic: None, is_visible: true, taken };
    let about = About::new(Rule::LevelSpin, it.tid, it.now).on(live.fd, -1);
    engine.raise_about(about.and([(Role::NowWaiting, it.wait.site)]), it.wait.epoll, 0, case);
}

impl Case for Spin {
    /// Is it still spinning, and could be seen if something was done about it?
    fn holds(&mut self, about: &mut About, model: &mut Model, m: &Moment<'_>) -> Standing {
        let fd = about.fd;
        let is_epoll = model.epolls.named(fd, m.descriptors).is_some();
        let Some(registration) = about.registration(model, m.descriptors) else {
            return Standing::Void;
        };
        if is_epoll && !registration.is_epoll {
            // It was registered before it was known to be an epoll: from now on its rounds count.
            registration.is_epoll = true;
            return Standing::Void;
        }
        let row = registration.row;
        if !is_long(row) {
            return Standing::Void;
        }
        let descriptor = m.descriptors.get(fd);
        let since = descriptor.io.inputs().wrapping_sub(registration.delivery.inputs);
        let calls = row.calls.saturating_add(u32::from(since));
        let called = if calls > 0 { descriptor.read } else { Site::default() };
        about.sites.truncate(1);
        about.sites.extend([
            (Role::RegisteredBy, registration.added),
            (Role::ModifiedBy, registration.modified),
            (Role::ReadBy, called),
        ]);
        let kind = m.descriptors.kind(fd);
        self.times = row.times;
        self.taken = Taken { calls, input: descriptor.io.input(), error: descriptor.error, kind };
        // A device may be served by ioctl(2) or in mapped memory.
        self.is_visible = kind != Kind::Unknown || self.delivered & (bits::ERR | bits::HUP) != 0;
        Standing::Ask
    }

    /// It is ready, and several readings show that no byte has moved, read by this program or another.
    fn confirm(&mut self, about: &About, now: Nanos, kernel: &mut dyn Kernel) -> Answer {
        let &About { fd, epfd, tries, .. } = about;
        let &mut Self { delivered, times, nanos, taken, .. } = self;
        let ready = kernel.readiness(fd, delivered).unwrap_or(0);
        if ready & delivered == 0 {
            return Answer::Refuted;
        }
        let traffic = kernel.traffic(fd);
        if self.traffic.is_some_and(|before| before != traffic) {
            return Answer::Refuted;
        }
        if tries + 1 < READINGS {
            self.traffic = Some(traffic);
            return Answer::Again(BETWEEN);
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
        let certainty = if self.is_visible { Certainty::Certain } else { Certainty::Note };
        about.finding(certainty, now, what, verified).advising(reason.advice)
    }

    fn goes_on(&self) -> bool {
        true
    }

    /// Bytes moved. If it still looks like a spin, and no call has moved any since the last delivery, they moved unseen.
    fn refuted(&mut self, about: &mut About, model: &mut Model, m: &Moment<'_>) {
        let is_spin = matches!(self.holds(about, model, m), Standing::Ask);
        let moved = m.descriptors.get(about.fd).io.moved();
        let registration = about.registration(model, m.descriptors);
        let is_unseen = registration.is_some_and(|it| it.delivery.moved == moved);
        if is_spin && is_unseen {
            model.taken_unseen += 1;
        }
        let epoll = model.epolls.get_mut(about.stamp.epoll);
        if let Some(registration) = epoll.and_then(|epoll| epoll.by_fd_mut(about.fd)) {
            registration.row.refuted();
        }
    }
}
