//! Waits and changes: what each does to the model, and who hears of it.

use super::Checker;
use crate::model::{Came, Delivered, EpollId, Intent, Live, Model, Moment, Stale, Wait, Zeros};
use epshim_observe::{AtFailure, Ctl, DEL, Delivery, Descriptors, Fd, Kind, Site, bits, errno};

/// So many waits that returned nothing are told of.
const MANY: u32 = 8192;

impl Checker {
    /// `epoll_ctl` returned 0.
    pub(super) fn changed(&mut self, ctl: &Ctl, m: &Moment<'_>) {
        tell!(self.called, m, Some(ctl));
        let model = &mut self.engine.model;
        let Some(id) = model.epolls.named_or_new(ctl.epfd, m.descriptors) else { return };
        let intent = model.take_intent(id, m.tid, ctl.fd);
        model.book(id, ctl, intent, m);
        tell!(self.ctl_made, m, ctl);
        if intent.is_some() {
            self.claim(id, intent, (ctl.op != DEL).then_some(ctl.data), m.descriptors);
        }
    }

    /// `epoll_ctl` failed. `None`: what was the case then is not known.
    pub(super) fn refused(&mut self, ctl: &Ctl, at: Option<AtFailure>, m: &Moment<'_>) {
        tell!(self.called, m, None);
        let model = &mut self.engine.model;
        let id = model.epolls.named(ctl.epfd, m.descriptors);
        if let Some(id) = id.filter(|&id| model.take_intent(id, m.tid, ctl.fd).is_some()) {
            self.claim(id, None, None, m.descriptors);
        }
        if let Some(at) = at {
            tell!(self.ctl_failed, m, ctl, at);
        }
    }

    /// A change is over: what was delivered meanwhile finds its owner now. Its thread may wait again.
    fn claim(
        &mut self,
        id: EpollId,
        intent: Option<Intent>,
        data: Option<u64>,
        descriptors: &dyn Descriptors,
    ) {
        while let Some(it) = self.engine.model.claimed(id, intent, data) {
            let live = self.delivered(&it, descriptors).filter(|live| live.is_in_hand);
            let Some(Live { place, fd, .. }) = live else { continue };
            let Some(thread) = self.engine.model.threads.get_mut(it.tid) else { continue };
            if thread.waits == it.waits && thread.wait.is_none() {
                thread.in_hand.push((place, fd));
            } else {
                self.put_down(id, place, fd, &Moment { tid: it.tid, now: it.now, descriptors });
            }
        }
    }

    /// A wait is about to be made. Timeout in nanoseconds; negative: none.
    pub(super) fn waits(&mut self, epfd: Fd, timeout: i64, site: Site, m: &Moment<'_>) {
        tell!(self.called, m, None);
        let model = &mut self.engine.model;
        let epoll = model.epolls.named_or_new(epfd, m.descriptors).unwrap_or_default();
        let thread = model.threads.seen(m.tid, m.now);
        let wait = Wait { epfd, epoll, since: m.now, timeout, site };
        thread.waits = thread.waits.wrapping_add(1);
        thread.begun = m.now;
        thread.wait = Some(wait);
        let last = std::mem::replace(&mut thread.last, epoll);
        let mut in_hand = std::mem::take(&mut thread.in_hand);
        thread.batch.drain(..).for_each(|(fd, _)| m.descriptors.in_batch(fd, 0));
        let run = thread.zeros.begins(timeout, m.now);
        let is_same_call = thread.timed == site;
        let is_below_none = timeout < -1 && is_same_call;
        if timeout >= 0 {
            thread.timed = site;
        }
        if timeout > 0 {
            thread.positive = (site, m.now);
        }
        if let Some(run) = run {
            tell!(self.zeros, m, &wait, run, is_same_call);
        }
        if is_below_none {
            tell!(self.below_none, m, &wait);
        }
        self.engine.waits_again(&wait);
        for (place, fd) in in_hand.drain(..) {
            self.put_down(last, place, fd, m);
        }
        if let Some(thread) = self.engine.model.threads.get_mut(m.tid) {
            thread.in_hand = in_hand;
        }
    }

