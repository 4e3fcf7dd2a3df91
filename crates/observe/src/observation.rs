//! What a front-end observes: one type for all of them, live or replayed.
//!
//! An observation says when, in which process and thread, from which call site, and what. It says what
//! the program did and how the call ended, never what follows from it: that is the model's business. Its
//! text (`text.rs`) is the language of traces, its binary form (`binary.rs`) that of record files.
//!
//! The same type carries what a replay needs beside the calls: when the observer looked for what is due,
//! what the kernel answered it then, and where a call site lies in the program's files.
//!
//! `calls.rs` has what calls and waits come to.
//!
//! Surprising: `Got` may borrow its deliveries, so that a live front-end allocates nothing to hand
//! them in.

use crate::answer::{Answer, Frame};
use crate::calls::{Call, Delivery, EmptyWait, Ended};
use crate::ctl::{AtFailure, Ctl};
use crate::descriptors::Kind;
use crate::terms::{Fd, Nanos, Pid, Site, Tid};
use std::borrow::Cow;

/// One observation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation<'a> {
    /// When it was made: for a call, when it ended.
    pub at: Nanos,
    /// The process; 0: the only one.
    pub pid: Pid,
    /// The thread; 0: none.
    pub tid: Tid,
    /// The call site; 0: none.
    pub site: Site,
    /// What was observed.
    pub what: What<'a>,
}

