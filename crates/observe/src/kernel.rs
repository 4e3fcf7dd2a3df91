//! The questions that the kernel is asked.

use crate::terms::{Fd, Nanos, Pid, Tid};

/// One registration as the kernel lists it, in `/proc/self/fdinfo/EPFD` (proc_pid_fdinfo(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// The number it was registered under.
    pub fd: Fd,
    /// The interest; a one-shot that has fired has only its private bits left.
    pub events: u32,
    /// The data.
    pub data: u64,
    /// The file: inode and device. eventfd, timerfd, signalfd and epoll all have the same one.
    pub file: (u64, u64),
}

/// What the kernel knows. `None`: the kernel did not answer; what is found is then less certain.
pub trait Kernel {
    /// All registrations of an epoll.
    fn registrations(&mut self, epfd: Fd) -> Option<Vec<Listed>>;
    /// What poll(2) says at once of these events, `EPOLLERR` and `EPOLLHUP`; `None` if it is not open.
    fn readiness(&mut self, fd: Fd, events: u32) -> Option<u32>;
    /// The bytes to be read: `FIONREAD`.
    fn unread(&mut self, fd: Fd) -> Option<u64>;
    /// A number that changes whenever bytes pass through the file: from `TCP_INFO`, or the bytes that
    /// are queued.
    fn traffic(&mut self, fd: Fd) -> u64;
    /// The file: inode and device. `None` if it is not open.
    fn file(&mut self, fd: Fd) -> Option<(u64, u64)>;
    /// Another descriptor of this process that keeps the file of a registration of `epfd` open.
    fn keeper(&mut self, epfd: Fd, ghost: &Listed) -> Option<Fd>;
    /// Whether this process also has the other end of a pipe or a socket pair open.
    fn has_both_ends(&mut self, fd: Fd) -> bool;
    /// Whether the thread exists.
    fn is_alive(&mut self, tid: Tid) -> bool;
    /// Whether the thread may be about to make its next call: it runs, or would if it had a processor, or
    /// waits for a lock.
    fn is_on_its_way(&mut self, tid: Tid) -> bool;
    /// How long the thread has run, or wanted to and had no processor.
    fn processor_time(&mut self, tid: Tid) -> Option<Nanos>;
    /// Of a signalfd: a thread that does not block some of its signals, and which (bit N - 1 is signal N).
    /// They may be delivered to that thread, and are not read from the descriptor then.
    fn deaf(&mut self, signalfd: Fd) -> Option<(Tid, u64)>;
    /// A process that this one has started, and that has executed another program since, which has the socket of this
    /// inode open as a descriptor above 2; and that descriptor.
    fn holder(&mut self, inode: u64) -> Option<(Pid, Fd)>;
    /// Whether the number was seen to be closed or replaced since this look at the program began, or is
    /// about to be: then two answers about it may be of two files.
    fn was_closed(&mut self, fd: Fd) -> bool;
}