    /// The thread waits again: what did it leave of this delivery?
    fn put_down(&mut self, id: EpollId, place: u32, fd: Fd, m: &Moment<'_>) {
        let epoll = self.engine.model.epolls.get(id);
        let registration = epoll.and_then(|epoll| epoll.at(place)).filter(|one| one.fd == fd);
        let Some(registration) = registration else { return };
        let (generation, io) = m.descriptors.state(fd);
        if generation != registration.generation {
            return;
        }
        if registration.is_fired {
            tell!(self.left_fired, m, id, fd);
        } else if registration.has(bits::ET) {
            let delivery = registration.delivery;
            tell!(self.left_edge, m, id, fd, delivery, io);
        }
    }

    /// The wait returned.
    pub(super) fn got(&mut self, deliveries: &[Delivery], m: &Moment<'_>) -> bool {
        let model = &mut self.engine.model;
        let Some(thread) = model.threads.get_mut(m.tid) else { return false };
        let Some(wait) = thread.wait.take() else { return false };
        thread.zeros.ended(wait.timeout, deliveries.len(), m.now);
        thread.row = 0;
        if deliveries.is_empty() {
            thread.empties = thread.empties.wrapping_add(1);
            if thread.empties % MANY == 0 {
                tell!(self.many_empty, m, &wait);
            }
            if wait.timeout > 0 {
                self.engine.has_run_out();
            }
            tell!(self.waited_in_vain, m, &wait);
            return false;
        }
        let Some(epoll) = model.epolls.get_mut(wait.epoll) else { return false };
        epoll.round = epoll.round.wrapping_add(1).max(1);
        epoll.given_to(m.tid);
        let (round, waits) = (epoll.round, thread.waits);
        let mut in_hand = std::mem::take(&mut thread.in_hand);
        in_hand.clear();
        let mut batch = std::mem::take(&mut thread.batch);
        let &Moment { tid, now, descriptors } = m;
        let (events, data, before, is_late) = (0, 0, None, false);
        let mut it = Delivered { tid, now, wait, events, data, round, waits, before, is_late };
        for &Delivery { events, data } in deliveries {
            (it.events, it.data) = (events, data);
            let Some(live) = self.delivered(&it, descriptors) else { continue };
            if live.is_in_hand {
                in_hand.push((live.place, live.fd));
            }
            if deliveries.len() > 1 {
                batch.push((live.fd, events));
                descriptors.in_batch(live.fd, tid);
            }
        }
        let model = &mut self.engine.model;
        if let Some(thread) = model.threads.get_mut(tid) {
            (thread.in_hand, thread.batch) = (in_hand, batch);
        }
        std::mem::take(&mut model.may_block)
    }

    /// One of them. Returns the registration.
    fn delivered(&mut self, it: &Delivered, descriptors: &dyn Descriptors) -> Option<Live> {
        let live = match self.engine.model.deliver(it, descriptors) {
            Came::Live(live) => live,
            Came::Stale(stale) => {
                tell!(self.stale, it, stale, descriptors);
                return None;
            }
            Came::Nothing => return None,
        };
        if live.is_shared {
            tell!(self.given, it, &live, descriptors);
        }
        if it.events & bits::IN != 0 && descriptors.kind(live.fd) == Kind::Listener {
            tell!(self.woken, it, &live, descriptors);
        }
        if live.may_be_twins {
            tell!(self.stale, it, Stale::Twin(live.fd), descriptors);
        }
        if live.is_again {
            self.note_row(it, live.place);
            tell!(self.again, it, &live, descriptors);
        }
        Some(live)
    }

    fn note_row(&mut self, it: &Delivered, place: u32) {
        let Model { epolls, threads, .. } = &mut self.engine.model;
        let registration = epolls.get(it.wait.epoll).and_then(|epoll| epoll.at(place));
        if let Some((thread, one)) = threads.get_mut(it.tid).zip(registration) {
            thread.row = thread.row.max(one.row.times);
        }
    }

    /// The wait failed. `EINTR` ends it and says nothing.
    pub(super) fn wait_failed(&mut self, at: Option<AtFailure>, m: &Moment<'_>) {
        let model = &mut self.engine.model;
        let Some(thread) = model.threads.get_mut(m.tid) else { return };
        let Some(wait) = thread.wait.take() else { return };
        thread.zeros = Zeros::default();
        let Some(at) = at else { return };
        thread.is_signalled |= at.errno == errno::EINTR;
        if at.is_no_epoll() {
            model.epolls.close(wait.epfd);
        }
        tell!(self.wait_failed, m, &wait, at);
    }
}