/// What was observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What<'a> {
    /// An epoll was made.
    Create {
        /// Its descriptor.
        epfd: Fd,
    },
    /// A descriptor is open on this kind of file. It may have been opened long ago.
    Open {
        /// The descriptor.
        fd: Fd,
        /// What it is open on.
        kind: Kind,
        /// `O_NONBLOCK` is off.
        may_block: bool,
    },
    /// `epoll_ctl` is about to be called. [`What::Ctl`] follows, also if the call fails.
    CtlBegins {
        /// The operation: [`ADD`](crate::ADD) or [`MOD`](crate::MOD).
        op: i32,
        /// The epoll's descriptor.
        epfd: Fd,
        /// The descriptor.
        fd: Fd,
    },
    /// `epoll_ctl` returned. See [`Observation::ctl`].
    Ctl {
        /// The operation.
        op: i32,
        /// The epoll's descriptor.
        epfd: Fd,
        /// The descriptor.
        fd: Fd,
        /// The interest; 0 where the call had no event that could be read.
        events: u32,
        /// The data; likewise.
        data: u64,
        /// The four bytes behind the interest, where the layout has padding there.
        padding: Option<u32>,
        /// 0, or why it failed.
        errno: i32,
        /// What was the case when it failed. `None`: the observer did not look.
        at: Option<AtFailure>,
    },
    /// A wait is about to be made.
    Wait {
        /// The epoll's descriptor.
        epfd: Fd,
        /// Nanoseconds; -1: none. The kernel takes every other negative one for none too.
        timeout: i64,
    },
    /// The thread's wait returned with these deliveries; none: it ran out.
    Got {
        /// In the kernel's order.
        deliveries: Cow<'a, [Delivery]>,
    },
    /// The thread looked again and again without a pause: waits with a timeout of 0 that returned nothing, all from the
    /// observation's call site. Its time is when the first of them began. Only recordings have it:
    /// [`Observation::each_wait`] has the waits.
    EmptyWaits {
        /// The epoll's descriptor.
        epfd: Fd,
        /// In their order.
        waits: Cow<'a, [EmptyWait]>,
    },
    /// The thread's wait failed.
    WaitFailed {
        /// Why.
        errno: i32,
        /// What was the case then. `None`: the observer did not look.
        at: Option<AtFailure>,
    },
    /// A read or a receive ended.
    Read {
        /// The descriptor.
        fd: Fd,
        /// How.
        ended: Ended,
    },
    /// A write or a send ended.
    Write {
        /// The descriptor.
        fd: Fd,
        /// How.
        ended: Ended,
    },
    /// A call that may have taken or given anything ended: an ioctl, a read of what lies beside the data.
    Touch {
        /// The descriptor.
        fd: Fd,
    },
    /// `accept` ended.
    Accept {
        /// The listener.
        fd: Fd,
        /// The connection's descriptor, or the errno.
        accepted: Result<Fd, i32>,
    },
    /// `connect` ended.
    Connect {
        /// The socket.
        fd: Fd,
        /// 0, or the errno.
        errno: i32,
    },
    /// The error of a socket was asked for, and taken: `SO_ERROR`.
    ErrorTaken {
        /// The socket.
        fd: Fd,
    },
    /// A write failed because the socket is not connected: `ENOTCONN`, or `ECONNREFUSED`.
    Unconnected {
        /// The socket.
        fd: Fd,
        /// Which of them.
        errno: i32,
    },
    /// The thread waits for this in poll(2) or select(2).
    Poll {
        /// The descriptor.
        fd: Fd,
        /// What it waits for.
        events: u32,
    },
    /// The thread waits for it no longer.
    Polled {
        /// The descriptor.
        fd: Fd,
        /// What was ready; 0: nothing.
        ready: u32,
    },
    /// `shutdown` for writing.
    Shutdown {
        /// The socket.
        fd: Fd,
    },
    /// A descriptor is about to be closed.
    Close {
        /// The descriptor.
        fd: Fd,
        /// The bytes that are lost with it: unread, after a hang-up was delivered. `None`: the observer did not look.
        unread: Option<u64>,
    },
    /// A descriptor was duplicated.
    Dup {
        /// The descriptor.
        from: Fd,
        /// Its copy.
        to: Fd,
    },
    /// The thread blocks in a call, or has blocked.
    Blocked {
        /// The descriptor.
        fd: Fd,
        /// The call.
        call: Call,
        /// How long.
        nanos: Nanos,
        /// The call has returned.
        is_over: bool,
    },
    /// A write was short or found no room, and none was before: who keeps the descriptors says so.
    Unwritten {
        /// The descriptor.
        fd: Fd,
    },
    /// The thread has read bytes of a stream whose reads are told: who keeps the descriptors says so.
    Took {
        /// The descriptor.
        fd: Fd,
    },
    /// A call on a descriptor that its thread has closed since the same wait delivered it, and did nothing with before:
    /// who keeps the descriptors says so, of what `EBADF` was returned, and of input for which `EAGAIN` was.
    StaleUse {
        /// The descriptor.
        fd: Fd,
        /// Which of them.
        errno: i32,
    },
    /// A registered stream is about to be closed that is left open in programs that the process executes, of which it
    /// has started some.
    ClosedInheritable {
        /// The descriptor.
        fd: Fd,
        /// The socket.
        inode: u64,
    },
    /// The thread called for input or output again, and got `EAGAIN`; the descriptor has had [`FUTILE`](crate::FUTILE) calls more than
    /// when this was said last.
    Futile {
        /// The descriptor.
        fd: Fd,
        /// How many calls had moved something by then, modulo 2^16.
        moved: u32,
    },
    /// A datagram socket is about to be closed whose last receive returned 0: an empty datagram.
    ClosedEmpty {
        /// The descriptor.
        fd: Fd,
    },
    /// A write that `SIGPIPE` may follow, by which the process would end, is about to be made.
    Unguarded {
        /// The descriptor.
        fd: Fd,
        /// Which of `EPOLLERR` and `EPOLLHUP` poll(2) says of it.
        ready: u32,
    },
    /// The thread did not wait for this long, while something was ready.
    Stalled {
        /// The epoll's descriptor.
        epfd: Fd,
        /// For so long.
        nanos: Nanos,
        /// The system call that it slept in; empty: it computed.
        call: String,
        /// It is about to wait again, or has ended; false: it did not wait yet when this was seen.
        is_over: bool,
        /// It sleeps in a write to this end of a pipe, which is full; -1: it does not, or it is not known.
        write_end: Fd,
        /// The other end, which the same epoll watches, and which only this thread could read.
        read_end: Fd,
    },
    /// Another process keeps the descriptor's file open.
    Hold {
        /// The descriptor.
        fd: Fd,
    },
    /// It keeps it open no longer.
    LetGo {
        /// The descriptor.
        fd: Fd,
    },
    /// This process is the child of a fork, from here on.
    Fork {
        /// The process that it is a copy of; 0: the one observed so far.
        parent: Pid,
    },
    /// The process is about to execute another program. It goes on where that fails.
    Exec,
    /// A process of its family changed the same epoll since a fork.
    Shared {
        /// The epoll's descriptor.
        epfd: Fd,
        /// The other process.
        other: Pid,
    },
    /// The thread ended, or its wait was cancelled.
    ThreadEnds,
    /// The process ends itself: what is left is settled.
    Finish,
    /// A signal ended the process.
    Died {
        /// The signal.
        signal: i32,
    },
    /// What the process did here was not recorded: what was known of it is not known any more.
    Dropped {
        /// How many records.
        records: u64,
    },
    /// Nothing; but the time has passed.
    Nothing,
    /// A recording of the process begins, of which nothing is known: its observer says when it looks for what
    /// is due.
    Start {
        /// Nanoseconds from 1970 to the observation's time.
        epoch: u64,
    },
    /// The observer looks for what is due. What the kernel answers about it follows, and [`What::Looked`].
    Look,
    /// The observer has asked all that it wanted to know.
    Looked,
    /// The kernel answered a question.
    Kernel(Answer),
    /// Where the observation's call site lies. A later one of the same site knows it better.
    Place {
        /// The innermost first.
        frames: Vec<Frame>,
    },
    /// The descriptor that the observation's call site is about belongs to other code: an event loop made the call, later.
    Belongs {
        /// The descriptor.
        fd: Fd,
        /// Where the user's own code asked for it, the innermost first.
        frames: Vec<Frame>,
    },
    /// The observation's call site is these calls, named by the addresses that they return to.
    Callers {
        /// The innermost first.
        addresses: Vec<u64>,
    },
    /// Code of a module is mapped here.
    Mapped {
        /// The path of the program or library.
        module: String,
        /// What is added to the addresses in its tables.
        base: u64,
        /// The first address of the code.
        start: u64,
        /// The first that is not of it any more.
        end: u64,
    },
}

impl Observation<'_> {
    /// The begin and the end of each wait, if this is [`What::EmptyWaits`], in the order of their times.
    pub fn each_wait(&self) -> impl Iterator<Item = Observation<'static>> + use<'_> {
        let (epfd, waits) = match &self.what {
            What::EmptyWaits { epfd, waits } => (*epfd, &waits[..]),
            _ => (-1, &[][..]),
        };
        let Self { mut at, pid, tid, site, .. } = *self;
        waits.iter().flat_map(move |wait| {
            let begin = at.saturating_add(wait.after.into());
            at = begin.saturating_add(wait.took.into());
            let what = What::Wait { epfd, timeout: 0 };
            let begins = Observation { at: begin, pid, tid, site, what };
            let what = What::Got { deliveries: Cow::Borrowed(&[]) };
            [begins, Observation { at, pid, tid, site: Site(0), what }]
        })
    }

    /// `epoll_ctl` as it was called, if that is what was observed.
    #[must_use]
    pub const fn ctl(&self) -> Option<Ctl> {
        match self.what {
            What::Ctl { op, epfd, fd, events, data, padding, .. } => {
                Some(Ctl { epfd, op, fd, events, data, padding, site: self.site })
            }
            _ => None,
        }
    }
}
