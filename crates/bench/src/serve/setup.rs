//! What the peers' servers share: what they start with, and what ends them.

use ::nix::sys::signal::{SigSet, Signal};
use ::nix::sys::signalfd::{SfdFlags, SignalFd};
use std::io;
use std::net::TcpListener;

/// What a server starts with.
pub struct Setup {
    /// Listening, non-blocking; what it accepts has TCP_NODELAY, which is inherited.
    pub listener: TcpListener,
    /// The size of the read buffer.
    pub buffer: usize,
}

/// Readable once SIGTERM or SIGINT has come.
pub fn stop_signals() -> io::Result<SignalFd> {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGTERM);
    signals.add(Signal::SIGINT);
    signals.thread_block()?;
    Ok(SignalFd::with_flags(&signals, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?)
}

/// Whether accepting has to wait for the next delivery. What one peer did to its own connection is
/// no reason to end.
pub fn is_accepted(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted)
}
