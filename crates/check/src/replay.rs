//! Replays a trace: a program's calls, one a line, written by hand or attached to a bug report.
//!
//! ```
//! let findings = epshim_check::replay::replay("
//!     0ms    t1 create 3
//!     0ms    t1 add 3 5 IN|ET           # data is the descriptor, unless data=... says otherwise
//!     0ms    t1 wait 3
//!     1ms    t1 got 5:IN                # data and interest of each delivery
//!     1ms    t1 read 5 8/8 @20          # 8 bytes of 8 asked for, called at site 20
//!     2ms    t1 wait 3
//!     2s     end
//! ").expect("a trace");
//! assert_eq!(findings[0].rule, epshim_check::Rule::EdgeNotDrained);
//! ```
//!
//! Each line is `TIME THREAD CALL`. The time (`12.5ms`, `3s`, `250us`, `7ns`) may be left out: it is
//! that of the line before. `@N` at the end is the call site; without it, it is the line's number.
//! Names may be written before values: `add epfd=3 fd=5 IN|ET data=7`.
//!
//! | line | the program |
//! |---|---|
//! | `create EPFD` | made an epoll |
//! | `open FD KIND` | opened a `stream` (what is not opened is one), `listener`, `datagram`, `pipe`, `counter`, `queue` or `unknown` |
//! | `add EPFD FD EVENTS`, `mod EPFD FD EVENTS`, `del EPFD FD` | called `epoll_ctl`; an errno's name at the end: it failed with that. `data=N`, `padding=N` |
//! | `begin add EPFD FD`, `begin mod EPFD FD` | entered `epoll_ctl`; the call itself follows when it returns |
//! | `wait EPFD`, `wait EPFD timeout=5ms` | called `epoll_wait` |
//! | `got DATA:EVENTS ...`, `got nothing`, `got EBADF` | returned from it |
//! | `read FD 3/8`, `read FD EAGAIN`, `write FD 3/8` | read, or wrote |
//! | `accept FD NEW`, `accept FD EMFILE` | accepted |
//! | `poll FD EVENTS`, `polled FD EVENTS` | waits in poll(2) or select(2), for one descriptor; returned from it, with what was ready |
//! | `shutdown FD`, `close FD`, `dup FD NEW` | did so |
//! | `blocked FD CALL 20ms`, `blocks FD CALL 20ms` | was, or is still, blocked in the call for so long |
//! | `hold FD`, `let-go FD` | another process keeps its file open, or no longer |
//! | `fork`, `shared EPFD PID` | is the child of a fork from here on; changed what that process of its family changes too |
//! | `exit`, `end` | ended the thread; nothing, but the time passes |
//!
//! What the kernel says is derived from the trace as far as it can be: the registrations, the
//! files, and that what was delivered is ready until the program drains it. `kernel ...` lines say
//! otherwise: `kernel poll 5 IN`, `kernel poll 5 nothing`, `kernel fdinfo 3: 5 IN|ET data=5 file=1:2,
//! 6 OUT`, `kernel fdinfo 3: unreadable`, `kernel unread 5 100`, `kernel traffic 5 7`, `kernel
//! both-ends 5`, `kernel dead 77`, `kernel on-its-way 1`, `kernel epfd 3 closed` (or `foreign`, for the next failure).

mod kernel;
mod line;

use crate::checker::{ADD, AtFailure, Checker, Ctl, DEL, MOD};
use crate::finding::Finding;
use crate::io::Outcome;
use crate::ports::{Fd, Kernel as _, Kind, Listed, Nanos, Site, Tid, bits};
use kernel::TraceKernel;
use std::fmt;

/// A line that is not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Its number, from 1.
    pub number: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.number, self.reason)
    }
}

impl std::error::Error for BadLine {}

/// One line of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When; `None`: when the line before was.
    pub at: Option<Nanos>,
    /// The thread; 0: none.
    pub tid: Tid,
    /// The call site.
    pub site: Site,
    /// What was observed.
    pub observation: Observation,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the table above says what each means")]
