//! The model: what a program's epolls, registrations and threads have come to, as far as it was
//! observed. Observations raise suspicions; a suspicion that is due is handed out, is asked about
//! outside (see [`Suspicion::confirm`]), and comes back with a verdict.
//!
//! Nothing here waits for anything, and an observation costs a look-up or two for each delivery.

mod pending;

use crate::epoll::{Delivery, Epoll, Owner, Registration};
use crate::finding::Role;
use crate::io::Input;
use crate::rule::Rule;
use crate::rules;
use crate::suspicion::{Case, Suspicion};
use crate::tally::Tally;
use crate::thread::{Thread, Wait};
use crate::world::{Descriptors, Fd, Nanos, SECOND, Site, Tid, bits};
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

pub use pending::Asked;
use pending::{Entry, What};
pub(crate) use pending::{NOBODY_WAITS, Standing};

/// An `epoll_ctl` that was made, and how it ended.
#[derive(Debug, Clone, Copy)]
pub struct Ctl {
    /// The epoll's descriptor.
    pub epfd: Fd,
    /// `EPOLL_CTL_ADD` (1), `EPOLL_CTL_DEL` (2) or `EPOLL_CTL_MOD` (3).
    pub op: i32,
    /// The descriptor.
    pub fd: Fd,
    /// The interest; 0 where the call had no event that could be read.
    pub events: u32,
    /// The data; likewise.
    pub data: u64,
    /// The four bytes behind the interest, where the layout has padding there.
    pub padding: Option<u32>,
    /// Where it was called.
    pub site: Site,
}

/// What was the case when a call failed, looked up at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AtFailure {
    /// Its errno.
    pub errno: i32,
    /// Whether the first argument is an open descriptor, and of an epoll.
    pub epfd: Option<bool>,
    /// Whether the descriptor is open.
    pub fd_is_open: bool,
}

/// `EPOLL_CTL_ADD`.
pub const ADD: i32 = 1;
/// `EPOLL_CTL_DEL`.
pub const DEL: i32 = 2;
/// `EPOLL_CTL_MOD`.
pub const MOD: i32 = 3;

/// The model.
#[derive(Debug, Default)]
pub struct Checker {
    /// The rules that are switched off, a bit each.
    off: u16,
    pub(crate) epolls: Vec<Epoll>,
    by_fd: FxHashMap<Fd, (usize, u32)>,
    pub(crate) threads: FxHashMap<Tid, Thread>,
    /// The registration that was removed last, if it had hung up: what usually follows is a close.
    hung_up: Option<Registration>,
    waiting: BinaryHeap<Reverse<Entry>>,
    serial: u64,
    tally: Tally,
}

impl Checker {
    /// With all rules but these.
    #[must_use]
    pub fn without(rules: &[Rule]) -> Self {
        Self { off: rules.iter().fold(0, |off, rule| off | rule.bit()), ..Self::default() }
    }

    /// What was found so far.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Deliveries that belong to no registration seen: made by io_uring, a raw system call, or a
    /// parent process.
    #[must_use]
    pub fn unknown_deliveries(&self) -> u64 {
        self.epolls.iter().map(|epoll| epoll.unknown).sum()
    }

    /// How many registrations are known.
    #[must_use]
    pub fn registrations(&self) -> usize {
        self.epolls.iter().map(Epoll::len).sum()
    }

    /// An epoll was made.
    pub fn created(&mut self, epfd: Fd, site: Site, descriptors: &dyn Descriptors) {
        let (generation, _) = descriptors.state(epfd);
        self.new_epoll(epfd, generation, site);
    }

    fn new_epoll(&mut self, epfd: Fd, generation: u32, site: Site) -> usize {
        if let Some((place, _)) = self.by_fd.remove(&epfd) {
            self.forget_unnamed(place);
        }
        let empty = (0..self.epolls.len()).find(|&place| self.epolls[place].fd < 0);
        let place = empty.unwrap_or(self.epolls.len());
        if empty.is_none() {
            self.epolls.push(Epoll::default());
        }
        self.epolls[place] = Epoll::new(epfd, site);
        self.by_fd.insert(epfd, (place, generation));
        place
    }

