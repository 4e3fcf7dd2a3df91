//! Traces as text: an observation a line, written by hand, or printed from a recording.
//!
//! Each line is `TIME PROCESS THREAD CALL @SITE`. The time (`12.5ms`, `3s`, `250us`, `7ns`) may be left
//! out: it is that of the line before. `p123` is the process, `t1` the thread: without them it is the
//! only process, and none. `@N` at the end is the call site; without it, it is the line's number. A
//! comment starts with `#`. Names may be written before values: `add epfd=3 fd=5 IN|ET data=7`.
//!
//! | line | the program |
//! |---|---|
//! | `create EPFD` | made an epoll |
//! | `open FD KIND` | has open a `stream` (what is not opened is one), `listener`, `datagram`, `pipe`, `counter`, `queue`, `epoll` or `unknown`; `blocking` behind it: without `O_NONBLOCK` |
//! | `add EPFD FD EVENTS`, `mod EPFD FD EVENTS`, `del EPFD FD` | called `epoll_ctl`; an errno's name at the end: it failed with that. `data=N` (otherwise it is the descriptor), `padding=N`; `op=7` for an operation that does not exist |
//! | `begin add EPFD FD`, `begin mod EPFD FD` | entered `epoll_ctl`; the call itself follows when it returns |
//! | `wait EPFD`, `wait EPFD timeout=5ms`, `wait EPFD timeout=-5ms` | called `epoll_wait` |
//! | `got DATA:EVENTS ...`, `got nothing`, `got EBADF` | returned from it |
//! | `read FD 3/8`, `read FD EAGAIN`, `write FD 3/8` | read, or wrote: 3 bytes, of 8 asked for |
//! | `touch FD` | may have taken or given anything |
//! | `accept FD NEW`, `accept FD EMFILE`, `connect FD 0` | accepted, connected |
//! | `error-taken FD` | asked for the error of a socket, `SO_ERROR` |
//! | `unconnected FD ENOTCONN` | wrote to a socket that is not connected (a replay derives it) |
//! | `poll FD EVENTS`, `polled FD EVENTS` | waits in poll(2) or select(2), for one descriptor; returned from it, with what was ready |
//! | `shutdown FD`, `close FD`, `close FD unread=7`, `dup FD NEW` | did so |
//! | `blocked FD CALL 20ms`, `blocks FD CALL 20ms` | was, or is still, blocked in the call, for 20 ms |
//! | `unwritten FD` | wrote less than it wanted (a replay derives it) |
//! | `took FD` | read bytes of a stream that two threads were given (a replay derives it) |
//! | `stale-use FD EBADF` | used a descriptor that it has closed since the same wait delivered it (a replay derives it) |
//! | `closed-inheritable FD INODE` | closed a registered stream without close-on-exec, and has started programs |
//! | `futile FD MOVED` | read or wrote for the 1,024th time since this was said last, and got `EAGAIN`; MOVED calls had moved something by then (a replay derives it) |
//! | `closed-empty FD` | closed a datagram socket whose last receive returned 0 (a replay derives it) |
//! | `unguarded FD EVENTS` | is about to write with `SIGPIPE` at its default, while poll(2) says so much of `ERR` and `HUP` |
//! | `stalled EPFD 620ms CALL` | did not wait for this long, while something was ready; it slept in this system call (`-`: it computed); `still` behind it: it has not waited since; then `WRITE READ`: the ends of a pipe that only it could read, and in a write to which it sleeps |
//! | `hold FD`, `let-go FD` | another process keeps its file open, or no longer |
//! | `fork`, `fork PID`, `shared EPFD PID` | is the child of a fork (of that process) from here on; changed what that process of its family changes too |
//! | `exit`, `exec`, `finish`, `died SIGNAL` | ended the thread; executes another program; ended; was ended by a signal |
//! | `dropped N`, `end` | lost N records here; nothing, but the time passes |
//!
//! A call that failed may be followed by what was the case then: `EBADF at=EPFD,FD`, of which EPFD is
//! `epoll`, `foreign` or `closed` and FD is `open` or `closed`; `at=EPFD,FD,N`: N bytes are unread.
//!
//! What the kernel says is derived from the trace as far as it can be: the registrations, the
//! files, and that what was delivered is ready until the program drains it. `kernel ...` lines say
//! otherwise: `kernel poll 5 IN`, `kernel poll 5 nothing` (or `closed`), `kernel fdinfo 3: 5 IN|ET data=5
//! file=1:2, 6 OUT`, `kernel fdinfo 3: unreadable`, `kernel unread 5 100` (or `unknown`), `kernel traffic 5
//! 7`, `kernel file 5 1:2` (or `closed`), `kernel keeper 3 5 9` (or `none`), `kernel both-ends 5`, `kernel dead
//! 77` (or `alive`), `kernel on-its-way 1`, `kernel was-closed 5` (`no` behind these three: it is not so),
//! `kernel processor-time 1 5s` (or `unknown`), `kernel deaf 5 77:0x200` (or `none`): thread 77 does not block
//! these signals of a signalfd; `kernel holder 63431 77:5` (or `none`): the executed process 77 has this socket as 5; `kernel epfd 3 closed` (or `foreign`, `epoll`; for the next failure).
//!
//! A recording has these besides: `start EPOCH`, its begin; `look` and `looked`, between which the `kernel` lines
//! are the answers to the observer; `at MODULE OFFSET FUNCTION FILE:LINE, ... @N`, where site N lies (`-`: not
//! known), frame by frame (`OFFSET/Python`, `OFFSET/Python/user`: a function of a program in this language, the user's own);
//! `belongs FD MODULE ...`, frames of the user's own code, to which a descriptor belongs that an event loop has
//! registered at the line's site; `callers ADDRESS ...` and `mapped MODULE BASE START END`; `empty-waits EPFD AFTER+TOOK
//! ...`, waits with `timeout=0ms` that got nothing: each began AFTER ns from the end of the one before (the first: from
//! the line's time), and took TOOK ns.

mod names;
mod parse;
mod print;
mod words;

use crate::observation::Observation;
use crate::terms::Nanos;
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

/// Reads a trace line by line: a line may leave out what the lines before say.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    number: u64,
    at: Nanos,
}

impl Lines {
    /// Reads the next line; a comment or an empty one is `None`.
    ///
    /// # Errors
    ///
    /// The line is not understood.
    pub fn read(&mut self, line: &str) -> Result<Option<Observation<'static>>, BadLine> {
        self.number += 1;
        match parse::line(line, self.number, self.at) {
            Ok(observation) => {
                self.at = observation.as_ref().map_or(self.at, |one| one.at);
                Ok(observation)
            }
            Err(reason) => Err(BadLine { number: self.number as usize, reason }),
        }
    }
}

/// Reads a trace, from its first line on.
///
/// # Errors
///
/// The first line that is not understood.
pub fn parse(trace: &str) -> Result<Vec<Observation<'static>>, BadLine> {
    let mut lines = Lines::default();
    trace.lines().filter_map(|line| lines.read(line).transpose()).collect()
}
