//! Who waits on an epoll.

use super::pair::Scene;
use crate::calls::{self, Shape};
use crate::look::{Call, Epoll, Look, Thread};

/// Who waits on an epoll, as two looks say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Threads that were in a wait on it in both looks.
    pub threads: Vec<i32>,
    /// Those of them that have not moved.
    pub unmoved: Vec<i32>,
    /// Some thread, here or in another process, may have waited on it in one of the looks.
    pub is_possible: bool,
}

/// What one look says of one thread and one epoll.
#[derive(PartialEq)]
enum Answer {
    Waits,
    Other,
    Unknown,
}

impl Scene<'_> {
    /// Who waits on an epoll.
    #[must_use]
    pub fn waiting(&self, epoll: &Epoll) -> Waiting {
        let mut waiting = Waiting::default();
        for (then, now) in self.threads() {
            if answer(then, epoll) == Answer::Waits && answer(now, epoll) == Answer::Waits {
                waiting.threads.push(now.tid);
                if now.is_unmoved_since(then) {
                    waiting.unmoved.push(now.tid);
                }
            }
        }
        waiting.is_possible = self.may_wait(self.before, epoll)
            || self.may_wait(self.now, epoll)
            || self.is_nested(epoll);
        waiting
    }

    /// The threads that earlier looks have seen waiting on an epoll, if none of them has moved between these two.
    #[must_use]
    pub fn unmoved_owners(&self, epoll: &Epoll) -> Vec<i32> {
        let owners = self.now.owners.iter().filter(|(epfd, _)| epoll.is(*epfd));
        let owners: Vec<i32> = owners.map(|&(_, tid)| tid).collect();
        let is_unmoved = |tid: &i32| {
            self.threads().any(|(then, now)| now.tid == *tid && now.is_unmoved_since(then))
        };
        if owners.iter().all(is_unmoved) { owners } else { Vec::new() }
    }

    fn may_wait(&self, look: &Look, epoll: &Epoll) -> bool {
        let here = look.threads.iter().any(|thread| answer(thread, epoll) != Answer::Other);
        let same = look.epolls.iter().find(|one| one.fd == epoll.fd);
        let elsewhere = match same.and_then(|one| one.sharers.as_ref()) {
            None => true,
            Some(sharers) => sharers
                .iter()
                .any(|sharer| sharer.waiters.as_ref().is_none_or(|waiters| !waiters.is_empty())),
        };
        here || elsewhere || look.has_ring
    }

    /// Whether it is registered with another epoll, which then waits for it.
    fn is_nested(&self, epoll: &Epoll) -> bool {
        let others = self.now.epolls.iter().filter(|other| other.fd != epoll.fd);
        let mut registered = others.flat_map(|other| other.registered());
        registered.any(|registration| epoll.is(registration.fd))
    }
}

fn answer(thread: &Thread, epoll: &Epoll) -> Answer {
    match &thread.call {
        Call::Unknown if matches!(thread.state, 'Z' | 'X') => Answer::Other,
        Call::Unknown => Answer::Unknown,
        // The functions in which a thread sleeps in a wait (fs/eventpoll.c).
        Call::Sleeping(place) => {
            if place.contains("ep_poll") || place.contains("epoll_wait") || place.contains("poll") {
                Answer::Unknown
            } else {
                Answer::Other
            }
        }
        // It may be about to wait; that it is not is what two looks say together.
        Call::Running | Call::Blocked { .. } => Answer::Other,
        call @ &Call::In { number, .. } => match calls::waited(call) {
            Some(epfd) if epoll.is(epfd) => Answer::Waits,
            Some(_) => Answer::Other,
            None => match (calls::known(number).map(|known| known.shape), &thread.polled) {
                (Some(Shape::Poll | Shape::Select), Some(polled)) => {
                    let is_polled = polled.iter().any(|&fd| epoll.is(fd));
                    if is_polled { Answer::Waits } else { Answer::Other }
                }
                (Some(Shape::Poll | Shape::Select | Shape::Ring), _) => Answer::Unknown,
                _ => Answer::Other,
            },
        },
    }
}