    /// An epoll that no descriptor names any more is gone.
    fn forget_unnamed(&mut self, place: usize) {
        if !self.by_fd.values().any(|&(named, _)| named == place) {
            self.epolls[place] = Epoll::new(-1, Site::default());
        }
    }

    /// An epoll's descriptor was duplicated: both name the same registrations.
    pub fn duplicated(&mut self, from: Fd, to: Fd, descriptors: &dyn Descriptors) {
        if let Some(place) = self.epoll(from, descriptors) {
            self.by_fd.insert(to, (place, descriptors.state(to).0));
        }
    }

    /// The epoll that this descriptor names, if it is known and was not closed since.
    pub(crate) fn epoll(&mut self, epfd: Fd, descriptors: &dyn Descriptors) -> Option<usize> {
        let &(place, generation) = self.by_fd.get(&epfd)?;
        if descriptors.state(epfd).0 == generation {
            return Some(place);
        }
        self.by_fd.remove(&epfd);
        self.forget_unnamed(place);
        None
    }

    /// Likewise, and one that was made unseen is known from now on.
    fn epoll_or_new(&mut self, epfd: Fd, descriptors: &dyn Descriptors) -> usize {
        match self.epoll(epfd, descriptors) {
            Some(place) => place,
            None => self.new_epoll(epfd, descriptors.state(epfd).0, Site::default()),
        }
    }

    /// `epoll_ctl` returned 0.
    pub fn ctl(&mut self, tid: Tid, now: Nanos, ctl: Ctl, descriptors: &dyn Descriptors) {
        self.next_call(tid, now, Some((ctl.op, ctl.epfd, ctl.fd)));
        let place = self.epoll_or_new(ctl.epfd, descriptors);
        let epoll = &mut self.epolls[place];
        match ctl.op {
            ADD => {
                let (generation, _) = descriptors.state(ctl.fd);
                let new = Registration::new(ctl.fd, generation, ctl.events, ctl.data, ctl.site);
                let old = epoll.add(new).filter(|old| old.data == ctl.data);
                let layout = epoll.layout.look(&ctl);
                // Its deliveries, if it lives on, are taken for the new one's.
                if let Some(old) = old.filter(|_| descriptors.get(ctl.fd).duplicated.0 != 0) {
                    rules::ghost::look_behind(self, ctl.epfd, &old, tid, now, descriptors);
                }
                if let Some(case) = layout {
                    let suspicion = self.suspect(Rule::LayoutMismatch, tid, now, case);
                    self.raise(suspicion.at(&ctl, Role::RegisteredBy), now);
                }
            }
            MOD => {
                epoll.modify(ctl.fd, ctl.events, ctl.data, ctl.site);
                if descriptors.state(ctl.fd).1.is_unwritten() {
                    // The rest may be waited for no longer.
                    rules::lost_write::look(self, tid, now, ctl.fd, descriptors);
                }
            }
            DEL => {
                let removed = epoll.remove(ctl.fd);
                self.hung_up =
                    removed.filter(|one| one.delivery.events & (bits::HUP | bits::RDHUP) != 0);
            }
            _ => {}
        }
    }

    /// `epoll_ctl` failed.
    pub fn ctl_failed(
        &mut self,
        tid: Tid,
        now: Nanos,
        ctl: Ctl,
        at: AtFailure,
        descriptors: &dyn Descriptors,
    ) {
        self.next_call(tid, now, None);
        if at.epfd != Some(true) {
            let misuse = rules::epfd_misuse::Misuse::of_ctl(at.epfd.is_some());
            let suspicion = self.suspect(Rule::EpfdMisuse, tid, now, Case::Epfd(misuse));
            let closed = (Role::ClosedBy, descriptors.get(ctl.epfd).closed);
            return self.raise(suspicion.at(&ctl, Role::Now).and(closed), now);
        }
        let epoll = self.epoll(ctl.epfd, descriptors).map(|place| &self.epolls[place]);
        let failure = rules::ctl_error::Failure::new(&ctl, at, epoll, descriptors);
        let mut suspicion = self.suspect(Rule::CtlError, tid, now, Case::Ctl(failure));
        suspicion = suspicion.at(&ctl, Role::Now).and_all(failure.sites());
        let thread = self.threads.entry(tid).or_default();
        thread.failure = Some(Box::new(suspicion));
        self.push(now + SECOND, What::Failure(tid));
    }