pub enum Observation {
    Create(Fd),
    Open(Fd, Kind),
    Ctl { op: i32, epfd: Fd, fd: Fd, events: u32, data: u64, padding: Option<u32>, errno: i32 },
    Begin { op: i32, epfd: Fd, fd: Fd },
    Wait { epfd: Fd, timeout: i64 },
    Got(Vec<(u32, u64)>),
    WaitFailed(i32),
    Read(Fd, Outcome, i32),
    Write(Fd, Outcome),
    Accept(Fd, Outcome, i32),
    Poll(Fd, u32),
    Polled(Fd, u32),
    Shutdown(Fd),
    Close(Fd),
    Dup(Fd, Fd),
    Blocked { fd: Fd, call: &'static str, nanos: Nanos, is_over: bool },
    Hold(Fd),
    LetGo(Fd),
    Fork,
    Shared { epfd: Fd, other: i32 },
    Exit,
    End,
    Kernel(Answer),
}

/// What the kernel says from here on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as the lines are")]
pub enum Answer {
    Poll(Fd, u32),
    Fdinfo(Fd, Option<Vec<Listed>>),
    Unread(Fd, u64),
    Traffic(Fd, u64),
    BothEnds(Fd),
    Dead(Tid),
    OnItsWay(Tid),
    Epfd(Fd, Option<bool>),
}

/// The findings of a trace, in the order of their times.
///
/// # Errors
///
/// The first line that is not understood.
pub fn replay(trace: &str) -> Result<Vec<Finding>, BadLine> {
    let mut replay = Replay::default();
    replay.read(trace)?;
    Ok(replay.finish())
}

/// A replay, line by line.
#[derive(Debug, Default)]
pub struct Replay {
    checker: Checker,
    kernel: TraceKernel,
    now: Nanos,
    findings: Vec<Finding>,
}

impl Replay {
    /// The model, as it is now.
    #[must_use]
    pub const fn checker(&self) -> &Checker {
        &self.checker
    }

    /// Takes the lines of a trace.
    ///
    /// # Errors
    ///
    /// The first line that is not understood.
    pub fn read(&mut self, trace: &str) -> Result<(), BadLine> {
        for (number, text) in (1..).zip(trace.lines()) {
            let line = line::parse(text, number);
            if let Some(line) = line.map_err(|reason| BadLine { number, reason })? {
                self.step(&line);
            }
        }
        Ok(())
    }

