//! The links of `/proc/PID/fd`: what an open file is.

use super::decimal;

/// What a link says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// `socket:[INODE]`.
    Socket(u64),
    /// `pipe:[INODE]`.
    Pipe(u64),
    /// `anon_inode:[NAME]`, without the brackets: `eventpoll`, `eventfd`, `inotify`, `[io_uring]`.
    Anonymous(String),
    /// A path, or anything else.
    Named(String),
}

/// Reads a link.
#[must_use]
pub fn link(text: &[u8]) -> Link {
    let bracketed = |prefix: &[u8]| {
        let rest = text.strip_prefix(prefix)?;
        rest.strip_prefix(b"[")?.strip_suffix(b"]")
    };
    if let Some(inode) = bracketed(b"socket:").and_then(decimal) {
        return Link::Socket(inode);
    }
    if let Some(inode) = bracketed(b"pipe:").and_then(decimal) {
        return Link::Pipe(inode);
    }
    if let Some(rest) = text.strip_prefix(b"anon_inode:") {
        let name = bracketed(b"anon_inode:").unwrap_or(rest);
        return Link::Anonymous(String::from_utf8_lossy(name).into_owned());
    }
    Link::Named(String::from_utf8_lossy(text).into_owned())
}

/// A file without a path, by the kernel's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anonymous {
    /// `[eventpoll]`.
    Epoll,
    /// `[eventfd]`.
    Event,
    /// `[timerfd]`.
    Timer,
    /// `[signalfd]`.
    Signal,
    /// `[pidfd]`.
    Process,
    /// `inotify`.
    Inotify,
    /// `[io_uring]`.
    Ring,
    /// Any other name.
    Other,
}

/// Reads the name of a link to a file without a path; nothing is allocated. gVisor writes no brackets.
#[must_use]
pub fn anonymous(text: &[u8]) -> Option<Anonymous> {
    let name = text.strip_prefix(b"anon_inode:")?;
    let bare = name.strip_prefix(b"[").and_then(|name| name.strip_suffix(b"]")).unwrap_or(name);
    Some(match bare {
        b"eventpoll" => Anonymous::Epoll,
        b"eventfd" => Anonymous::Event,
        b"timerfd" => Anonymous::Timer,
        b"signalfd" => Anonymous::Signal,
        b"pidfd" => Anonymous::Process,
        b"inotify" => Anonymous::Inotify,
        b"io_uring" => Anonymous::Ring,
        _ => Anonymous::Other,
    })
}

/// Whether a link is an epoll's.
#[must_use]
pub fn is_epoll(text: &[u8]) -> bool {
    anonymous(text) == Some(Anonymous::Epoll)
}
