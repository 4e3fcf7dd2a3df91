//! What a record means to the model: a record in, observations out. Pure.
//!
//! Only ends of calls are recorded. A wait is told as begun and ended at once, unless its thread was seen in it before
//! (`Watched::look_for_waits`); so is poll(2).
//!
//! Surprising: what cannot be known is told so that less follows from it. Of a vector too long to be read, a read is
//! taken to have been short, which drains, and a write to have been whole.

use crate::number;
use crate::record::Record;
use epshim_observe::{ADD, AtFailure, Ended, Fd, Pid, What, bits, errno};
use std::borrow::Cow;

/// recv(2): what is looked at stays; what is read does not lie among the data.
const PEEK: i32 = 2;
const ERROR_QUEUE: i32 = 0x2000;
/// getsockopt(2): SOL_SOCKET, SO_ERROR.
const ERROR_OF_SOCKET: (i32, i32) = (1, 4);
/// fcntl(2): F_DUPFD and F_DUPFD_CLOEXEC.
const COPIES: [i32; 2] = [0, 1030];

/// What a record means beside what it tells the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// These were observed, in this order.
    Observed(Vec<What<'static>>),
    /// A wait has ended: its epoll, its timeout in nanoseconds, and how.
    Waited {
        /// The epoll's descriptor.
        epfd: Fd,
        /// -1: none.
        timeout: i64,
        /// [`What::Got`] or [`What::WaitFailed`].
        ended: What<'static>,
    },
    /// All descriptors from one to another were closed.
    ClosedRange(Fd, Fd),
    /// The process executes another program.
    Executed,
}

/// What a record means. `None`: nothing to the model.
#[must_use]
pub fn meaning(record: &Record) -> Option<Meaning> {
    if record.is_restarted() && !is_wait(record.number) {
        return None;
    }
    let fd = record.int(0);
    let observed = |what| Some(Meaning::Observed(vec![what]));
    match record.number {
        number::EPOLL_WAIT | number::EPOLL_PWAIT | number::EPOLL_PWAIT2 => Some(waited(record)),
        number::EPOLL_CTL => observed(ctl(record)),
        number::EPOLL_CREATE | number::EPOLL_CREATE1 => {
            let epfd = descriptor(record)?;
            observed(What::Create { epfd })
        }
        number::READ | number::READV | number::RECVMSG => observed(read(record)),
        number::RECVFROM if record.int(3) & (PEEK | ERROR_QUEUE) == 0 => observed(read(record)),
        number::RECVFROM | number::RECVMMSG | number::SENDMMSG | number::IOCTL => {
            observed(What::Touch { fd })
        }
        number::WRITE | number::WRITEV | number::SENDTO | number::SENDMSG => {
            observed(What::Write { fd, ended: ended(record, false) })
        }
        number::SENDFILE => Some(Meaning::Observed(sent(record))),
        number::SPLICE => {
            let to = record.int(2);
            Some(Meaning::Observed(vec![What::Touch { fd }, What::Touch { fd: to }]))
        }
        number::ACCEPT | number::ACCEPT4 => observed(accepted(record)?),
        number::CONNECT => observed(What::Connect { fd, errno: record.errno().unwrap_or(0) }),
        number::GETSOCKOPT => {
            let is_error = (record.int(1), record.int(2)) == ERROR_OF_SOCKET;
            if is_error { observed(What::ErrorTaken { fd }) } else { None }
        }
        number::SHUTDOWN => {
            let is_for_writing = matches!(record.int(1), 1 | 2) && record.result == 0;
            if is_for_writing { observed(What::Shutdown { fd }) } else { None }
        }
        number::CLOSE if record.errno() == Some(errno::EBADF) => None,
        number::CLOSE => observed(What::Close { fd, unread: None }),
        number::CLOSE_RANGE => closed_range(record),
        number::DUP | number::DUP2 | number::DUP3 => duplicated(record),
        number::FCNTL if COPIES.contains(&record.int(1)) => duplicated(record),
        number::POLL | number::PPOLL => Some(Meaning::Observed(polled(record))),
        number::EXECVE | number::EXECVEAT if record.result == 0 => Some(Meaning::Executed),
        _ => None,
    }
}

/// The process that a record says was made.
#[must_use]
pub fn forked(record: &Record) -> Option<Pid> {
    if record.number == number::FORKED { Pid::try_from(record.result).ok() } else { None }
}

/// Whether a record says that its process ends.
#[must_use]
pub const fn is_exit(record: &Record) -> bool {
    record.number == number::EXITED
}

/// Whether a number is of one of the waits.
#[must_use]
pub const fn is_wait(number: u32) -> bool {
    matches!(number, number::EPOLL_WAIT | number::EPOLL_PWAIT | number::EPOLL_PWAIT2)
}

/// Whether a number is of a call on an epoll, or of one that makes one.
#[must_use]
pub const fn is_of_epoll(number: u32) -> bool {
    is_wait(number) || makes_epoll(number) || is_ctl(number)
}

/// Whether a number is of a call that makes an epoll.
#[must_use]
pub const fn makes_epoll(number: u32) -> bool {
    matches!(number, number::EPOLL_CREATE | number::EPOLL_CREATE1)
}

