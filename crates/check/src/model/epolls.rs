//! All epolls, by place and by descriptor. A place is used again when no descriptor names its epoll
//! any more, so an [`EpollId`] has its serial number too.

use crate::model::epoll::Epoll;
use crate::model::registration::Registration;
use crate::model::wait::EpollId;
use epshim_observe::{Descriptors, Fd, Site};
use rustc_hash::FxHashMap;

/// At most this many epolls are followed at a time.
const MOST: usize = 4096;

/// The epolls that descriptors name.
#[derive(Debug, Default)]
pub(crate) struct Epolls {
    all: Vec<(u32, Option<Epoll>)>,
    free: Vec<u32>,
    /// With the descriptor's generation: another one now means that it was closed.
    by_fd: FxHashMap<Fd, (EpollId, u32)>,
    serial: u32,
}

impl Epolls {
    pub fn get(&self, id: EpollId) -> Option<&Epoll> {
        let (serial, epoll) = self.all.get(id.place as usize)?;
        epoll.as_ref().filter(|_| *serial == id.serial)
    }

    pub fn get_mut(&mut self, id: EpollId) -> Option<&mut Epoll> {
        let (serial, epoll) = self.all.get_mut(id.place as usize)?;
        epoll.as_mut().filter(|_| *serial == id.serial)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Epoll> {
        self.all.iter().filter_map(|(_, epoll)| epoll.as_ref())
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Epoll> {
        self.all.iter_mut().filter_map(|(_, epoll)| epoll.as_mut())
    }

    /// An epoll was made; `None`: there are too many.
    pub fn create(
        &mut self,
        epfd: Fd,
        site: Site,
        descriptors: &dyn Descriptors,
    ) -> Option<EpollId> {
        self.close(epfd);
        if epfd < 0 {
            return None;
        }
        if self.by_fd.len() >= MOST {
            self.sweep(descriptors);
        }
        if self.by_fd.len() >= MOST {
            return None;
        }
        self.serial = self.serial.wrapping_add(1);
        let place = self.free.pop().unwrap_or_else(|| {
            self.all.push((0, None));
            self.all.len() as u32 - 1
        });
        self.all[place as usize] = (self.serial, Some(Epoll::new(epfd, site)));
        let id = EpollId { place, serial: self.serial };
        self.by_fd.insert(epfd, (id, descriptors.state(epfd).0));
        Some(id)
    }

    /// `to` is one more name of the epoll that `from` names.
    pub fn duplicate(&mut self, from: Fd, to: Fd, descriptors: &dyn Descriptors) {
        let id = self.named(from, descriptors);
        if from == to {
            return;
        }
        self.close(to);
        if let Some(id) = id.filter(|_| to >= 0 && self.by_fd.len() < MOST) {
            self.by_fd.insert(to, (id, descriptors.state(to).0));
        }
    }

    /// This number does not name it any more. An epoll without a name is forgotten.
    pub fn close(&mut self, epfd: Fd) {
        let Some((id, _)) = self.by_fd.remove(&epfd) else { return };
        let Some(epoll) = self.get_mut(id) else { return };
        if epoll.fd != epfd {
            return;
        }
        let other = self.by_fd.iter().find(|(_, (named, _))| *named == id).map(|(&fd, _)| fd);
        match (other, self.get_mut(id)) {
            (Some(fd), Some(epoll)) => epoll.fd = fd,
            _ => {
                self.all[id.place as usize].1 = None;
                self.free.push(id.place);
            }
        }
    }

    fn sweep(&mut self, descriptors: &dyn Descriptors) {
        let is_closed = |(&fd, &(_, made)): (&Fd, &(EpollId, u32))| {
            (descriptors.state(fd).0 != made).then_some(fd)
        };
        let closed: Vec<Fd> = self.by_fd.iter().filter_map(is_closed).collect();
        for fd in closed {
            self.close(fd);
        }
    }

    /// The epolls that this call has made and that have delivered something, with the round of each.
    pub fn used_of(&self, made: Site) -> impl Iterator<Item = (EpollId, u32)> + '_ {
        self.all.iter().zip(0..).filter_map(move |((serial, epoll), place)| {
            let epoll = epoll.as_ref().filter(|epoll| epoll.made == made && epoll.round > 0)?;
            Some((EpollId { place, serial: *serial }, epoll.round))
        })
    }

    /// The epoll that this descriptor names, if it is known and was not closed since.
    pub fn named(&mut self, epfd: Fd, descriptors: &dyn Descriptors) -> Option<EpollId> {
        let &(id, generation) = self.by_fd.get(&epfd)?;
        if descriptors.state(epfd).0 == generation {
            return Some(id);
        }
        self.close(epfd);
        None
    }

    /// Likewise, and one that was made unseen is known from now on.
    pub fn named_or_new(&mut self, epfd: Fd, descriptors: &dyn Descriptors) -> Option<EpollId> {
        let known = self.named(epfd, descriptors);
        known.or_else(|| self.create(epfd, Site::default(), descriptors))
    }

    /// As it was when it was last looked at.
    pub fn last_named(&self, epfd: Fd) -> Option<EpollId> {
        self.by_fd.get(&epfd).map(|&(id, _)| id)
    }

    /// An open descriptor of it.
    pub fn name(&mut self, id: EpollId, descriptors: &dyn Descriptors) -> Option<Fd> {
        loop {
            let fd = self.get(id)?.fd;
            if self.named(fd, descriptors) == Some(id) {
                return Some(fd);
            }
        }
    }

    /// Whether another descriptor than this names it.
    pub fn has_other_name(&self, id: EpollId, epfd: Fd) -> bool {
        self.by_fd.iter().any(|(&fd, &(named, _))| named == id && fd != epfd)
    }

    /// An epoll that has the descriptor registered, and the registration.
    pub fn watching(&self, fd: Fd) -> Option<(EpollId, &Registration)> {
        self.all_watching(fd).next()
    }

    /// Likewise, of the file that is open now.
    pub fn watching_file(&self, fd: Fd, generation: u32) -> Option<(EpollId, &Registration)> {
        self.all_watching(fd).find(|(_, one)| one.generation == generation)
    }

    fn all_watching(&self, fd: Fd) -> impl Iterator<Item = (EpollId, &Registration)> {
        self.all.iter().zip(0..).filter_map(move |((serial, epoll), place)| {
            let id = EpollId { place, serial: *serial };
            Some((id, epoll.as_ref()?.by_fd(fd)?))
        })
    }
}