    /// The thread's next call after a failed one decides whether that was the first half of a known
    /// pair.
    fn next_call(&mut self, tid: Tid, now: Nanos, retry: Option<(i32, Fd, Fd)>) {
        let Some(thread) = self.threads.get_mut(&tid) else { return };
        let Some(suspicion) = thread.failure.take() else { return };
        let Case::Ctl(failure) = &suspicion.case else { return };
        if !failure.is_made_good_by(retry) {
            self.raise(*suspicion, now);
        }
    }

    /// A wait is about to be made. Timeout in nanoseconds; negative: none.
    pub fn wait_begins(
        &mut self,
        tid: Tid,
        now: Nanos,
        epfd: Fd,
        timeout: i64,
        site: Site,
        descriptors: &dyn Descriptors,
    ) {
        self.next_call(tid, now, None);
        let epoll = self.epoll_or_new(epfd, descriptors);
        self.epolls[epoll].waited = site;
        let thread = self.threads.entry(tid).or_default();
        thread.waits = thread.waits.wrapping_add(1);
        thread.wait = Some(Wait { epfd, epoll, since: now, timeout, site });
        let in_hand = std::mem::take(&mut thread.in_hand);
        if let Some(case) = thread.zeros.begins(timeout, now) {
            let suspicion = self.suspect(Rule::SubMsSpin, tid, now, case);
            self.raise(Suspicion { epfd, ..suspicion }.and((Role::Now, site)), now);
        }
        for &(place, fd) in &in_hand {
            rules::edge_not_drained::look(self, place, fd, tid, now, descriptors);
            rules::oneshot_not_rearmed::look(self, place, fd, tid, now, descriptors);
        }
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.in_hand = in_hand;
            thread.in_hand.clear();
        }
    }

    /// The wait returned these deliveries: interest and data of each.
    pub fn wait_ended(
        &mut self,
        tid: Tid,
        now: Nanos,
        deliveries: impl ExactSizeIterator<Item = (u32, u64)>,
        descriptors: &dyn Descriptors,
    ) {
        let count = deliveries.len();
        let Some(thread) = self.threads.get_mut(&tid) else { return };
        let Some(wait) = thread.wait.take() else { return };
        thread.zeros.ended(wait.timeout, count, now);
        if count == 0 {
            return;
        }
        let epoll = &mut self.epolls[wait.epoll];
        epoll.round = epoll.round.wrapping_add(1).max(1);
        for (events, data) in deliveries {
            self.delivered(tid, now, &wait, events, data, descriptors);
        }
    }

    fn delivered(
        &mut self,
        tid: Tid,
        now: Nanos,
        wait: &Wait,
        events: u32,
        data: u64,
        descriptors: &dyn Descriptors,
    ) {
        let epoll = &mut self.epolls[wait.epoll];
        let round = epoll.round;
        let place = match epoll.owner(data) {
            Owner::Live(place) => place,
            Owner::Former(former) => {
                return rules::ghost::look(self, wait, &former, events, tid, now, descriptors);
            }
            Owner::Ambiguous => {
                let closed = epoll.closed_with(data, |fd| descriptors.state(fd).0);
                if let Some(closed) = closed {
                    rules::ghost::look(self, wait, &closed, events, tid, now, descriptors);
                }
                return;
            }
            Owner::Unknown => {
                epoll.unknown += 1;
                return;
            }
        };
        let Some(registration) = epoll.at(place) else { return };
        let fd = registration.fd;
        let (generation, io) = descriptors.state(fd);
        if generation != registration.generation {
            let closed = registration.clone();
            return rules::ghost::look(self, wait, &closed, events, tid, now, descriptors);
        }
        // What a nested epoll moves is its own deliveries.
        let moved = match self.by_fd.get(&fd) {
            Some(&(nested, _)) => self.epolls[nested].round as u16,
            None => io.moved(),
        };
        let Some(registration) = self.epolls[wait.epoll].at_mut(place) else { return };
        let before = registration.delivery;
        let delivery = Delivery { events, at: now, round, inputs: io.inputs(), moved };
        registration.delivery = delivery;
        let spins =
            registration.spin.look(registration.interest, before, delivery, registration.changes);
        let exhausted = rules::accept_spin::look(registration, before, io, now);
        registration.is_fired = registration.has(bits::ONESHOT);
        if events & (bits::HUP | bits::RDHUP) != 0 && !io.is_hung_up() {
            descriptors.hung_up(fd);
        }
        if registration.has(bits::ET | bits::ONESHOT) {
            if let Some(thread) = self.threads.get_mut(&tid) {
                thread.in_hand.push((wait.epoll, fd));
            }
        }
        let (rule, case) = match (exhausted, spins) {
            (Some(case), _) => (Rule::AcceptSpin, case),
            (None, Some((times, nanos))) if io.input() != Input::Exhausted => {
                let case = Case::Spin { delivered: events, times, nanos, traffic: None };
                (Rule::LevelSpin, case)
            }
            _ => return,
        };
        let suspicion = self.suspect(rule, tid, now, case).on(fd).and((Role::Now, wait.site));
        self.raise_about(suspicion, wait.epoll, 0);
    }

    /// The wait failed, for another reason than `EINTR`.
    pub fn wait_failed(
        &mut self,
        tid: Tid,
        now: Nanos,
        at: AtFailure,
        descriptors: &dyn Descriptors,
    ) {
        let Some(thread) = self.threads.get_mut(&tid) else { return };
        let Some(wait) = thread.wait.take() else { return };
        thread.zeros = rules::sub_ms_spin::State::default();
        if at.epfd != Some(true) {
            let misuse = rules::epfd_misuse::Misuse::of_wait(at.epfd.is_some());
            let mut suspicion = self.suspect(Rule::EpfdMisuse, tid, now, Case::Epfd(misuse));
            suspicion.epfd = wait.epfd;
            let closed = (Role::ClosedBy, descriptors.get(wait.epfd).closed);
            self.raise(suspicion.and((Role::Now, wait.site)).and(closed), now);
        }
    }

    /// A thread is gone, or its wait was cancelled.
    pub fn thread_ended(&mut self, tid: Tid) {
        self.threads.remove(&tid);
    }

    /// In the child of a fork: the other threads are not there.
    pub fn forked(&mut self) {
        self.threads.clear();
        self.waiting.clear();
        self.tally = Tally::default();
        for epoll in &mut self.epolls {
            epoll.forget_suspicions();
        }
    }

    /// A write to it was short or found no room.
    pub fn unwritten(&mut self, tid: Tid, now: Nanos, fd: Fd, descriptors: &dyn Descriptors) {
        rules::lost_write::look(self, tid, now, fd, descriptors);
    }

    /// A thread blocks in a call on a descriptor, or has blocked, for so long.
    #[allow(clippy::too_many_arguments, reason = "one observation, and each of them is of it")]
    pub fn blocked(
        &mut self,
        tid: Tid,
        now: Nanos,
        fd: Fd,
        call: &'static str,
        nanos: Nanos,
        is_over: bool,
        site: Site,
    ) {
        let waits = self.threads.get(&tid).is_some_and(|thread| thread.waits > 0);
        let Some(place) = self.epolls.iter().position(|epoll| epoll.by_fd(fd).is_some()) else {
            return;
        };
        if waits && nanos > rules::blocking_fd::BLOCKS {
            let case = Case::Blocked { nanos, is_over, call };
            let suspicion = self.suspect(Rule::BlockingFd, tid, now, case).on(fd);
            self.raise_about(suspicion.and((Role::Now, site)), place, 0);
        }
    }

    /// A descriptor was closed after a hang-up was delivered, with so many bytes unread.
    pub fn closed_unread(&mut self, tid: Tid, now: Nanos, fd: Fd, bytes: u64, site: Site) {
        let place = self.epolls.iter().position(|epoll| epoll.by_fd(fd).is_some());
        let registered = place.and_then(|place| self.epolls[place].by_fd(fd));
        let known = registered.or(self.hung_up.as_ref().filter(|removed| removed.fd == fd));
        let Some(delivered) = known.map(|known| known.delivery.events) else { return };
        let added = known.map_or(Site::default(), |known| known.added);
        let case = Case::Unread { bytes, delivered };
        let suspicion = self.suspect(Rule::HangupUnread, tid, now, case).on(fd);
        let suspicion = suspicion.and((Role::ClosedBy, site)).and((Role::RegisteredBy, added));
        self.raise(suspicion, now);
    }

    /// An epoll's descriptor was closed by `tid`.
    pub fn epoll_closed(&mut self, tid: Tid, now: Nanos, epfd: Fd, site: Site) {
        let waits = |(&waiter, thread): (&Tid, &Thread)| {
            let wait = thread.wait.filter(|wait| wait.epfd == epfd && waiter != tid)?;
            Some((waiter, wait, thread.waits))
        };
        let Some((waiter, wait, waits)) = self.threads.iter().find_map(waits) else { return };
        let misuse = rules::epfd_misuse::Misuse::ClosedUnderWaiter { waiter, waits };
        let mut suspicion = self.suspect(Rule::EpfdMisuse, tid, now, Case::Epfd(misuse));
        suspicion.epfd = epfd;
        let suspicion = suspicion.and((Role::ClosedBy, site)).and((Role::WaitedBy, wait.site));
        self.put_off(suspicion, now, SECOND);
    }

    /// A process and its child both changed one epoll since the fork.
    pub fn shared(&mut self, tid: Tid, now: Nanos, epfd: Fd, other: i32, site: Site) {
        let Some(&(place, _)) = self.by_fd.get(&epfd) else { return };
        if !std::mem::replace(&mut self.epolls[place].is_shared, true) {
            let case = Case::Shared { other };
            let mut suspicion = self.suspect(Rule::ForkShared, tid, now, case);
            suspicion.epfd = epfd;
            let made = (Role::CreatedBy, self.epolls[place].made);
            self.raise(suspicion.and((Role::Now, site)).and(made), now);
        }
    }
}

