//! What a wait returned, one registration at a time. This runs for every event of the program: two
//! look-ups for each, and no allocation unless something is suspected.

use super::Checker;
use crate::epoll::{Delivery, Owner, Registration, Twin};
use crate::io::{Input, Io};
use crate::ports::{Descriptors, Fd, Kind, MILLISECOND, Nanos, Tid, bits};
use crate::rule::Rule;
use crate::rules;
use crate::suspicion::Case;
use crate::thread::Wait;

/// The delivery before said that there was input, and the only call found none.
fn was_idle(before: Delivery, io: Io) -> bool {
    before.round != 0
        && before.events & bits::IN != 0
        && io.input() == Input::WouldBlock
        && io.inputs() == before.inputs.wrapping_add(1)
        && io.moved() == before.moved
}

/// Whether the registration's descriptor was not closed since it was added.
fn is_open(registration: &Registration, descriptors: &dyn Descriptors) -> bool {
    descriptors.state(registration.fd).0 == registration.generation
}

/// What is level-triggered and not read is delivered to the next wait at once.
const AT_ONCE: Nanos = 20 * MILLISECOND;

impl Registration {
    /// How many more times input was taken that nobody was seen to take: a wait that began after the
    /// delivery before had to wait for this one. Twice in a row, for a spinning thread may lose its
    /// processor for a while in any wait.
    fn taken_unseen(&mut self, before: Delivery, now: Delivery, since: Nanos) -> u64 {
        let is_level = self.interest & (bits::ET | bits::ONESHOT) == 0 && !self.is_epoll;
        let was_late = is_level
            && before.round != 0
            && before.events & now.events & bits::IN != 0
            && now.inputs == before.inputs
            && self.changes == 0
            && since >= before.at
            && now.at.saturating_sub(since) >= AT_ONCE;
        self.late = if was_late { self.late.saturating_add(1) } else { 0 };
        match self.late {
            0 | 1 => 0,
            2 => 2,
            _ => 1,
        }
    }
}

/// One event that a wait returned.
pub(crate) struct Delivered<'a> {
    pub tid: Tid,
    pub now: Nanos,
    pub wait: &'a Wait,
    pub events: u32,
    pub data: u64,
    /// The epoll's round that it came in, and how many waits the thread had begun.
    pub round: u32,
    pub waits: u32,
    /// The descriptor's counts before it came, where they are not what they are now.
    pub before: Option<(u16, u16)>,
    /// It was kept until now.
    pub is_late: bool,
}

impl Checker {
    /// Returns the registration if the thread's next wait is to examine it.
    pub(super) fn delivered(
        &mut self,
        it: &Delivered<'_>,
        descriptors: &dyn Descriptors,
    ) -> Option<(u32, Fd)> {
        let epoll = self.epolls.get_mut(it.wait.epoll)?;
        let owner = epoll.owner(it.data, it.events);
        let is_known = match owner {
            Owner::Live(place) => epoll.at(place).is_some_and(|one| is_open(one, descriptors)),
            Owner::Several => true,
            Owner::Former(_) | Owner::Unknown => false,
        };
        if !is_known && !it.is_late && self.keep(it) {
            return None;
        }
        let epoll = self.epolls.get_mut(it.wait.epoll)?;
        let place = match owner {
            Owner::Live(place) => place,
            Owner::Former(nth) => {
                rules::ghost::suspect(self, it, nth, descriptors);
                return None;
            }
            Owner::Several => {
                epoll.ambiguous += 1;
                return None;
            }
            Owner::Unknown => {
                if !epoll.intents.was_deleted(it.data, it.wait.since) {
                    epoll.unknown += 1;
                }
                return None;
            }
        };
        let registration = epoll.at_mut(place)?;
        let fd = registration.fd;
        let (generation, io) = descriptors.state(fd);
        if generation != registration.generation {
            epoll.retire(place);
            // It was served and closed while its call had not returned: if it lives, it delivers again.
            if it.before.is_none() {
                let nth = epoll.last_former();
                rules::ghost::suspect(self, it, nth, descriptors);
            }
            return None;
        }
        let (inputs, mut moved) = it.before.unwrap_or((io.inputs(), io.moved()));
        if registration.is_epoll {
            // What a nested epoll moves is its own deliveries.
            let nested = self.epolls.last_named(fd).and_then(|id| self.epolls.get(id));
            moved = nested.map_or(moved, |nested| nested.round as u16);
        }
        let registration = self.epolls.get_mut(it.wait.epoll)?.at_mut(place)?;
        let before = registration.delivery;
        let delivery = Delivery { events: it.events, at: it.now, round: it.round, inputs, moved };
        registration.delivery = delivery;
        self.may_block |= it.events & bits::IN != 0 && descriptors.may_block(fd);
        let was_taken = registration.taken_unseen(before, delivery, it.wait.since);
        let interest = registration.interest;
        let spins = registration.spin.observe(interest, before, delivery);
        let exhausted = match io.input() {
            Input::Exhausted => registration.exhausted.observe(interest, before, io, it.now),
            _ => None,
        };
        registration.is_fired = registration.has(bits::ONESHOT);
        let may_have_twin = match registration.twin {
            Twin::No => false,
            Twin::Possible => was_idle(before, io),
            Twin::Likely => true,
        };
        if may_have_twin {
            registration.twin = Twin::No;
        }
        if it.events & (bits::HUP | bits::RDHUP) != 0 && !io.is_hung_up() {
            descriptors.hung_up(fd);
        }
        if may_have_twin {
            rules::ghost::suspect_twin(self, it, fd, descriptors);
        }
        // A timer that is set anew is not ready any more, and a listener may be other processes' too.
        let is_read =
            |kind| matches!(kind, Kind::Stream | Kind::Datagram | Kind::Pipe | Kind::Queue);
        self.taken_unseen +=
            if was_taken > 0 && is_read(descriptors.kind(fd)) { was_taken } else { 0 };
        match (exhausted, spins) {
            (Some(case), _) => self.repeats(it, Rule::AcceptSpin, fd, case),
            (None, Some((times, nanos))) if io.input() != Input::Exhausted => {
                let case = Case::Spin {
                    delivered: it.events,
                    times,
                    nanos,
                    traffic: None,
                    is_visible: true,
                    taken: rules::level_spin::Taken::default(),
                };
                self.repeats(it, Rule::LevelSpin, fd, case);
            }
            _ => {}
        }
        (interest & (bits::ET | bits::ONESHOT) != 0).then_some((place, fd))
    }

    fn repeats(&mut self, it: &Delivered<'_>, rule: Rule, fd: Fd, case: Case) {
        if self.is_watched(rule, it.wait.epoll, fd) {
            return;
        }
        let suspicion = self.suspect(rule, it.tid, it.now, case).on(fd);
        self.raise_about(suspicion.and((crate::Role::Now, it.wait.site)), it.wait.epoll, 0);
    }
}
