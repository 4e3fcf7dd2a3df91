//! What verdicts say in words: a descriptor, a time, a thread's call.

use crate::calls;
use crate::look::{Call, File, Kind, Protocol, Socket, State, Thread};
use std::fmt::Write as _;

/// `fd 17, tcp 127.0.0.1:8080 from 10.0.0.7:51234, CLOSE_WAIT`.
pub(crate) fn descriptor(fd: i32, file: &File) -> String {
    let what = what(file);
    if what.is_empty() { format!("fd {fd}") } else { format!("fd {fd}, {what}") }
}

/// What a file is.
#[must_use]
pub fn what(file: &File) -> String {
    match &file.kind {
        Kind::Unknown => String::new(),
        Kind::Socket(Some(socket)) => self::socket(socket),
        Kind::Socket(None) => "a socket".to_owned(),
        Kind::Unlisted { protocol: Some(protocol) } if protocol.starts_with("TCP") => {
            "tcp, closed in both directions, reset, or never connected".to_owned()
        }
        Kind::Unlisted { protocol } => {
            format!("a socket ({})", protocol.as_deref().unwrap_or("of an unknown protocol"))
        }
        Kind::Pipe => "a pipe".to_owned(),
        Kind::Event { count: Some(count) } => format!("an eventfd, count {count}"),
        Kind::Event { count: None } => "an eventfd".to_owned(),
        Kind::Timer { ticks: Some(ticks @ 1..) } => format!("a timerfd, {ticks} expired unread"),
        Kind::Timer { .. } => "a timerfd".to_owned(),
        Kind::Signal { is_pending: Some(true) } => "a signalfd, a signal pending".to_owned(),
        Kind::Signal { .. } => "a signalfd".to_owned(),
        Kind::Process { pid, has_ended: Some(true) } => {
            format!("a pidfd of process {pid}, which has ended")
        }
        Kind::Process { pid, .. } => format!("a pidfd of process {pid}"),
        Kind::Inotify => "an inotify instance".to_owned(),
        Kind::Epoll => "an epoll".to_owned(),
        Kind::Ring => "an io_uring".to_owned(),
        Kind::Named(name) => name.clone(),
    }
}

fn socket(socket: &Socket) -> String {
    let protocol = socket.protocol.name();
    match (socket.state, socket.protocol) {
        (State::Listen, _) => match socket.local.is_some() {
            true => format!("{protocol} {}, listening", socket.local),
            false => format!("{protocol} without a name, listening"),
        },
        (state, Protocol::Tcp) => {
            format!("{protocol} {} with {}, {}", socket.local, socket.peer, state.name())
        }
        (State::Established, Protocol::Udp) => {
            format!("{protocol} {} with {}", socket.local, socket.peer)
        }
        _ if !socket.local.is_some() => protocol.to_owned(),
        _ => format!("{protocol} {}", socket.local),
    }
}

/// `fd 9 and fd 11`, or with what each is, the first few; how many more there are.
pub(crate) fn some(lines: impl Iterator<Item = String>) -> Vec<String> {
    const SHOWN: usize = 3;
    let mut shown = Vec::new();
    let mut more = 0;
    for line in lines {
        if shown.len() < SHOWN {
            shown.push(line);
        } else {
            more += 1;
        }
    }
    if more > 0 {
        shown.push(format!("and {more} more like these"));
    }
    shown
}

/// `1.0 s`, `40 ms`.
#[must_use]
pub fn time(ms: u64) -> String {
    if ms < 1000 { format!("{ms} ms") } else { format!("{}.{} s", ms / 1000, ms % 1000 / 100) }
}

/// What a thread does.
#[must_use]
pub fn call(thread: &Thread) -> String {
    match &thread.call {
        Call::Unknown => "an unknown call".to_owned(),
        Call::Sleeping(place) => format!("the kernel ({place})"),
        Call::Running => "no call: it runs".to_owned(),
        Call::Blocked { .. } => "a page fault or a stop".to_owned(),
        Call::In { number, arguments, .. } => calls::words(*number, *arguments),
    }
}

/// `thread 20250 "worker"`.
pub(crate) fn thread(thread: &Thread) -> String {
    format!("thread {} \"{}\"", thread.tid, thread.name)
}

/// `1 registration`, `3 registrations`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// What waits in a file: `96 bytes unread for 31.2 s`, `7 of 128 connections wait`.
#[must_use]
pub fn fill(file: &File) -> String {
    let Some(socket) = file.socket() else { return String::new() };
    let (queue, mut text) = (socket.receive_queue.unwrap_or(0), String::new());
    if socket.is_listening() {
        let _ = write!(text, "{}", count(queue as usize, "connection"));
        let _ = match socket.send_queue {
            Some(backlog) => write!(text, " of a backlog of {backlog}"),
            None => Ok(()),
        };
        text.push_str(if queue == 1 { " waits to be accepted" } else { " wait to be accepted" });
        return text;
    }
    let unread = socket.unread().unwrap_or(0);
    if unread > 0 {
        let size = if socket.protocol == Protocol::Udp {
            "datagrams".to_owned()
        } else {
            count(unread as usize, "byte")
        };
        let _ = write!(text, "{size} unread");
        if let Some(ms) = socket.since_data_ms {
            let _ = write!(text, " for {}", time(u64::from(ms)));
        }
    }
    if socket.state == State::CloseWait && queue > unread {
        let since =
            socket.since_ack_ms.map_or(String::new(), |ms| format!(" for {}", time(ms.into())));
        let _ = write!(
            text,
            "{}end of the stream unread{since}",
            if text.is_empty() { "" } else { ", " }
        );
    }
    text
}
