//! Which descriptor a delivery is of, and which calls of `epoll_ctl` changed nothing.
//!
//! A delivery says its registration's data, and that may be anything: only the registrations say whose it is. Where
//! two have the same data it is not known.

use epshim_observe::bits::{ET, ONESHOT};
use epshim_observe::{ADD, Ctl, DEL, Delivery, Fd, MOD};
use rustc_hash::FxHashMap;

/// Registrations that were removed in a turn, and are remembered until its end.
const MOST_REMOVED: usize = 64;

/// What is asked for.
type Interest = (u32, u64);

/// A registration.
#[derive(Debug, Clone, Copy)]
struct Registration {
    interest: Interest,
    /// The turn in which it was changed last, and what it was before that turn; `None`: not there.
    turn: u64,
    before: Option<Interest>,
}

/// Who has a data.
#[derive(Debug, Clone, Copy)]
struct Owner {
    fd: Fd,
    registrations: u32,
}

/// An epoll.
#[derive(Debug, Clone, Default)]
struct Epoll {
    by_data: FxHashMap<u64, Owner>,
    registrations: FxHashMap<Fd, Registration>,
    removed: FxHashMap<Fd, Registration>,
    /// It is registered in another one.
    is_nested: bool,
}

/// The epolls of a process.
#[derive(Debug, Clone, Default)]
pub struct Epolls(FxHashMap<Fd, Epoll>);

impl Epolls {
    pub fn created(&mut self, epfd: Fd) {
        self.0.insert(epfd, Epoll::default());
    }

    pub fn is_nested(&self, epfd: Fd) -> bool {
        self.0.get(&epfd).is_some_and(|epoll| epoll.is_nested)
    }

    /// The descriptor that each delivery is of.
    pub fn find(&self, epfd: Fd, deliveries: &[Delivery]) -> impl Iterator<Item = Option<Fd>> {
        let epoll = self.0.get(&epfd);
        deliveries.iter().map(move |delivery| {
            let owner = epoll?.by_data.get(&delivery.data)?;
            (owner.registrations == 1).then_some(owner.fd)
        })
    }

    pub fn is_registered(&self, fd: Fd) -> bool {
        self.0.values().any(|epoll| epoll.registrations.contains_key(&fd))
    }

    /// A call of `epoll_ctl` succeeded, in this turn; 0: in none. Returns how many calls have turned out to be
    /// redundant by it.
    pub fn changed(&mut self, ctl: &Ctl, turn: u64) -> u64 {
        if ctl.op == ADD {
            if let Some(inner) = self.0.get_mut(&ctl.fd) {
                inner.is_nested = true;
            }
        }
        self.0.entry(ctl.epfd).or_default().changed(ctl, turn)
    }

    /// A descriptor was closed: what it had registered is gone, as far as deliveries say.
    pub fn closed(&mut self, fd: Fd) {
        self.0.remove(&fd);
        for epoll in self.0.values_mut() {
            epoll.remove(fd);
            epoll.removed.remove(&fd);
        }
    }
}

impl Epoll {
    fn changed(&mut self, ctl: &Ctl, turn: u64) -> u64 {
        let (fd, new) = (ctl.fd, (ctl.events, ctl.data));
        match ctl.op {
            ADD => {
                let removed = self.removed.remove(&fd).filter(|old| old.turn == turn);
                let before = removed.and_then(|old| old.before);
                self.put(fd, Registration { interest: new, turn, before });
                // Removed and added again as it was.
                if before == Some(new) && is_plain(new.0) { 2 } else { 0 }
            }
            MOD => {
                let Some(&old) = self.registrations.get(&fd) else {
                    self.put(fd, Registration { interest: new, turn, before: None });
                    return 0;
                };
                let before = if old.turn == turn { old.before } else { Some(old.interest) };
                self.put(fd, Registration { interest: new, turn, before });
                if !is_plain(new.0) || !is_plain(old.interest.0) {
                    0
                } else if new == old.interest {
                    1
                } else {
                    2 * u64::from(turn != 0 && old.turn == turn && before == Some(new))
                }
            }
            DEL => {
                let Some(old) = self.remove(fd) else { return 0 };
                let before = if old.turn == turn { old.before } else { Some(old.interest) };
                if self.removed.len() >= MOST_REMOVED {
                    self.removed.clear();
                }
                if turn != 0 && before.is_some() {
                    self.removed.insert(fd, Registration { turn, before, ..old });
                }
                // Added and removed again.
                2 * u64::from(turn != 0 && before.is_none())
            }
            _ => 0,
        }
    }

    fn put(&mut self, fd: Fd, new: Registration) {
        self.remove(fd);
        self.registrations.insert(fd, new);
        let owner = self.by_data.entry(new.interest.1).or_insert(Owner { fd, registrations: 0 });
        owner.registrations += 1;
    }

    fn remove(&mut self, fd: Fd) -> Option<Registration> {
        let old = self.registrations.remove(&fd)?;
        let data = old.interest.1;
        let Some(owner) = self.by_data.get_mut(&data) else { return Some(old) };
        owner.registrations -= 1;
        if owner.registrations == 0 {
            self.by_data.remove(&data);
        } else if owner.registrations == 1 {
            let left = self.registrations.iter().find(|(_, one)| one.interest.1 == data);
            owner.fd = left.map_or(-1, |(&fd, _)| fd);
        }
        Some(old)
    }
}

/// Level-triggered and not one-shot: to ask for the same again changes nothing. Of the others it asks anew.
const fn is_plain(events: u32) -> bool {
    events & (ET | ONESHOT) == 0
}
