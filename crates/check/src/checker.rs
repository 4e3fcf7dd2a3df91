//! The model: what a program's epolls, registrations and threads have come to, as far as it was
//! observed. Observations raise suspicions; a suspicion that is due is handed out, is asked about
//! outside (see [`Suspicion::confirm`]), and comes back with a verdict.
//!
//! Nothing here waits for anything, and an observation costs a look-up or two for each delivery.

mod begun;
mod delivered;
mod pending;
mod queue;
mod refused;

use crate::epoll::{Epoll, Registration};
use crate::epolls::{EpollId, Epolls};
use crate::finding::Role;
use crate::intent::Intent;
use crate::ports::{Descriptors, Fd, Nanos, SECOND, Site, Tid, bits};
use crate::rule::Rule;
use crate::rules;
use crate::suspicion::{Case, Suspicion};
use crate::tally::Tally;
use crate::thread::{Thread, Threads, Wait};
use rustc_hash::FxHashMap;

pub(crate) use delivered::Delivered;
use pending::Alike;
pub use pending::Asked;
pub(crate) use pending::{NOBODY_WAITS, RETRY, Standing, nobody_waits};
use queue::Queue;
pub(crate) use refused::After;
use refused::Refused;

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
    /// The bytes to be read, where that is a file which epoll refuses and the program may read.
    pub unread: Option<u64>,
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
    pub(crate) epolls: Epolls,
    pub(crate) threads: Threads,
    /// The registration that was deleted last, if it had hung up: a close is what usually follows.
    hung_up: Option<Registration>,
    /// The wait that has just ended delivered input for a descriptor that blocks.
    may_block: bool,
    waiting: Queue,
    /// The queue has a look at failed calls in it.
    has_failures: bool,
    /// What epoll refused for the file that it is; and the queue has a look at them in it.
    refused: Vec<Refused>,
    looks_after_refused: bool,
    /// A finding was kept until a deadline; and a wait has run out since that was last looked at.
    has_kept: bool,
    has_run_out: bool,
    /// Suspicions that wait, and how many more are like each.
    merged: FxHashMap<Alike, u64>,
    /// Whether the program held back input, when that was last looked at.
    held_back: Option<(Nanos, bool)>,
    tally: Tally,
    /// So often input was gone that the program was not seen to take.
    taken_unseen: u64,
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

    /// Deliveries of data that several registrations have: nobody can say whose they are.
    #[must_use]
    pub fn ambiguous_deliveries(&self) -> u64 {
        self.epolls.iter().map(|epoll| epoll.ambiguous).sum()
    }

    /// So often input was gone that the program was told of and not seen to take: through stdio, io_uring,
    /// a raw system call, or by another process.
    #[must_use]
    pub const fn taken_unseen(&self) -> u64 {
        self.taken_unseen
    }

    /// Suspicions that were one too many to be followed at a time, by rule.
    pub fn dropped_suspicions(&self) -> impl Iterator<Item = (Rule, u64)> + '_ {
        self.waiting.dropped()
    }

    /// How many registrations are known.
    #[must_use]
    pub fn registrations(&self) -> usize {
        self.epolls.iter().map(Epoll::len).sum()
    }

    /// An epoll was made.
    pub fn created(&mut self, epfd: Fd, site: Site, descriptors: &dyn Descriptors) {
        self.epolls.create(epfd, site, descriptors);
    }

    /// An epoll's descriptor was duplicated: both name the same registrations.
    pub fn duplicated(&mut self, from: Fd, to: Fd, descriptors: &dyn Descriptors) {
        self.epolls.duplicate(from, to, descriptors);
    }

    /// `epoll_ctl` returned 0.
    pub fn ctl(&mut self, tid: Tid, now: Nanos, ctl: Ctl, descriptors: &dyn Descriptors) {
        self.next_call(tid, now, Some((ctl.op, ctl.epfd, ctl.fd)));
        let Some(id) = self.epolls.named_or_new(ctl.epfd, descriptors) else { return };
        let is_epoll = self.epolls.named(ctl.fd, descriptors).is_some();
        let intent = self.take_intent(id, tid, ctl.fd);
        self.book(id, tid, now, &ctl, is_epoll, intent, descriptors);
        let data = (ctl.op != DEL).then_some(ctl.data);
        self.ctl_ended(id, intent, data, descriptors);
    }

    /// A change that the kernel has made.
    #[allow(clippy::too_many_arguments, reason = "one change, and each of them is of it")]
    fn book(
        &mut self,
        id: EpollId,
        tid: Tid,
        now: Nanos,
        ctl: &Ctl,
        is_epoll: bool,
        intent: Option<Intent>,
        descriptors: &dyn Descriptors,
    ) {
        let Some(epoll) = self.epolls.get_mut(id) else { return };
        match ctl.op {
            ADD => {
                let Ctl { fd, events, data, site, .. } = *ctl;
                // It may have been served and closed since it was added.
                let now_open = || descriptors.state(fd).0;
                let generation = intent.map_or_else(now_open, |intent| intent.generation);
                let mut registration = Registration::new(fd, generation, events, data, site);
                registration.is_epoll = is_epoll;
                epoll.add(registration, descriptors);
                if let Some(case) = epoll.layout.observe(ctl) {
                    let suspicion = self.suspect(Rule::LayoutMismatch, tid, now, case);
                    self.raise(suspicion.at(ctl, Role::RegisteredBy), now);
                }
            }
            MOD => {
                epoll.modify(now, ctl.events, ctl.data, ctl.fd, ctl.site, descriptors);
                if let (Some(one), Some(intent)) = (epoll.by_fd_mut(ctl.fd), intent) {
                    // Armed, and delivered before the call returned.
                    one.is_fired = one.has(bits::ONESHOT) && one.delivery.round != intent.round;
                }
                if descriptors.state(ctl.fd).1.is_unwritten() {
                    // The rest may be waited for no longer.
                    rules::lost_write::suspect(self, tid, now, ctl.fd, descriptors);
                }
            }
            DEL => {
                let hung_up =
                    |one: &Registration| one.delivery.events & (bits::HUP | bits::RDHUP) != 0;
                let removed = epoll.remove(ctl.fd);
                if let Some(removed) = &removed {
                    epoll.intents.deleted(removed.data, now);
                }
                self.hung_up = removed.filter(hung_up);
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
        if let Some(id) = self.epolls.named(ctl.epfd, descriptors) {
            let intent = self.take_intent(id, tid, ctl.fd);
            self.ctl_ended(id, intent, None, descriptors);
        }
        if let Some(misuse) = rules::epfd_misuse::Misuse::of_ctl(at) {
            let suspicion = self.suspect(Rule::EpfdMisuse, tid, now, Case::Epfd(misuse));
            let closed = (Role::ClosedBy, descriptors.get(ctl.epfd).closed);
            return self.raise(suspicion.at(&ctl, Role::Now).and(closed), now);
        }
        let id = self.epolls.named(ctl.epfd, descriptors);
        let epoll = id.and_then(|id| self.epolls.get(id));
        let failure = rules::ctl_error::Failure::new(&ctl, at, epoll, descriptors);
        let (sites, may_be_made_good) = (failure.sites(), failure.may_be_made_good());
        let may_fall_back = failure.may_fall_back();
        let mut suspicion = self.suspect(Rule::CtlError, tid, now, Case::Ctl(Box::new(failure)));
        suspicion = suspicion.at(&ctl, Role::Now).and_all(sites);
        let is_again = self.tries_again(&ctl, now, descriptors);
        if may_fall_back {
            return self.refused(id, suspicion, is_again, now, descriptors);
        }
        if !may_be_made_good {
            return self.raise(suspicion, now);
        }
        self.threads.seen(tid, now).failure = Some(Box::new(suspicion));
        self.raise_lost(now);
        self.look_after_failures(now.saturating_add(RETRY));
    }

    /// The thread's next call after a failed one decides whether that was the first half of a known
    /// pair.
    fn next_call(&mut self, tid: Tid, now: Nanos, retry: Option<(i32, Fd, Fd)>) {
        let Some(thread) = self.threads.get_mut(tid) else { return };
        let Some(mut suspicion) = thread.failure.take() else { return };
        let Case::Ctl(failure) = &mut suspicion.case else { return };
        failure.is_retry_awaited = false;
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
        let epoll = self.epolls.named_or_new(epfd, descriptors).unwrap_or_default();
        let thread = self.threads.seen(tid, now);
        thread.waits = thread.waits.wrapping_add(1);
        thread.wait = Some(Wait { epfd, epoll, since: now, timeout, site });
        let last = std::mem::replace(&mut thread.last, epoll);
        let mut in_hand = std::mem::take(&mut thread.in_hand);
        if let Some(case) = thread.zeros.begins(timeout, now) {
            let suspicion = self.suspect(Rule::SubMsSpin, tid, now, case);
            self.raise(Suspicion { epfd, ..suspicion }.and((Role::Now, site)), now);
        }
        self.raise_lost(now);
        if std::mem::take(&mut self.has_run_out) {
            let wait = Wait { epfd, epoll, since: now, timeout, site };
            let again = |one: &mut Suspicion| rules::edge_not_drained::waits_again(one, &wait);
            self.has_kept = self.waiting.reschedule(again);
        }
        for (place, fd) in in_hand.drain(..) {
            self.put_down(last, place, fd, tid, now, descriptors);
        }
        if let Some(thread) = self.threads.get_mut(tid) {
            thread.in_hand = in_hand;
        }
    }

    /// The thread waits again: what did it leave of this delivery?
    fn put_down(
        &mut self,
        id: EpollId,
        place: u32,
        fd: Fd,
        tid: Tid,
        now: Nanos,
        descriptors: &dyn Descriptors,
    ) {
        let Some(epoll) = self.epolls.get(id) else { return };
        let Some(registration) = epoll.at(place).filter(|one| one.fd == fd) else { return };
        let (generation, io) = descriptors.state(fd);
        if generation != registration.generation {
            return;
        }
        if registration.is_fired {
            rules::oneshot_not_rearmed::suspect(self, id, fd, tid, now);
        } else if registration.has(bits::ET) {
            let delivery = registration.delivery;
            rules::edge_not_drained::suspect(self, id, fd, delivery, io, tid, now, descriptors);
        }
    }

    /// The wait returned these deliveries: interest and data of each. Returns whether there was input
    /// for a descriptor that blocks: the thread may fall asleep on it, and never call again.
    pub fn wait_ended(
        &mut self,
        tid: Tid,
        now: Nanos,
        deliveries: impl ExactSizeIterator<Item = (u32, u64)>,
        descriptors: &dyn Descriptors,
    ) -> bool {
        let count = deliveries.len();
        let Some(thread) = self.threads.get_mut(tid) else { return false };
        let Some(wait) = thread.wait.take() else { return false };
        thread.zeros.ended(wait.timeout, count, now);
        if count == 0 {
            self.has_run_out |= self.has_kept && wait.timeout > 0;
            if !self.refused.is_empty() {
                self.waited_in_vain(wait.epoll, wait.since, now, descriptors);
            }
            return false;
        }
        let Some(epoll) = self.epolls.get_mut(wait.epoll) else { return false };
        epoll.round = epoll.round.wrapping_add(1).max(1);
        let (round, waits) = (epoll.round, thread.waits);
        let mut in_hand = std::mem::take(&mut thread.in_hand);
        in_hand.clear();
        for (events, data) in deliveries {
            let wait = &wait;
            let delivered = Delivered {
                tid,
                now,
                wait,
                events,
                data,
                round,
                waits,
                before: None,
                is_late: false,
            };
            in_hand.extend(self.delivered(&delivered, descriptors));
        }
        if let Some(thread) = self.threads.get_mut(tid) {
            thread.in_hand = in_hand;
        }
        std::mem::take(&mut self.may_block)
    }

    /// The wait failed. `EINTR` ends it and says nothing.
    pub fn wait_failed(
        &mut self,
        tid: Tid,
        now: Nanos,
        at: AtFailure,
        descriptors: &dyn Descriptors,
    ) {
        let Some(thread) = self.threads.get_mut(tid) else { return };
        let Some(wait) = thread.wait.take() else { return };
        thread.zeros = rules::sub_ms_spin::State::default();
        if let Some(misuse) = rules::epfd_misuse::Misuse::of_wait(at) {
            self.epolls.close(wait.epfd);
            let mut suspicion = self.suspect(Rule::EpfdMisuse, tid, now, Case::Epfd(misuse));
            suspicion.epfd = wait.epfd;
            let closed = (Role::ClosedBy, descriptors.get(wait.epfd).closed);
            self.raise(suspicion.and((Role::Now, wait.site)).and(closed), now);
        }
    }

    /// A thread is gone, or its wait was cancelled.
    pub fn thread_ended(&mut self, tid: Tid) {
        let failure = self.threads.ended(tid).and_then(|thread| thread.failure);
        if let Some(suspicion) = failure {
            let now = suspicion.since;
            self.raise(*suspicion, now);
        }
    }

    /// In the child of a fork: the other threads are not there.
    pub fn forked(&mut self) {
        self.threads.clear();
        self.waiting.clear();
        self.merged.clear();
        self.has_failures = false;
        self.refused.clear();
        self.looks_after_refused = false;
        self.tally = Tally::default();
        self.taken_unseen = 0;
        for epoll in self.epolls.iter_mut() {
            epoll.forget_suspicions();
        }
    }

    /// A write to it was short or found no room.
    pub fn unwritten(&mut self, tid: Tid, now: Nanos, fd: Fd, descriptors: &dyn Descriptors) {
        rules::lost_write::suspect(self, tid, now, fd, descriptors);
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
        let Some((id, registration)) = self.epolls.watching(fd) else { return };
        // A thread that waits again and again is a loop's. Of one that has waited once that is known
        // if it was given this very descriptor.
        let was_given = |last| last == id && registration.delivery.round != 0;
        let is_loop = |thread: &Thread| match thread.waits {
            0 => false,
            1 => was_given(thread.last),
            _ => true,
        };
        if self.threads.get(tid).is_some_and(is_loop) && nanos > rules::blocking_fd::BLOCKS {
            let case = Case::Blocked { nanos, is_over, call };
            let suspicion = self.suspect(Rule::BlockingFd, tid, now, case).on(fd);
            self.raise_about(suspicion.and((Role::Now, site)), id, 0);
        }
    }

    /// A registered descriptor was closed after a hang-up was delivered, with so many bytes unread:
    /// see [`Io::may_lose_input`](crate::Io::may_lose_input).
    #[allow(clippy::too_many_arguments, reason = "one observation, and each of them is of it")]
    pub fn closed_unread(
        &mut self,
        tid: Tid,
        now: Nanos,
        fd: Fd,
        bytes: u64,
        site: Site,
        descriptors: &dyn Descriptors,
    ) {
        let deleted = self.hung_up.as_ref().filter(|deleted| deleted.fd == fd);
        let watching = self.epolls.watching(fd).map(|(_, registration)| registration);
        let Some(registration) = watching.or(deleted) else { return };
        // A thread that never waits may have the delivery from one that does, rounds ago.
        let thread = self.threads.get(tid).filter(|thread| thread.waits > 0);
        let epoll = thread.and_then(|thread| self.epolls.get(thread.last));
        let is_reason = |epoll| rules::hangup_unread::is_reason(epoll, registration, descriptors);
        if !epoll.is_none_or(is_reason) {
            return;
        }
        let added = (Role::RegisteredBy, registration.added);
        let case = Case::Unread { bytes, delivered: registration.delivery.events };
        let suspicion = self.suspect(Rule::HangupUnread, tid, now, case).on(fd);
        self.raise(suspicion.and((Role::ClosedBy, site)).and(added), now);
    }

    /// An epoll's descriptor was closed by `tid`.
    pub fn epoll_closed(&mut self, tid: Tid, now: Nanos, epfd: Fd, site: Site) {
        let Some(id) = self.epolls.last_named(epfd) else { return };
        let is_last = !self.epolls.has_other_name(id, epfd);
        let on_it = |&(waiter, _, wait): &(Tid, &Thread, Wait)| waiter != tid && wait.epoll == id;
        let waiter = self.threads.waits().find(on_it).filter(|_| is_last);
        let waiter = waiter.map(|(waiter, thread, wait)| (waiter, thread.waits, wait.site));
        self.epolls.close(epfd);
        let Some((waiter, waits, waited)) = waiter else { return };
        let misuse = rules::epfd_misuse::Misuse::ClosedUnderWaiter { waiter, waits };
        let mut suspicion = self.suspect(Rule::EpfdMisuse, tid, now, Case::Epfd(misuse));
        suspicion.epfd = epfd;
        let suspicion = suspicion.and((Role::ClosedBy, site)).and((Role::WaitedBy, waited));
        self.put_off(suspicion, now, SECOND);
    }

    /// A process and its child both changed one epoll since the fork, and both are alive.
    pub fn shared(&mut self, tid: Tid, now: Nanos, epfd: Fd, other: i32, site: Site) {
        let Some(id) = self.epolls.last_named(epfd) else { return };
        let Some(epoll) = self.epolls.get_mut(id) else { return };
        let made = (Role::CreatedBy, epoll.made);
        if !std::mem::replace(&mut epoll.is_shared, true) {
            let case = Case::Shared { other };
            let mut suspicion = self.suspect(Rule::ForkShared, tid, now, case);
            suspicion.epfd = epfd;
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
    pub(crate) fn holds_back(&mut self, now: Nanos, descriptors: &dyn Descriptors) -> bool {
        if let Some((_, held_back)) = self.held_back.filter(|&(at, _)| at == now) {
            return held_back;
        }
        let is_unwritten = |one: &Registration| {
            let (generation, io) = descriptors.state(one.fd);
            generation == one.generation && io.is_unwritten()
        };
        let held_back = self.epolls.iter().flat_map(Epoll::all).any(is_unwritten);
        self.held_back = Some((now, held_back));
        held_back
    }

    /// The registration that a suspicion is about, if neither it nor its epoll was closed since.
    /// The suspicion then names the epoll by a descriptor that is open.
    pub(crate) fn registration(
        &mut self,
        suspicion: &mut Suspicion,
        descriptors: &dyn Descriptors,
    ) -> Option<&mut Registration> {
        let stamp = suspicion.stamp;
        suspicion.epfd = self.epolls.name(stamp.epoll, descriptors)?;
        let is_same = descriptors.state(suspicion.fd).0 == stamp.generation;
        let registration = self.epolls.get_mut(stamp.epoll)?.by_fd_mut(suspicion.fd)?;
        (is_same && registration.generation == stamp.generation).then_some(registration)
    }

    /// Where a thread waits on this epoll at the moment; the one that has waited longest.
    pub(crate) fn waiter(&self, id: EpollId) -> Option<Wait> {
        let waits = self.threads.waits().map(|(_, _, wait)| wait);
        waits.filter(|wait| wait.epoll == id).min_by_key(|wait| wait.since)
    }
}
