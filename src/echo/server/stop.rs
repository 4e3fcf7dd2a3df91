//! The graceful stop: no byte that our kernel acknowledged before the signal is lost.
//!
//! What is in the backlog is accepted, then the listener is closed. Each connection reads and echoes
//! what had arrived at that moment, ends its own side, discards what the peer still sends, and is
//! closed at the peer's end of stream. A peer without progress does not hold up the stop for ever:
//! only bytes that it takes count as progress, not bytes that it sends.
//!
//! Patience is counted in sweeps, not on the clock: time in which this process was stopped itself
//! (SIGSTOP) is not held against its peers.

use super::{Server, Stop};
use crate::signals;
use crate::socket::BACKLOG;
use crate::streams::say;
use std::io;
use std::time::Duration;

/// How often progress is checked.
const SWEEP: Duration = Duration::from_secs(1);
/// Sweeps without progress until a peer is given up: 10 seconds.
const PATIENCE: u32 = 10;

impl Server {
    /// Begins the stop at the first signal. True at any other: stop at once.
    pub(super) fn heed_stop_signals(&mut self) -> io::Result<bool> {
        for _ in 0..signals::read(&self.signals.stop) {
            if self.stop.is_some() {
                self.report_stop_at_once();
                return Ok(true);
            }
            self.begin_stop()?;
        }
        Ok(false)
    }

    fn begin_stop(&mut self) -> io::Result<()> {
        // The backlog holds no more (include/net/sock.h, sk_acceptq_is_full): connections that arrive
        // later cannot keep the stop from ending.
        let backlog_left = BACKLOG + 1;
        self.stop = Some(Stop { sweep_at: self.now + SWEEP, backlog_left, listener_silent: 0 });
        for place in self.connections.places() {
            let Some(token) = self.connections.token_at(place) else { continue };
            if let Some(connection) = self.connections.get_mut(token) {
                connection.limit();
            }
            self.make_ready(token);
        }
        self.accept()
    }

    /// Once a second: gives up the peers that have made no progress for too long.
    pub(super) fn sweep(&mut self) {
        match &mut self.stop {
            Some(stop) if self.now >= stop.sweep_at => stop.sweep_at = self.now + SWEEP,
            _ => return,
        }
        let mut closed = 0;
        let mut lost = 0;
        for place in self.connections.places() {
            let Some(token) = self.connections.token_at(place) else { continue };
            let Some(connection) = self.connections.get_mut(token) else { continue };
            if connection.count_silence() >= PATIENCE {
                lost += connection.unsent();
                closed += 1;
                self.close(token);
            }
        }
        if closed > 0 {
            say(format_args!(
                "closed {closed} connections without progress for 10 s; {lost} bytes are lost"
            ));
        }
        self.shared.lost += lost;
        self.sweep_listener();
    }

    /// Descriptors may be exhausted by others, for as long as they like.
    fn sweep_listener(&mut self) {
        let (Some(_), Some(stop)) = (&self.listener, &mut self.stop) else { return };
        stop.listener_silent += 1;
        if stop.listener_silent >= PATIENCE {
            say("closed the listener; connections that waited for a descriptor are lost");
            self.shared.lost += 1;
            self.listener = None;
        }
    }

    fn report_stop_at_once(&mut self) {
        let count = self.connections.len();
        let mut lost = 0;
        for place in self.connections.places() {
            let Some(token) = self.connections.token_at(place) else { continue };
            lost += self.connections.get_mut(token).map_or(0, |connection| connection.unsent());
        }
        say(format_args!(
            "stopped by a second signal; {count} connections closed, {lost} bytes are lost"
        ));
    }
}
