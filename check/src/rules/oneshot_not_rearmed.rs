//! `oneshot-not-rearmed`.

use crate::checker::{Checker, NOBODY_WAITS, Standing};
use crate::finding::Role;
use crate::rule::{Certainty, Explanation, Rule};
use crate::suspicion::{Case, Suspicion, Verdict};
use crate::world::{Descriptors, Fd, Kernel, Nanos, SECOND, Tid, bits};

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
        (GLib, sd-event) does not matter until there is data.",
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

/// Before a thread waits: did it leave a one-shot fired?
pub(crate) fn look(
    checker: &mut Checker,
    place: usize,
    fd: Fd,
    tid: Tid,
    now: Nanos,
    descriptors: &dyn Descriptors,
) {
    let Some(registration) = checker.epolls[place].by_fd(fd) else { return };
    if !registration.is_fired || descriptors.state(fd).0 != registration.generation {
        return;
    }
    let delivered = registration.delivery.events;
    let case =
        Case::Registration { interest: registration.interest, data: registration.data, delivered };
    let suspicion = checker.suspect(Rule::OneshotNotRearmed, tid, now, case).on(fd);
    checker.raise_about(suspicion, place, PATIENCE);
}

/// Five seconds later: is it as it was, and does somebody wait?
pub(crate) fn stands(
    checker: &mut Checker,
    suspicion: &mut Suspicion,
    now: Nanos,
    descriptors: &dyn Descriptors,
) -> Standing {
    let Some((place, registration)) = checker.registration(suspicion, descriptors) else {
        return Standing::Void;
    };
    if !registration.is_fired {
        return Standing::Void;
    }
    let stamp = registration.stamp();
    let quiet_since = registration.delivery.at;
    if stamp.changes != suspicion.stamp.changes || now < quiet_since + PATIENCE {
        suspicion.stamp = stamp;
        return Standing::Later((quiet_since + PATIENCE).saturating_sub(now).max(NOBODY_WAITS));
    }
    let added = registration.added;
    let modified = registration.modified;
    let Some(wait) = checker.waiter(place) else { return Standing::Later(NOBODY_WAITS) };
    suspicion.sites = vec![
        (Role::RegisteredBy, added),
        (Role::ModifiedBy, modified),
        (Role::WaitedBy, wait.site),
        (Role::ReadBy, descriptors.get(suspicion.fd).read),
    ];
    Standing::Ask
}

/// The kernel lists it as disarmed, and it is ready.
pub(crate) fn confirm(suspicion: Suspicion, now: Nanos, kernel: &mut dyn Kernel) -> Verdict {
    let (fd, epfd) = (suspicion.fd, suspicion.epfd);
    let Case::Registration { interest, delivered, .. } = suspicion.case else {
        return Verdict::Refuted;
    };
    let listed = kernel.registrations(epfd);
    let is_disarmed = |all: &Vec<_>| {
        all.iter()
            .any(|one: &crate::world::Listed| one.fd == fd && one.events & !bits::PRIVATE == 0)
    };
    if listed.as_ref().is_some_and(|all| !is_disarmed(all)) {
        return Verdict::Refuted;
    }
    let wanted = interest & !bits::PRIVATE;
    let ready = kernel.readiness(fd, wanted).unwrap_or(0) & (wanted | bits::ERR | bits::HUP);
    if ready == 0 {
        // Nobody misses an event yet.
        return Verdict::Again(suspicion, SECOND);
    }
    let what = format!(
        "fd {fd} is EPOLLONESHOT in epfd {epfd}, was delivered ({}) and is ready again ({}), but was not \
         armed with EPOLL_CTL_MOD for {} s while a thread waits",
        bits::names(delivered),
        bits::names(ready),
        PATIENCE / SECOND,
    );
    let verified = listed.map(|_| format!("/proc/self/fdinfo/{epfd} lists fd {fd} without events"));
    suspicion.becomes(Certainty::Suspected, now, what, verified)
}
