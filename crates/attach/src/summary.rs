//! What one look says in numbers: for a line of a table, and for a gauge.

use crate::calls;
use crate::look::{Call, Epoll, Look, Thread};

impl Look {
    /// How many registrations its epolls have together.
    #[must_use]
    pub fn registrations(&self) -> usize {
        self.epolls.iter().map(|epoll| epoll.registered().len()).sum()
    }

    /// How many of its threads wait on one of its epolls. `None`: of some it is not known what they do.
    #[must_use]
    pub fn waiters(&self) -> Option<usize> {
        let is_known = |thread: &&Thread| !matches!(thread.call, Call::Unknown | Call::Sleeping(_));
        let waits = |thread: &&Thread| calls::waited(&thread.call).is_some();
        let known = self.threads.iter().all(|thread| is_known(&thread));
        known.then(|| self.threads.iter().filter(waits).count())
    }

    /// For how long the oldest data have been unread that lie in a socket registered with any epoll, in milliseconds.
    #[must_use]
    pub fn oldest_unread_ms(&self) -> Option<u32> {
        self.epolls.iter().filter_map(|epoll| self.oldest_unread_of(epoll)).max()
    }

    /// The same of one epoll.
    #[must_use]
    pub fn oldest_unread_of(&self, epoll: &Epoll) -> Option<u32> {
        let files = epoll.registered().iter().filter_map(|one| self.files.get(&one.fd));
        let sockets = files.filter_map(|file| file.socket());
        let unread = sockets.filter(|one| !one.is_listening() && one.unread().unwrap_or(0) > 0);
        unread.filter_map(|socket| socket.since_data_ms).max()
    }
}
