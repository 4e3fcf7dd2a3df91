//! `epoll_ctl`: what it changes; and changes that have begun, with the deliveries that came in between:
//! see `intent.rs`.

use crate::model::delivery::Delivered;
use crate::model::intent::Intent;
use crate::model::known::{Model, Moment};
use crate::model::registration::Registration;
use crate::model::wait::EpollId;
use epshim_observe::{ADD, Ctl, DEL, Fd, MOD, Tid, bits};

impl Model {
    /// A change is about to be asked for.
    pub fn begins(&mut self, op: i32, (epfd, fd): (Fd, Fd), m: &Moment<'_>) {
        if op != ADD && op != MOD {
            return;
        }
        let id = self.epolls.named(epfd, m.descriptors);
        let Some(epoll) = id.and_then(|id| self.epolls.get_mut(id)) else { return };
        let (generation, io) = m.descriptors.state(fd);
        let round = epoll.by_fd(fd).map_or(0, |one| one.delivery.round);
        epoll.intents.begin(m.tid, fd, Intent::new(generation, io.inputs(), io.moved(), round));
    }

    /// The change that this thread has begun, which is over.
    pub fn take_intent(&mut self, id: EpollId, tid: Tid, fd: Fd) -> Option<Intent> {
        self.epolls.get_mut(id)?.intents.end(tid, fd)
    }

    /// A change that the kernel has made.
    pub fn book(&mut self, id: EpollId, ctl: &Ctl, intent: Option<Intent>, m: &Moment<'_>) {
        let is_epoll = self.epolls.named(ctl.fd, m.descriptors).is_some();
        let Some(epoll) = self.epolls.get_mut(id) else { return };
        match ctl.op {
            ADD => {
                let Ctl { fd, events, data, site, .. } = *ctl;
                // It may have been served and closed since it was added.
                let now_open = || m.descriptors.state(fd).0;
                let generation = intent.map_or_else(now_open, |intent| intent.generation);
                let mut registration = Registration::new(fd, generation, events, data, site);
                registration.is_epoll = is_epoll;
                epoll.add(registration, m.descriptors);
            }
            MOD => {
                epoll.modify(m.now, ctl, m.descriptors);
                if let (Some(one), Some(intent)) = (epoll.by_fd_mut(ctl.fd), intent) {
                    // Armed, and delivered before the call returned.
                    one.is_fired = one.has(bits::ONESHOT) && one.delivery.round != intent.round;
                }
            }
            DEL => {
                self.deleted = epoll.remove(ctl.fd);
                if let Some(deleted) = &self.deleted {
                    epoll.intents.deleted(deleted.data, m.now);
                }
            }
            _ => {}
        }
    }

    /// A delivery that was kept and finds its owner now, for this change was of its data; or never will.
    pub fn claimed(
        &mut self,
        id: EpollId,
        intent: Option<Intent>,
        data: Option<u64>,
    ) -> Option<Delivered> {
        let intents = &mut self.epolls.get_mut(id)?.intents;
        data.and_then(|data| intents.claim(data, intent)).or_else(|| intents.disown())
    }
}