/// Whether a number is of a call after which a process has other epolls, or other registrations.
#[must_use]
pub const fn is_of_family(number: u32) -> bool {
    is_of_epoll(number) && !is_wait(number)
        || matches!(
            number,
            number::CLOSE
                | number::CLOSE_RANGE
                | number::DUP
                | number::DUP2
                | number::DUP3
                | number::FCNTL
                | number::EXECVE
                | number::EXECVEAT
        )
}

/// Whether a number is of a call that makes changes, and has much of its stack in its record.
#[must_use]
pub const fn is_ctl(number: u32) -> bool {
    number == number::EPOLL_CTL
}

/// The timeout of a wait in nanoseconds, by its number and arguments; -1: none. That of epoll_pwait2 lies in memory.
#[must_use]
pub fn timeout(number: u32, arguments: &[u64; 6], read: u64) -> i64 {
    if number == number::EPOLL_PWAIT2 {
        return i64::try_from(read).unwrap_or(-1);
    }
    match arguments[3] as i32 {
        -1 => -1,
        // Below -1 it is told as it is: the rule `bad-timeout` is about that.
        milliseconds => i64::from(milliseconds).saturating_mul(1_000_000),
    }
}

fn waited(record: &Record) -> Meaning {
    let timeout = timeout(record.number, &record.arguments, record.value);
    let errno = if record.is_restarted() { Some(errno::EINTR) } else { record.errno() };
    let ended = match errno {
        Some(errno) => What::WaitFailed { errno, at: None },
        None => What::Got { deliveries: Cow::Owned(record.deliveries()) },
    };
    Meaning::Waited { epfd: record.int(0), timeout, ended }
}

fn ctl(record: &Record) -> What<'static> {
    let event = record.event().unwrap_or_default();
    let (epfd, op, fd) = (record.int(0), record.int(1), record.int(2));
    let errno = record.errno().unwrap_or(0);
    let (events, data) = (event.events, event.data);
    What::Ctl { op, epfd, fd, events, data, padding: None, errno, at: None }
}

/// A failed epoll_ctl or wait, with what was the case then.
#[must_use]
pub fn with_failure(what: What<'static>, found: AtFailure) -> What<'static> {
    let at = Some(found);
    match what {
        What::Ctl { op, epfd, fd, events, data, padding, errno, .. } => {
            What::Ctl { op, epfd, fd, events, data, padding, errno, at }
        }
        What::WaitFailed { errno, .. } => What::WaitFailed { errno, at },
        other => other,
    }
}

/// Whether it is an `EPOLL_CTL_ADD` that succeeded, and of which descriptor.
#[must_use]
pub const fn added(what: &What<'_>) -> Option<Fd> {
    match what {
        What::Ctl { op: ADD, fd, errno: 0, .. } => Some(*fd),
        _ => None,
    }
}

fn read(record: &Record) -> What<'static> {
    What::Read { fd: record.int(0), ended: ended(record, true) }
}

fn ended(record: &Record, is_input: bool) -> Ended {
    if let Some(errno) = record.errno() {
        return Ended::Failed(errno);
    }
    let bytes = record.result.unsigned_abs();
    let is_vector =
        matches!(record.number, number::READV | number::WRITEV | number::RECVMSG | number::SENDMSG);
    let asked = match (is_vector, record.value) {
        (false, _) => record.arguments[2],
        (true, u64::MAX) if is_input => bytes.saturating_add(1),
        (true, u64::MAX) => bytes,
        (true, value) => value,
    };
    Ended::Moved { bytes, asked }
}

/// sendfile may be short at the end of the file: that is no rest.
fn sent(record: &Record) -> Vec<What<'static>> {
    let (to, from) = (record.int(0), record.int(1));
    let ended = match record.errno() {
        Some(errno) => Ended::Failed(errno),
        None => Ended::Moved {
            bytes: record.result.unsigned_abs(),
            asked: record.result.unsigned_abs(),
        },
    };
    vec![What::Touch { fd: from }, What::Write { fd: to, ended }]
}

fn accepted(record: &Record) -> Option<What<'static>> {
    let accepted = match record.errno() {
        Some(errno) => Err(errno),
        None => Ok(descriptor(record)?),
    };
    Some(What::Accept { fd: record.int(0), accepted })
}

/// A descriptor that a call has returned.
fn descriptor(record: &Record) -> Option<Fd> {
    Fd::try_from(record.result).ok().filter(|&fd| fd >= 0)
}

fn duplicated(record: &Record) -> Option<Meaning> {
    let (from, to) = (record.int(0), descriptor(record)?);
    let mut all = Vec::new();
    if from != to {
        // What dup2 was given is closed by it; another number was free.
        all.push(What::Close { fd: to, unread: None });
        all.push(What::Dup { from, to });
    }
    Some(Meaning::Observed(all))
}

fn closed_range(record: &Record) -> Option<Meaning> {
    /// close_range(2): they are closed at an exec only.
    const CLOEXEC: u64 = 4;
    let [first, last, flags, ..] = record.arguments;
    let number = |word: u64| Fd::try_from(word as u32).unwrap_or(Fd::MAX);
    let is_done = record.result == 0 && flags & CLOEXEC == 0;
    is_done.then(|| Meaning::ClosedRange(number(first), number(last)))
}

fn polled(record: &Record) -> Vec<What<'static>> {
    let mut all = Vec::new();
    for (fd, events, ready) in record.polled() {
        let both = bits::IN | bits::OUT;
        if fd >= 0 && events & both != 0 {
            all.push(What::Poll { fd, events });
            all.push(What::Polled { fd, ready });
        }
    }
    all
}
