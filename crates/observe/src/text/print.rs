//! An observation as a line of a trace: what `parse.rs` reads, nothing left out.

use super::names::{Events, OPERATIONS, Time, name_of_kind};
use super::words::Text;
use crate::answer::{Answer, Frame, Interpreted, Symbol};
use crate::calls::Ended;
use crate::ctl::AtFailure;
use crate::errno;
use crate::observation::{Observation, What};
use std::fmt::{self, Display, Formatter};

impl Display for Observation<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Time(self.at))?;
        if self.pid != 0 {
            write!(f, " p{}", self.pid)?;
        }
        if self.tid != 0 {
            write!(f, " t{}", self.tid)?;
        }
        write!(f, " {} @{:#x}", self.what, self.site.0)
    }
}

impl Display for What<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { epfd } => write!(f, "create {epfd}"),
            Self::Open { fd, kind, may_block } => {
                let blocking = if *may_block { " blocking" } else { "" };
                write!(f, "open {fd} {}{blocking}", name_of_kind(*kind))
            }
            Self::CtlBegins { op, epfd, fd } => write!(f, "begin {} {epfd} {fd}", Operation(*op)),
            Self::Ctl { op, epfd, fd, events, data, padding, errno, at } => {
                write!(f, "{} {epfd} {fd} {} data={data:#x}", Operation(*op), Events(*events))?;
                if let Some(padding) = padding {
                    write!(f, " padding={padding:#x}")?;
                }
                if *errno == 0 { Ok(()) } else { write!(f, " {}{}", Errno(*errno), At(*at)) }
            }
            Self::Wait { epfd, timeout } => match u64::try_from(*timeout) {
                Ok(timeout) => write!(f, "wait {epfd} timeout={}", Time(timeout)),
                Err(_) if *timeout == -1 => write!(f, "wait {epfd}"),
                Err(_) => write!(f, "wait {epfd} timeout=-{}", Time(timeout.unsigned_abs())),
            },
            Self::Got { deliveries } if deliveries.is_empty() => f.write_str("got nothing"),
            Self::Got { deliveries } => {
                f.write_str("got")?;
                let mut each = deliveries.iter();
                each.try_for_each(|one| write!(f, " {:#x}:{}", one.data, Events(one.events)))
            }
            Self::EmptyWaits { epfd, waits } => {
                write!(f, "empty-waits {epfd}")?;
                let mut each = waits.iter();
                each.try_for_each(|one| write!(f, " {}+{}", one.after, one.took))
            }
            Self::WaitFailed { errno, at } => write!(f, "got {}{}", Errno(*errno), At(*at)),
            Self::Read { fd, ended } => write!(f, "read {fd} {ended}"),
            Self::Write { fd, ended } => write!(f, "write {fd} {ended}"),
            Self::Touch { fd } => write!(f, "touch {fd}"),
            Self::Accept { fd, accepted: Ok(new) } => write!(f, "accept {fd} {new}"),
            Self::Accept { fd, accepted: Err(errno) } => write!(f, "accept {fd} {}", Errno(*errno)),
            Self::Connect { fd, errno: 0 } => write!(f, "connect {fd} 0"),
            Self::Connect { fd, errno } => write!(f, "connect {fd} {}", Errno(*errno)),
            Self::ErrorTaken { fd } => write!(f, "error-taken {fd}"),
            Self::Unconnected { fd, errno } => write!(f, "unconnected {fd} {}", Errno(*errno)),
            Self::Poll { fd, events } => write!(f, "poll {fd} {}", Events(*events)),
            Self::Polled { fd, ready } => write!(f, "polled {fd} {}", Events(*ready)),
            Self::Shutdown { fd } => write!(f, "shutdown {fd}"),
            Self::Close { fd, unread: None } => write!(f, "close {fd}"),
            Self::Close { fd, unread: Some(bytes) } => write!(f, "close {fd} unread={bytes}"),
            Self::Dup { from, to } => write!(f, "dup {from} {to}"),
            Self::Blocked { fd, call, nanos, is_over } => {
                let verb = if *is_over { "blocked" } else { "blocks" };
                write!(f, "{verb} {fd} {} {}", call.name(), Time(*nanos))
            }
            Self::Unwritten { fd } => write!(f, "unwritten {fd}"),
            Self::Took { fd } => write!(f, "took {fd}"),
            Self::StaleUse { fd, errno } => write!(f, "stale-use {fd} {}", Errno(*errno)),
            Self::ClosedInheritable { fd, inode } => write!(f, "closed-inheritable {fd} {inode}"),
            Self::Futile { fd, moved } => write!(f, "futile {fd} {moved}"),
            Self::ClosedEmpty { fd } => write!(f, "closed-empty {fd}"),
            Self::Unguarded { fd, ready } => write!(f, "unguarded {fd} {}", Events(*ready)),
            Self::Stalled { epfd, nanos, call, is_over, write_end, read_end } => {
                write!(f, "stalled {epfd} {} {}", Time(*nanos), Text(call))?;
                if !is_over {
                    f.write_str(" still")?;
                }
                if (*write_end, *read_end) == (-1, -1) {
                    return Ok(());
                }
                write!(f, " {write_end} {read_end}")
            }
            Self::Hold { fd } => write!(f, "hold {fd}"),
            Self::LetGo { fd } => write!(f, "let-go {fd}"),
            Self::Fork { parent: 0 } => f.write_str("fork"),
            Self::Fork { parent } => write!(f, "fork {parent}"),
            Self::Exec => f.write_str("exec"),
            Self::Shared { epfd, other } => write!(f, "shared {epfd} {other}"),
            Self::ThreadEnds => f.write_str("exit"),
            Self::Finish => f.write_str("finish"),
            Self::Died { signal } => write!(f, "died {signal}"),
            Self::Dropped { records } => write!(f, "dropped {records}"),
            Self::Nothing => f.write_str("end"),
            Self::Start { epoch } => write!(f, "start {epoch}"),
            Self::Look => f.write_str("look"),
            Self::Looked => f.write_str("looked"),
            Self::Kernel(answer) => write!(f, "kernel {answer}"),
            Self::Place { frames } => {
                f.write_str("at")?;
                joined(f, frames, ", ")
            }
            Self::Belongs { fd, frames } => {
                write!(f, "belongs {fd}")?;
                joined(f, frames, ", ")
            }
            Self::Callers { addresses } => {
                f.write_str("callers")?;
                joined(f, addresses, " ")
            }
            Self::Mapped { module, base, start, end } => {
                write!(f, "mapped {} {base:#x} {start:#x} {end:#x}", Text(module))
            }
        }
    }
}

