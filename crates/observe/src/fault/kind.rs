//! The faults: one row each. What `epshim chaos --list` and docs/chaos.md say is made of the rows.

use super::level::Level;
use std::fmt;

/// What is known of a fault, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// As options, replay files and reports have it.
    pub name: &'static str,
    /// From which level on it is made.
    pub level: Level,
    /// The calls that it is made of.
    pub calls: &'static str,
    /// When it is made at all.
    pub when: &'static str,
    /// Where it is written that this may happen.
    pub legal: &'static str,
    /// What makes it true, so that all the program can ask agrees with it.
    pub truth: &'static str,
}

macro_rules! faults {
    ($($(#[$doc:meta])* $fault:ident: $name:literal, $level:ident, $calls:literal, $when:literal, $legal:literal, $truth:literal;)*) => {
        /// A kind of fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Fault {
            $($(#[$doc])* $fault,)*
        }

        impl Fault {
            /// All, the mildest first.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$fault),*];

            /// Its row.
            #[must_use]
            pub const fn row(self) -> &'static Row {
                match self {
                    $(Self::$fault => &Row {
                        name: $name,
                        level: Level::$level,
                        calls: $calls,
                        when: $when,
                        legal: $legal,
                        truth: $truth,
                    },)*
                }
            }
        }
    };
}

faults! {
    /// Fewer bytes than asked for, and than there are.
    ShortRead: "short-read", Polite, "read, readv, recv, recvfrom, recvmsg, splice",
        "a stream socket or a pipe that is registered; no flags but MSG_DONTWAIT, MSG_NOSIGNAL and MSG_CMSG_CLOEXEC; no control data; not where EPOLLET comes with EPOLLEXCLUSIVE",
        "read(2), RETURN VALUE",
        "the kernel is asked for fewer bytes; an edge-triggered registration is armed again with its own events and data, as if the rest came now";
    /// Fewer bytes taken than given.
    ShortWrite: "short-write", Polite, "write, writev, send, sendto, sendmsg, sendfile, splice",
        "a registered stream socket with O_NONBLOCK or MSG_DONTWAIT; a registered pipe with O_NONBLOCK, above PIPE_BUF; no control data",
        "write(2), RETURN VALUE",
        "the kernel is given fewer bytes; an edge-triggered registration is armed again, so that room is told";
    /// A wait ends with EINTR.
    WaitInterrupted: "wait-interrupted", Polite, "epoll_wait, epoll_pwait, epoll_pwait2",
        "the timeout is not 0",
        "signal(7), Interruption of system calls by stop signals",
        "the kernel is not asked, so that nothing is consumed: as after SIGSTOP and SIGCONT, without any handler";
    /// A wait delivers fewer events than are ready.
    WaitFewer: "wait-fewer", Polite, "epoll_wait, epoll_pwait, epoll_pwait2",
        "maxevents is above 1",
        "epoll_wait(2), NOTES: up to maxevents, and round robin",
        "the kernel is given a smaller maxevents";
    /// The events of a wait in another order.
    WaitReordered: "wait-reordered", Polite, "epoll_wait, epoll_pwait, epoll_pwait2",
        "at least 2 events were delivered",
        "epoll_wait(2): no order is promised",
        "the delivered events change places";
    /// A wait begins later.
    WaitLate: "wait-late", Polite, "epoll_wait, epoll_pwait, epoll_pwait2",
        "the timeout is not 0",
        "epoll_wait(2), timeout: the blocking interval may overrun",
        "the thread sleeps before the call, at most 20 ms: what arrives meanwhile is merged by the kernel";
    /// accept fails with ECONNABORTED.
    AcceptAborted: "accept-aborted", Polite, "accept, accept4",
        "a registered listener with a connection that waits",
        "accept(2), ERRORS: ECONNABORTED",
        "the kernel is not asked: the connection behind it stays in the queue";
    /// accept fails with EAGAIN after a delivery.
    AcceptAgain: "accept-again", Polite, "accept, accept4",
        "a registered listener with O_NONBLOCK and a connection that waits; not where EPOLLET comes with EPOLLEXCLUSIVE",
        "accept(2), NOTES: the connection may have been removed",
        "the kernel is not asked; an edge-triggered registration is armed again, as if the connection came now";
    /// An edge is delivered a second time.
    EdgeRepeated: "edge-repeated", Polite, "epoll_wait, epoll_pwait, epoll_pwait2",
        "an edge-triggered registration of the epoll that is neither EPOLLONESHOT nor EPOLLEXCLUSIVE",
        "epoll(7), Triggering: more than one event may be generated upon several chunks of data",
        "EPOLL_CTL_MOD with its own events and data before the wait: the kernel delivers it if it is ready";
    /// A read fails with EAGAIN after a delivery.
    ReadAgain: "read-again", Rough, "read, readv, recv, recvfrom, recvmsg, splice",
        "a registered stream socket with O_NONBLOCK; poll says neither RDHUP, HUP nor ERR, no end was read, FIONREAD was not asked; once at each byte; not where EPOLLET comes with EPOLLEXCLUSIVE",
        "select(2), BUGS: a descriptor may be reported ready and block nevertheless",
        "the kernel is not asked; an edge-triggered registration is armed again";
    /// A write fails with EAGAIN after EPOLLOUT.
    WriteAgain: "write-again", Rough, "write, writev, send, sendto, sendmsg, sendfile, splice",
        "a registered stream socket with O_NONBLOCK; poll says neither HUP nor ERR; once at each byte; not where EPOLLET comes with EPOLLEXCLUSIVE",
        "send(2), ERRORS: EAGAIN; net/ipv4/tcp.c, tcp_sendmsg_locked waits for memory too",
        "the kernel is not asked; an edge-triggered registration is armed again, so that room is told";
    /// connect of AF_UNIX fails with EAGAIN.
    ConnectAgain: "connect-again", Rough, "connect",
        "a socket of AF_UNIX with O_NONBLOCK; once each",
        "connect(2), ERRORS: EAGAIN",
        "the kernel is not asked: the program has to call again";
    /// An event that is not true: what is read then is EAGAIN.
    DeliverySpurious: "delivery-spurious", Rough, "epoll_wait, epoll_pwait, epoll_pwait2",
        "a registration for EPOLLIN of a socket with O_NONBLOCK on which nothing is ready, neither EPOLLONESHOT nor EPOLLEXCLUSIVE; room in the batch",
        "select(2), BUGS: a descriptor may be reported ready and block nevertheless",
        "the event is put behind those that were delivered; the kernel says EAGAIN to the read by itself";
    /// A read that would block is interrupted.
    ReadInterrupted: "read-interrupted", Rough, "read, readv, recv, recvfrom, recvmsg",
        "a registered socket or pipe without O_NONBLOCK on which nothing is ready; and a handler without SA_RESTART of SIGWINCH, SIGURG, SIGCONT or SIGCHLD (that without SA_NOCLDSTOP), or a timeout of the socket (SO_RCVTIMEO); once at each byte",
        "signal(7), Interruption of system calls by signal handlers, and by stop signals",
        "the signal is sent to the thread, so that its handler runs; the kernel is not asked. With a timeout: as after SIGSTOP and SIGCONT";
    /// A write that would block is interrupted.
    WriteInterrupted: "write-interrupted", Rough, "write, writev, send, sendto, sendmsg",
        "as of read-interrupted, where no room is ready; the timeout is SO_SNDTIMEO; once at each byte",
        "signal(7), Interruption of system calls by signal handlers, and by stop signals",
        "as of read-interrupted";
    /// An accept that would block is interrupted.
    AcceptInterrupted: "accept-interrupted", Rough, "accept, accept4",
        "a registered listener without O_NONBLOCK on which no connection waits; else as of read-interrupted",
        "signal(7), Interruption of system calls by signal handlers, and by stop signals",
        "as of read-interrupted";
    /// A connect that blocks is interrupted, and goes on.
    ConnectInterrupted: "connect-interrupted", Rough, "connect",
        "a TCP socket without O_NONBLOCK, and a handler or a timeout as of write-interrupted; once each",
        "connect(2), ERRORS: EINTR; signal(7), Interruption of system calls by signal handlers",
        "O_NONBLOCK is set for the call alone, so that the connection goes on; then the signal is sent to the thread";
    /// accept fails with EPROTO, and the connection is lost.
    AcceptLost: "accept-lost", Brutal, "accept, accept4",
        "a registered listener with a connection that waits",
        "accept(2), RETURN VALUE: pending network errors of the new socket, such as EPROTO",
        "the connection is accepted and closed: it is lost";
    /// accept finds no memory.
    AcceptExhausted: "accept-exhausted", Brutal, "accept, accept4",
        "a registered listener with a connection that waits; in a row of 1 to 20",
        "accept(2), ERRORS: ENFILE, ENOBUFS, ENOMEM",
        "told, for no program can ask: the connection stays in the queue";
    /// No descriptor is left.
    DescriptorsExhausted: "descriptors-exhausted", Brutal, "accept, accept4; then all that make a descriptor, for a while",
        "a registered listener with a connection that waits; no descriptor above the first free number; a process that has not reached its limit by itself, and starts no other by posix_spawn, system or popen",
        "getrlimit(2), RLIMIT_NOFILE; accept(2), ERRORS: EMFILE",
        "RLIMIT_NOFILE is lowered to the first free number, for 10 to 1,280 ms, so that each call agrees and a close makes room; before fork and exec it is what it was";
    /// A connect is refused.
    ConnectRefused: "connect-refused", Brutal, "connect",
        "a TCP socket, not bound to an address",
        "connect(2), ERRORS: ECONNREFUSED",
        "the kernel is asked for port 0 of the own machine, where nobody can listen: EPOLLERR, EPOLLHUP and SO_ERROR agree";
    /// EPOLL_CTL_ADD fails with ENOSPC.
    AddRefused: "add-refused", Brutal, "epoll_ctl",
        "EPOLL_CTL_ADD",
        "epoll_ctl(2), ERRORS: ENOSPC",
        "the kernel is not asked: nothing is registered";
    /// The other end is gone.
    PeerVanished: "peer-vanished", Brutal, "read, readv, recv, recvfrom, recvmsg, splice",
        "a registered stream socket",
        "any network; shutdown(2)",
        "shutdown(SHUT_RDWR) for real: EPOLLRDHUP, EPOLLHUP, 0 and EPIPE all agree";
}

impl Fault {
    /// As options, replay files and reports have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// From which level on it is made.
    #[must_use]
    pub const fn level(self) -> Level {
        self.row().level
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }

    /// The one of this number.
    #[must_use]
    pub fn of_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// As a bit of [`Faults`].
    #[must_use]
    pub const fn bit(self) -> u32 {
        1 << self as u8
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults(pub u32);

const _: () = assert!(Fault::ALL.len() <= 32);

impl Faults {
    /// Those of a level and the milder ones.
    #[must_use]
    pub fn of(level: Level) -> Self {
        Fault::ALL.into_iter().filter(|fault| fault.level() <= level).collect()
    }

    /// Whether a fault is one of them.
    #[must_use]
    pub const fn has(self, fault: Fault) -> bool {
        self.0 & fault.bit() != 0
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Fault> {
        Fault::ALL.into_iter().filter(move |&fault| self.has(fault))
    }
}

impl FromIterator<Fault> for Faults {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Self {
        Self(faults.into_iter().fold(0, |bits, fault| bits | fault.bit()))
    }
}
