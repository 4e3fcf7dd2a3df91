//! What a wait returned, one registration at a time. This runs for every event of the program: two
//! look-ups for each, and no allocation.

use crate::model::delivery::{Delivered, Delivery};
use crate::model::epoll::Owner;
use crate::model::known::Model;
use crate::model::registration::{Registration, Twin};
use epshim_observe::{Descriptors, Fd, Input, Io, Kind, bits};

/// What became of a delivery.
pub(crate) enum Came {
    /// It is of this registration.
    Live(Live),
    /// It is of a registration whose descriptor was closed.
    Stale(Stale),
    /// It was kept, or cannot be told whose it is.
    Nothing,
}

/// A registration that was delivered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Live {
    pub place: u32,
    pub fd: Fd,
    /// It may be of a closed file that has the same number and the same data.
    pub may_be_twins: bool,
    /// It is one of a row.
    pub is_again: bool,
    /// The thread's next wait is to examine it.
    pub is_in_hand: bool,
    /// Several threads wait on its epoll.
    pub is_shared: bool,
}

/// Which closed registration.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stale {
    /// The one at this place.
    Former(usize),
    /// One of this number, which is registered again with the same data.
    Twin(Fd),
}

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

impl Model {
    /// Writes a delivery down.
    pub fn deliver(&mut self, it: &Delivered, descriptors: &dyn Descriptors) -> Came {
        let Some(epoll) = self.epolls.get_mut(it.wait.epoll) else { return Came::Nothing };
        let owner = epoll.owner(it.data, it.events);
        let is_known = match owner {
            Owner::Live(place) => epoll.at(place).is_some_and(|one| is_open(one, descriptors)),
            Owner::Several => true,
            Owner::Former(_) | Owner::Unknown => false,
        };
        if !is_known && !it.is_late && epoll.intents.keep(it) {
            return Came::Nothing;
        }
        let place = match owner {
            Owner::Live(place) => place,
            Owner::Former(nth) => return Came::Stale(Stale::Former(nth)),
            Owner::Several => {
                epoll.ambiguous += 1;
                return Came::Nothing;
            }
            Owner::Unknown => {
                let was_deleted = epoll.intents.was_deleted(it.data, it.wait.since);
                epoll.unknown += u64::from(!was_deleted);
                return Came::Nothing;
            }
        };
        if is_known {
            return self.deliver_to(place, it, descriptors);
        }
        epoll.retire(place);
        // It was served and closed while its call had not returned: if it lives, it delivers again.
        match it.before {
            None => Came::Stale(Stale::Former(epoll.formers.last())),
            Some(_) => Came::Nothing,
        }
    }

    /// A delivery of the registration at this place, whose descriptor is open.
    fn deliver_to(&mut self, place: u32, it: &Delivered, descriptors: &dyn Descriptors) -> Came {
        let epoll = self.epolls.get_mut(it.wait.epoll);
        let Some(mut registration) = epoll.and_then(|epoll| epoll.at_mut(place)) else {
            return Came::Nothing;
        };
        let fd = registration.fd;
        let io = descriptors.state(fd).1;
        let (inputs, mut moved) = it.before.unwrap_or((io.inputs(), io.moved()));
        if registration.is_epoll {
            // What a nested epoll moves is its own deliveries.
            let nested = self.epolls.last_named(fd).and_then(|id| self.epolls.get(id));
            moved = nested.map_or(moved, |nested| nested.round as u16);
            let epoll = self.epolls.get_mut(it.wait.epoll);
            let Some(again) = epoll.and_then(|epoll| epoll.at_mut(place)) else {
                return Came::Nothing;
            };
            registration = again;
        }
        let before = registration.delivery;
        let delivery = Delivery { events: it.events, at: it.now, round: it.round, inputs, moved };
        registration.delivery = delivery;
        let was_taken = registration.taken_unseen(before, delivery, it.wait.since);
        let interest = registration.interest;
        registration.row.observe(interest, before, delivery);
        let is_starved = io.input() == Input::Exhausted;
        if is_starved {
            registration.starved.observe(interest, before, io, it.now);
        }
        let is_again = registration.row.times > 0 || is_starved;
        registration.is_fired = registration.has(bits::ONESHOT);
        let may_be_twins = match registration.twin {
            Twin::No => false,
            Twin::Possible => was_idle(before, io),
            Twin::Likely => true,
        };
        if may_be_twins {
            registration.twin = Twin::No;
        }
        if before.round == 0 && it.events & bits::IN != 0 && descriptors.kind(fd) == Kind::Stream {
            self.reads_early |= inputs != 0;
            self.reads_when_told |= inputs == 0;
        }
        self.may_block |= it.events & bits::IN != 0 && descriptors.may_block(fd);
        if it.events & (bits::HUP | bits::RDHUP) != 0 && !io.is_hung_up() {
            descriptors.hung_up(fd);
        }
        // A timer that is set anew is not ready any more, and a listener may be other processes' too.
        let is_read =
            |kind| matches!(kind, Kind::Stream | Kind::Datagram | Kind::Pipe | Kind::Queue);
        if was_taken > 0 && is_read(descriptors.kind(fd)) {
            self.taken_unseen += was_taken;
        }
        let is_in_hand = interest & (bits::ET | bits::ONESHOT) != 0;
        let is_shared = self.epolls.get(it.wait.epoll).is_some_and(|epoll| epoll.is_shared);
        Came::Live(Live { place, fd, may_be_twins, is_again, is_in_hand, is_shared })
    }
}