impl Display for Answer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let no = |is: bool| if is { "" } else { " no" };
        match self {
            Self::Poll { fd, ready: Some(ready) } => write!(f, "poll {fd} {}", Events(*ready)),
            Self::Poll { fd, ready: None } => write!(f, "poll {fd} closed"),
            Self::Fdinfo { epfd, listed: None } => write!(f, "fdinfo {epfd}: unreadable"),
            Self::Fdinfo { epfd, listed: Some(listed) } => {
                write!(f, "fdinfo {epfd}:")?;
                let mut comma = "";
                for one in listed {
                    let (inode, device) = one.file;
                    write!(f, "{comma} {} {} data={:#x}", one.fd, Events(one.events), one.data)?;
                    write!(f, " file={inode}:{device}")?;
                    comma = ",";
                }
                Ok(())
            }
            Self::Unread { fd, bytes: Some(bytes) } => write!(f, "unread {fd} {bytes}"),
            Self::Unread { fd, bytes: None } => write!(f, "unread {fd} unknown"),
            Self::Traffic { fd, traffic } => write!(f, "traffic {fd} {traffic}"),
            Self::File { fd, file: Some((inode, device)) } => {
                write!(f, "file {fd} {inode}:{device}")
            }
            Self::File { fd, file: None } => write!(f, "file {fd} closed"),
            Self::Keeper { epfd, fd, keeper: Some(keeper) } => {
                write!(f, "keeper {epfd} {fd} {keeper}")
            }
            Self::Keeper { epfd, fd, keeper: None } => write!(f, "keeper {epfd} {fd} none"),
            Self::BothEnds { fd, has } => write!(f, "both-ends {fd}{}", no(*has)),
            Self::Alive { tid, is: true } => write!(f, "alive {tid}"),
            Self::Alive { tid, is: false } => write!(f, "dead {tid}"),
            Self::OnItsWay { tid, is } => write!(f, "on-its-way {tid}{}", no(*is)),
            Self::WasClosed { fd, was } => write!(f, "was-closed {fd}{}", no(*was)),
            Self::ProcessorTime { tid, nanos: Some(nanos) } => {
                write!(f, "processor-time {tid} {}", Time(*nanos))
            }
            Self::ProcessorTime { tid, nanos: None } => write!(f, "processor-time {tid} unknown"),
            Self::Deaf { fd, thread: Some((tid, signals)) } => {
                write!(f, "deaf {fd} {tid}:{signals:#x}")
            }
            Self::Deaf { fd, thread: None } => write!(f, "deaf {fd} none"),
            Self::Holder { inode, holder: Some((pid, fd)) } => {
                write!(f, "holder {inode} {pid}:{fd}")
            }
            Self::Holder { inode, holder: None } => write!(f, "holder {inode} none"),
            Self::Epfd { epfd, is_epoll } => write!(f, "epfd {epfd} {}", state(*is_epoll)),
        }
    }
}

impl Display for Frame {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:#x}", Text(&self.module), self.offset)?;
        if let Some(Interpreted { language, is_users }) = self.interpreted {
            write!(f, "/{}{}", language.name(), if is_users { "/user" } else { "" })?;
        }
        let mut each = self.symbols.iter();
        each.try_for_each(|Symbol { function, file, line }| {
            write!(f, " {} {}:{line}", Text(function), Text(file))
        })
    }
}

/// Things, and what stands between two.
fn joined<T: Display>(f: &mut Formatter<'_>, all: &[T], between: &str) -> fmt::Result {
    for (place, one) in all.iter().enumerate() {
        write!(f, "{}{one}", if place == 0 { " " } else { between })?;
    }
    Ok(())
}

impl Display for Ended {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Moved { bytes, asked } => write!(f, "{bytes}/{asked}"),
            Self::Failed(errno) => write!(f, "{}", Errno(*errno)),
        }
    }
}

struct Errno(i32);

impl Display for Errno {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match errno::name(self.0) {
            Some(name) => f.write_str(name),
            None => write!(f, "E{}", self.0),
        }
    }
}

/// What was the case when a call failed.
struct At(Option<AtFailure>);

impl Display for At {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(at) = self.0 else { return Ok(()) };
        let fd = if at.fd_is_open { "open" } else { "closed" };
        write!(f, " at={},{fd}", state(at.epfd))?;
        at.unread.map_or(Ok(()), |unread| write!(f, ",{unread}"))
    }
}

fn state(is_epoll: Option<bool>) -> &'static str {
    match is_epoll {
        None => "closed",
        Some(false) => "foreign",
        Some(true) => "epoll",
    }
}

struct Operation(i32);

impl Display for Operation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match OPERATIONS.into_iter().find(|&(_, op)| op == self.0) {
            Some((name, _)) => f.write_str(name),
            None => write!(f, "op={}", self.0),
        }
    }
}