/// What the rules ask of the model.
impl Checker {
    /// Whether an epoll waits for room to write on it.
    pub(crate) fn waits_for_room(&self, fd: Fd) -> bool {
        let waits = |epoll: &Epoll| epoll.by_fd(fd).is_some_and(|one| one.armed() & bits::OUT != 0);
        self.epolls.iter().any(waits)
    }

    /// Whether the program waits for room somewhere, and may leave input unread on purpose.
    pub(crate) fn holds_back(&self, descriptors: &dyn Descriptors) -> bool {
        let is_unwritten = |one: &Registration| descriptors.state(one.fd).1.is_unwritten();
        self.epolls.iter().flat_map(Epoll::all).any(is_unwritten)
    }

    /// The registration that a suspicion is about, if its descriptor was not closed since.
    pub(crate) fn registration(
        &mut self,
        suspicion: &Suspicion,
        descriptors: &dyn Descriptors,
    ) -> Option<(usize, &mut Registration)> {
        let place = self.epoll(suspicion.epfd, descriptors)?;
        let registration = self.epolls[place].by_fd_mut(suspicion.fd)?;
        let same = registration.generation == suspicion.stamp.generation
            && descriptors.state(suspicion.fd).0 == suspicion.stamp.generation;
        same.then_some((place, registration))
    }

    /// Where a thread waits on this epoll at the moment; the one that has waited longest.
    pub(crate) fn waiter(&self, place: usize) -> Option<Wait> {
        let waits = self.threads.values().filter_map(|thread| thread.wait);
        waits.filter(|wait| wait.epoll == place).min_by_key(|wait| wait.since)
    }
}
