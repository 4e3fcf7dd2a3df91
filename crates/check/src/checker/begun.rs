//! Changes that have begun, and deliveries that came in between: see `intent.rs`.

use super::{ADD, Checker, Delivered, MOD};
use crate::epolls::EpollId;
use crate::intent::{Intent, Unclaimed};
use crate::ports::{Descriptors, Fd, Tid};
use crate::thread::Wait;

impl Checker {
    /// `epoll_ctl` is about to be called. Whatever comes of it, [`Checker::ctl`] or
    /// [`Checker::ctl_failed`] is to follow; without this call, a delivery that comes before it
    /// returns belongs to nobody.
    pub fn ctl_begins(
        &mut self,
        tid: Tid,
        op: i32,
        epfd: Fd,
        fd: Fd,
        descriptors: &dyn Descriptors,
    ) {
        if op != ADD && op != MOD {
            return;
        }
        let id = self.epolls.named(epfd, descriptors);
        let Some(epoll) = id.and_then(|id| self.epolls.get_mut(id)) else { return };
        let (generation, io) = descriptors.state(fd);
        let round = epoll.by_fd(fd).map_or(0, |one| one.delivery.round);
        epoll.intents.begin(tid, fd, Intent::new(generation, io.inputs(), io.moved(), round));
    }

    /// A change of this descriptor's registration returned, and is booked, if it was one: what was
    /// delivered meanwhile finds its owner now.
    pub(super) fn ctl_ended(
        &mut self,
        id: EpollId,
        intent: Option<Intent>,
        data: Option<u64>,
        descriptors: &dyn Descriptors,
    ) {
        if intent.is_none() {
            return;
        }
        while let Some(kept) = data.and_then(|data| {
            let epoll = self.epolls.get_mut(id)?;
            epoll.intents.claim(data)
        }) {
            self.deliver_late(id, &kept, intent, descriptors);
        }
        while let Some(kept) = self.epolls.get_mut(id).and_then(|epoll| epoll.intents.disown()) {
            self.deliver_late(id, &kept, None, descriptors);
        }
    }

    /// A delivery whose owner was not known when it came. The thread may wait again by now.
    fn deliver_late(
        &mut self,
        id: EpollId,
        kept: &Unclaimed,
        intent: Option<Intent>,
        descriptors: &dyn Descriptors,
    ) {
        let &Unclaimed { epfd, since, timeout, site, .. } = kept;
        let wait = Wait { epfd, epoll: id, since, timeout, site };
        let it = Delivered {
            tid: kept.tid,
            now: kept.at,
            wait: &wait,
            events: kept.events,
            data: kept.data,
            round: kept.round,
            waits: kept.waits,
            before: intent.map(|intent| (intent.inputs, intent.moved)),
            is_late: true,
        };
        let Some((place, fd)) = self.delivered(&it, descriptors) else { return };
        let Some(thread) = self.threads.get_mut(kept.tid) else { return };
        if thread.waits == kept.waits && thread.wait.is_none() {
            thread.in_hand.push((place, fd));
        } else {
            self.put_down(id, place, fd, kept.tid, kept.at, descriptors);
        }
    }

    /// Keeps a delivery that may be of a change under way.
    pub(super) fn keep(&mut self, it: &Delivered<'_>) -> bool {
        let Some(epoll) = self.epolls.get_mut(it.wait.epoll) else { return false };
        let Wait { epfd, since, timeout, site, .. } = *it.wait;
        let Delivered { tid, waits, events, data, round, now: at, .. } = *it;
        let until = 0;
        let kept =
            Unclaimed { until, tid, waits, at, events, data, round, epfd, since, timeout, site };
        epoll.intents.keep(kept)
    }

    /// The change that this thread has begun, which is over.
    pub(super) fn take_intent(&mut self, id: EpollId, tid: Tid, fd: Fd) -> Option<Intent> {
        self.epolls.get_mut(id)?.intents.end(tid, fd)
    }
}
