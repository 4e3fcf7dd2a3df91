//! Registrations that are ready in both looks, and what has moved.

use super::pair::Scene;
use crate::look::ready::readiness;
use crate::look::{Epoll, File, Kind, Registration};
use epshim_observe::bits;

/// A registration that is ready in both looks.
#[derive(Debug, Clone, Copy)]
pub struct Ready<'a> {
    /// Its place in the list.
    pub place: usize,
    /// It.
    pub registration: &'a Registration,
    /// Its file in the first look, and in the second.
    pub files: (&'a File, &'a File),
    /// What is asked for and ready, for certain.
    pub certain: u32,
    /// What is asked for and ready in all likelihood, and not for certain.
    pub likely: u32,
}

impl<'a> Scene<'a> {
    /// The registrations that are ready in both looks for something that they ask for.
    pub fn ready<'s>(&'s self, epoll: &'s Epoll) -> impl Iterator<Item = Ready<'s>> + 's {
        self.registrations(epoll).filter_map(|(place, registration)| {
            let ready = self.readiness_of(epoll, place, registration)?;
            (ready.certain | ready.likely != 0).then_some(ready)
        })
    }

    /// The readiness of one, for what it asks for.
    #[must_use]
    pub fn readiness_of<'s>(
        &'s self,
        epoll: &Epoll,
        place: usize,
        registration: &'s Registration,
    ) -> Option<Ready<'s>> {
        let files = self.registered_file(epoll, registration)?;
        let (then, now) = (readiness(files.0)?, readiness(files.1)?);
        let certain = then.certain & now.certain;
        let all = (then.certain | then.likely) & (now.certain | now.likely);
        let asked = registration.events;
        Some(Ready {
            place,
            registration,
            files,
            certain: certain & asked & !bits::PRIVATE,
            likely: all & !certain & asked & !bits::PRIVATE,
        })
    }

    /// The file that is registered, in both looks: of a ghost, as its keeper has it.
    #[must_use]
    pub fn registered_file(
        &self,
        epoll: &Epoll,
        registration: &Registration,
    ) -> Option<(&'a File, &'a File)> {
        if let Some((then, now)) = self.keeper(epoll.fd, registration) {
            return Some((&then.state, &now.state));
        }
        self.file(registration.fd)
    }

    /// Whether anything was read, written, or came, through what is registered with an epoll; or the process has
    /// read or written anything else.
    #[must_use]
    pub fn has_moved(&self, epoll: &Epoll) -> bool {
        let has_read = match (self.before.bytes, self.now.bytes) {
            (Some(then), Some(now)) => then != now,
            _ => false,
        };
        let Some(earlier) = self.earlier(epoll) else { return true };
        let are_others = earlier.registered() != epoll.registered();
        has_read
            || are_others
            || self.registrations(epoll).any(|(_, registration)| {
                self.registered_file(epoll, registration)
                    .is_some_and(|(then, now)| state(then) != state(now))
            })
    }
}

/// What of a file changes when something is done with it.
fn state(file: &File) -> (Option<[Option<u64>; 4]>, Option<u64>, Option<u64>) {
    let count = match file.kind {
        Kind::Event { count } => count,
        Kind::Timer { ticks } => ticks,
        _ => None,
    };
    let traffic = file.socket().map(|socket| {
        let (received, sent, came, acked) = socket.traffic();
        [received.map(u64::from), sent.map(u64::from), came, acked]
    });
    (traffic, count, file.unread)
}
