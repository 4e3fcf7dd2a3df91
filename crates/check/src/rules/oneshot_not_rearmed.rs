//! `oneshot-not-rearmed`.

use crate::checker::{Checker, Standing};
use crate::epolls::EpollId;
use crate::finding::Role;
use crate::ports::{Descriptors, Fd, Kernel, Nanos, SECOND, Tid, bits};
use crate::rule::{Certainty, Explanation, Rule};
use crate::suspicion::{Case, Suspicion, Verdict};

/// Its page.
pub const EXPLANATION: Explanation = Explanation {
    finds: "\
        A one-shot registration has fired, its descriptor is ready, and nobody arms it again.",
    hurts: "\
        EPOLLONESHOT disables the whole registration after one delivery, both directions and \
        EPOLLHUP included. If one path through the handler forgets to arm it, that connection is \
        silent for ever, while all others work.",
    evidence: "\
        The registration fired and has not been armed since, /proc/self/fdinfo shows it \
        disabled, and poll(2) says that what it last asked for is ready: for 5 s, with a thread \
        blocked in the wait on that epoll. The state is certain, the mistake suspected.",
    silent: "\
        While the descriptor is not ready. While no thread waits: a pool of workers may be busy. \
        When it is deleted or closed meanwhile. One-shot used as \"disabled until asked for\" \
        (GLib, sd-event) does not matter until there is data. Only a note in programs that were \
        seen to arm more than 1 s after the delivery, and while a write waits for room \
        somewhere: they arm when they want more. Likewise of a descriptor that was added without \
        an interest and is never read: it is ever ready, and to arm it is to wake the thread \
        (ivykis).",
    fix: "\
        End every path of the handler, also those for \"nothing to do\" and for errors, with \
        EPOLL_CTL_MOD or with close(). Arm for both directions that are wanted: there is one \
        shot per descriptor, not one for each direction.",
    wrong: r"event.events = EPOLLIN | EPOLLONESHOT;
/* ... for each delivery: */
if (read(fd, buffer, sizeof buffer) == -1)
    return;                      /* EAGAIN: leaves it disabled */
epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &event);",
    right: r"n = read(fd, buffer, sizeof buffer);
if (n > 0 || (n == -1 && (errno == EAGAIN || errno == EINTR)))
    epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &event);
else
    close(fd);",
    manual: "epoll_ctl(2), EPOLLONESHOT",
    seen: &[
        "https://github.com/pjsip/pjproject/pull/3018",
        "https://github.com/kaappi/kaappi/pull/1481",
        "https://github.com/389ds/389-ds-base/pull/7846",
    ],
};

/// A worker may take so long before it arms again.
const PATIENCE: Nanos = 5 * SECOND;
/// Who arms later than this after it fired does so when it wants more, not when it is done.
pub(crate) const LATE: Nanos = SECOND;
/// It is looked again and again whether it is ready, each time after twice as long, up to this.
const SELDOM: Nanos = 64 * SECOND;

/// Before a thread waits: it left a one-shot fired.
pub(crate) fn suspect(checker: &mut Checker, id: EpollId, fd: Fd, tid: Tid, now: Nanos) {
    let case = Case::Fired { interest: 0, delivered: 0, arms_late: false };
    let suspicion = checker.suspect(Rule::OneshotNotRearmed, tid, now, case).on(fd);
    checker.raise_about(suspicion, id, PATIENCE);
}

/// Five seconds later: is it as it was, and does somebody wait?
pub(crate) fn stands(
    checker: &mut Checker,
    suspicion: &mut Suspicion,
    now: Nanos,
    descriptors: &dyn Descriptors,
) -> Standing {
    let Some(registration) = checker.registration(suspicion, descriptors) else {
        return Standing::Void;
    };
    if !registration.is_fired {
        return Standing::Void;
    }
    let delivery = registration.delivery;
    let quiet = now.saturating_sub(delivery.at);
    if quiet < PATIENCE {
        // It was armed, and has fired again.
        return Standing::Later(PATIENCE - quiet);
    }
    let interest = registration.interest;
    let (added, modified) = (registration.added, registration.modified);
    let armed_later = registration.is_armed_later;
    let id = suspicion.stamp.epoll;
    let Some(wait) = checker.waiter(id) else { return Standing::Later(SECOND) };
    let descriptor = descriptors.get(suspicion.fd);
    // It is ever ready, and to arm it is to wake the thread.
    let is_alarm = armed_later && descriptor.io.calls() == 0;
    let holds_back = checker.holds_back(now, descriptors);
    let arms_late =
        is_alarm || holds_back || checker.epolls.get(id).is_some_and(|epoll| epoll.arms_late);
    suspicion.case = Case::Fired { interest, delivered: delivery.events, arms_late };
    suspicion.sites = vec![
        (Role::RegisteredBy, added),
        (Role::ModifiedBy, modified),
        (Role::WaitedBy, wait.site),
        (Role::ReadBy, descriptor.read),
    ];
    Standing::Ask
}

/// The kernel lists it as disarmed, and it is ready.
pub(crate) fn confirm(suspicion: Suspicion, now: Nanos, kernel: &mut dyn Kernel) -> Verdict {
    let (fd, epfd) = (suspicion.fd, suspicion.epfd);
    let Case::Fired { interest, delivered, arms_late } = suspicion.case else {
        return Verdict::Refuted;
    };
    let wanted = interest & !bits::PRIVATE;
    let ready = kernel.readiness(fd, wanted).unwrap_or(0) & (wanted | bits::ERR | bits::HUP);
    if ready == 0 {
        // Nobody misses an event yet. The list of registrations is not read for it: it may be long.
        let after = (SECOND << suspicion.tries.min(6)).min(SELDOM);
        return Verdict::Again(suspicion, after);
    }
    let listed = kernel.registrations(epfd);
    let is_disarmed = |all: &Vec<_>| {
        all.iter().any(|one: &crate::ports::Listed| one.fd == fd && one.events & !bits::ALWAYS == 0)
    };
    if listed.as_ref().is_some_and(|all| !is_disarmed(all)) {
        return Verdict::Refuted;
    }
    let what = format!(
        "fd {fd} is EPOLLONESHOT in epfd {epfd}, was delivered ({}) and is ready again ({}), but was not \
         armed with EPOLL_CTL_MOD for {} s while a thread waits",
        bits::names(delivered),
        bits::names(ready),
        PATIENCE / SECOND,
    );
    let verified = listed.map(|_| format!("/proc/self/fdinfo/{epfd} lists fd {fd} without events"));
    let certainty = if arms_late { Certainty::Note } else { Certainty::Suspected };
    suspicion.becomes(certainty, now, what, verified)
}