    /// Takes one line. Suspicions that are due before its time are asked about first.
    pub fn step(&mut self, line: &Line) {
        self.pass(line.at.unwrap_or(self.now));
        let (tid, now, site) = (line.tid, self.now, line.site);
        let (checker, kernel) = (&mut self.checker, &mut self.kernel);
        match &line.observation {
            Observation::Create(epfd) => {
                kernel.open(*epfd, Kind::Epoll);
                checker.created(*epfd, site, kernel);
            }
            Observation::Open(fd, kind) => kernel.open(*fd, *kind),
            &Observation::Ctl { op, epfd, fd, events, data, padding, errno } => {
                let ctl = Ctl { epfd, op, fd, events, data, padding, site };
                kernel.mention(epfd, Kind::Epoll);
                if errno == 0 {
                    kernel.mention(fd, Kind::Stream);
                    kernel.registered(&ctl);
                    checker.ctl(tid, now, ctl, kernel);
                } else {
                    let epfd = kernel.is_an_epoll(epfd);
                    let (fd_is_open, unread) = (kernel.is_open(fd), kernel.unread(fd));
                    let at = AtFailure { errno, epfd, fd_is_open, unread };
                    checker.ctl_failed(tid, now, ctl, at, kernel);
                }
            }
            &Observation::Begin { op, epfd, fd } => {
                kernel.mention(fd, Kind::Stream);
                checker.ctl_begins(tid, op, epfd, fd, kernel);
            }
            &Observation::Wait { epfd, timeout } => {
                kernel.waits(tid, epfd);
                checker.wait_begins(tid, now, epfd, timeout, site, kernel);
            }
            Observation::Got(deliveries) => {
                kernel.delivered(tid, deliveries);
                checker.wait_ended(tid, now, deliveries.iter().copied(), kernel);
            }
            &Observation::WaitFailed(errno) => {
                let epfd = kernel.waiting(tid).map_or(Some(true), |epfd| kernel.is_an_epoll(epfd));
                let at = AtFailure { errno, epfd, fd_is_open: false, unread: None };
                checker.wait_failed(tid, now, at, kernel);
            }
            &Observation::Read(fd, outcome, errno) => kernel.read(tid, fd, outcome, errno, site),
            &Observation::Accept(fd, outcome, errno) => kernel.accepted(fd, outcome, errno, site),
            &Observation::Write(fd, outcome) => {
                if kernel.wrote(tid, fd, outcome, site) {
                    checker.unwritten(tid, now, fd, kernel);
                }
            }
            &Observation::Poll(fd, events) => kernel.polls(tid, fd, events),
            &Observation::Polled(fd, ready) => kernel.polled(tid, fd, ready),
            &Observation::Shutdown(fd) => kernel.shut_down(fd),
            &Observation::Close(fd) => self.close(tid, fd, site),
            &Observation::Dup(from, to) => {
                if from != to && kernel.is_open(to) {
                    self.close(tid, to, site);
                }
                self.kernel.duplicate(from, to, site);
                self.checker.duplicated(from, to, &self.kernel);
            }
            &Observation::Blocked { fd, call, nanos, is_over } => {
                checker.blocked(tid, now, fd, call, nanos, is_over, site);
            }
            &Observation::Hold(fd) => kernel.hold(fd, true),
            &Observation::LetGo(fd) => kernel.hold(fd, false),
            Observation::Fork => checker.forked(),
            &Observation::Shared { epfd, other } => {
                if kernel.is_alive(other) {
                    checker.shared(tid, now, epfd, other, site);
                }
            }
            Observation::Exit => checker.thread_ended(tid),
            Observation::End => {}
            Observation::Kernel(answer) => kernel.says(answer.clone()),
        }
    }

    fn close(&mut self, tid: Tid, fd: Fd, site: Site) {
        let unread = self.kernel.may_lose(fd);
        if unread > 0 {
            self.checker.closed_unread(tid, self.now, fd, unread, site, &self.kernel);
        }
        let is_epoll = self.kernel.is_an_epoll(fd) == Some(true);
        self.kernel.close(fd, site);
        if is_epoll {
            self.checker.epoll_closed(tid, self.now, fd, site);
        }
    }

    /// Lets time pass, and asks about the suspicions that are due before then.
    pub fn pass(&mut self, until: Nanos) {
        while let Some(due) = self.checker.next_due().filter(|&due| due < until) {
            self.now = self.now.max(due);
            self.settle_due();
        }
        self.now = until;
    }

    fn settle_due(&mut self) {
        for suspicion in self.checker.due(self.now, &self.kernel) {
            let asked = suspicion.asked();
            let verdict = suspicion.confirm(self.now, &mut self.kernel);
            self.findings.extend(self.checker.settle(verdict, asked, self.now, &self.kernel));
        }
    }

    /// The program ends; returns what was found.
    #[must_use]
    pub fn finish(mut self) -> Vec<Finding> {
        self.checker.finish(self.now, &self.kernel);
        self.pass(self.now.saturating_add(1));
        self.findings
    }
}

/// `epoll_ctl`'s operations by name.
const OPERATIONS: [(&str, i32); 3] = [("add", ADD), ("mod", MOD), ("del", DEL)];
/// The events by name.
const EVENTS: [(&str, u32); 10] = [
    ("IN", bits::IN),
    ("PRI", 0x002),
    ("OUT", bits::OUT),
    ("ERR", bits::ERR),
    ("HUP", bits::HUP),
    ("RDHUP", bits::RDHUP),
    ("EXCLUSIVE", bits::EXCLUSIVE),
    ("WAKEUP", bits::WAKEUP),
    ("ONESHOT", bits::ONESHOT),
    ("ET", bits::ET),
];
