//! `oneshot-not-rearmed`.

use crate::engine::{
    About, Answer, Case, Certainty, Engine, Explanation, Hook, Record, Role, Rule,
};
use crate::engine::{Share, Standing};
use crate::model::{EpollId, Model, Moment};
use epshim_observe::{Fd, Kernel, Listed, Nanos, SECOND, bits};

pub(crate) const RECORD: Record = Record {
    name: "oneshot-not-rearmed",
    emits: &[Certainty::Suspected, Certainty::Note],
    listens: &[Hook::LeftFired(left)],
    page: Explanation {
        finds: "\
            A one-shot registration has fired, its descriptor is ready, and no call arms it again.",
        hurts: "\
            EPOLLONESHOT disables the whole registration after one delivery, both directions and \
            EPOLLHUP included. If one path through the handler forgets to arm it, that connection \
            is silent for ever, while all others work.",
        evidence: "\
            The registration fired and has not been armed since. For 5 s, with a thread blocked in \
            the wait on that epoll, /proc/self/fdinfo shows it disabled, and poll(2) says that \
            what it last asked for is ready. The state is certain, the mistake suspected.",
        silent: "\
            While the descriptor is not ready. While no thread waits: a pool of workers may be \
            busy. When the registration is deleted or its descriptor closed meanwhile. One-shot \
            used as \"disabled until asked for\" (GLib, sd-event) does not matter until there is \
            data. Only a note in programs that were seen to arm more than 1 s after the delivery, \
            and while a write waits for room on another descriptor: they arm when they want more. \
            Only a note too for a descriptor that was added without an interest and is never read: \
            it is always ready, and to arm it is to wake the thread (ivykis).",
        fix: "\
            End every path of the handler with EPOLL_CTL_MOD or with close(), also the paths for \
            \"nothing to do\" and for errors. Arm for both directions that are wanted: there is \
            one shot per descriptor, not one for each direction.",
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
    },
};

/// A worker may take this long before it arms again.
const PATIENCE: Nanos = 5 * SECOND;
/// Who arms later than this after it fired does so when it wants more, not when it is done.
const LATE: Nanos = SECOND;
/// It is looked again and again whether it is ready, each time after twice as long, up to this.
const SELDOM: Nanos = 64 * SECOND;

/// What it asked for and got, and whether the program arms when it wants more.
#[derive(Debug, Default)]
struct Fired {
    interest: u32,
    delivered: u32,
    arms_late: bool,
}

/// Before a thread waits: it left a one-shot fired.
fn left(engine: &mut Engine, m: &Moment<'_>, id: EpollId, fd: Fd) {
    let about = About::new(Rule::OneshotNotRearmed, m.tid, m.now).on(fd, -1);
    engine.raise_about(about, id, PATIENCE, Fired::default());
}

impl Case for Fired {
    fn share(&self) -> Share {
        Share::Many
    }

    /// Five seconds later: is it as it was, and does a thread wait?
    fn holds(&mut self, about: &mut About, model: &mut Model, m: &Moment<'_>) -> Standing {
        let Some(registration) = about.registration(model, m.descriptors) else {
            return Standing::Void;
        };
        if !registration.is_fired {
            return Standing::Void;
        }
        let quiet = m.now.saturating_sub(registration.delivery.at);
        if quiet < PATIENCE {
            // It was armed, and has fired again.
            return Standing::Later(PATIENCE - quiet);
        }
        (self.interest, self.delivered) = (registration.interest, registration.delivery.events);
        let (added, modified) = (registration.added, registration.modified);
        let armed_later = registration.is_armed_later;
        let id = about.stamp.epoll;
        let Some(wait) = model.waiter(id) else { return Standing::Later(SECOND) };
        let descriptor = m.descriptors.get(about.fd);
        // It is ever ready, and to arm it is to wake the thread.
        let is_alarm = armed_later && descriptor.io.calls() == 0;
        let was_late = model.epolls.get(id).is_some_and(|epoll| epoll.armed_after > LATE);
        let holds_back = model.holds_back(m.now, m.descriptors);
        self.arms_late = is_alarm || holds_back || was_late;
        about.sites = vec![
            (Role::RegisteredBy, added),
            (Role::ModifiedBy, modified),
            (Role::WaitedBy, wait.site),
            (Role::ReadBy, descriptor.read),
        ];
        Standing::Ask
    }

    /// The kernel lists it as disarmed, and it is ready.
    fn confirm(&mut self, about: &About, now: Nanos, kernel: &mut dyn Kernel) -> Answer {
        let &About { fd, epfd, tries, .. } = about;
        let wanted = self.interest & !bits::PRIVATE;
        let ready = kernel.readiness(fd, wanted).unwrap_or(0) & (wanted | bits::ERR | bits::HUP);
        if ready == 0 {
            // No event is missed yet. The list of registrations is not read for it: it may be long.
            return Answer::Again((SECOND << tries.min(6)).min(SELDOM));
        }
        let listed = kernel.registrations(epfd);
        let is_disarmed = |one: &Listed| one.fd == fd && one.events & !bits::ALWAYS == 0;
        if listed.as_ref().is_some_and(|all| !all.iter().any(is_disarmed)) {
            return Answer::Refuted;
        }
        let what = format!(
            "fd {fd} is EPOLLONESHOT in epfd {epfd}, was delivered ({}) and is ready again ({}), but was not \
             armed with EPOLL_CTL_MOD for {} s while a thread waits",
            bits::names(self.delivered),
            bits::names(ready),
            PATIENCE / SECOND,
        );
        let verified =
            listed.map(|_| format!("/proc/self/fdinfo/{epfd} lists fd {fd} without events"));
        let certainty = if self.arms_late { Certainty::Note } else { Certainty::Suspected };
        about.finding(certainty, now, what, verified)
    }
}
