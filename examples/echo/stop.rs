//! The graceful stop loses no byte that our kernel acknowledged before the signal. What is in the backlog
//! is accepted, then the listener is closed. Each connection reads and echoes what had arrived at that
//! moment, ends its own side, discards what the peer still sends, and is closed at the peer's end of
//! stream. A peer without progress does not hold up the stop for ever. Patience is counted in sweeps, not
//! on the clock: time in which this process was stopped itself (SIGSTOP) is not held against its peers.

use crate::listener::BACKLOG;
use crate::process::{STOPS, say};
use crate::server::{Source, Turns, connection, turn_again};
use epshim::Reactor;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// How often progress is checked during the stop.
const SWEEP: Duration = Duration::from_secs(1);
/// Sweeps without progress until a peer is given up: 10 seconds.
const PATIENCE: u8 = 10;

/// What there is to know once a stop has begun.
pub struct Stop {
    /// Connections still to be accepted from the backlog.
    pub backlog_left: usize,
    /// Sweeps without an accepted connection.
    pub listener_silent: u8,
}

impl Turns {
    /// Begins the stop at the first signal, and stops at once at any other.
    pub fn heed_stop_signals(&mut self, reactor: &mut Reactor<Source>) {
        let stops = STOPS.load(Relaxed);
        while self.stops_seen != stops && !self.failed {
            self.stops_seen = self.stops_seen.wrapping_add(1);
            if self.stop.is_none() { self.begin_stop(reactor) } else { self.stop_at_once(reactor) }
        }
    }

    fn begin_stop(&mut self, reactor: &mut Reactor<Source>) {
        // The backlog holds no more (include/net/sock.h, sk_acceptq_is_full): connections that arrive
        // later cannot keep the stop from ending.
        self.stop = Some(Stop { backlog_left: BACKLOG + 1, listener_silent: 0 });
        self.set_sweep(reactor);
        let mut last = None;
        while let Some(key) = reactor.next_key(last) {
            last = Some(key);
            if let Some(connection) = connection(reactor, key) {
                connection.limit();
                turn_again(reactor, key);
            }
        }
        self.accept(reactor);
    }

    fn set_sweep(&self, reactor: &mut Reactor<Source>) {
        let set = reactor.set_timer(self.sweep, Some(Instant::now() + SWEEP));
        set.expect("it lasts as long as the reactor");
    }

    /// Once a second: gives up the peers that have made no progress for too long.
    pub fn sweep(&mut self, reactor: &mut Reactor<Source>) {
        self.set_sweep(reactor);
        self.echo_packed(reactor);
        let (mut closed, mut lost, mut last) = (0, 0, None);
        while let Some(key) = reactor.next_key(last) {
            last = Some(key);
            let Some(connection) = connection(reactor, key) else { continue };
            if connection.count_silence() >= PATIENCE {
                lost += connection.unsent();
                closed += 1;
                self.close(reactor, key);
            }
        }
        if closed > 0 {
            say(format_args!(
                "closed {closed} connections without progress for 10 s; {lost} bytes are lost"
            ));
        }
        self.shared.lost += lost;
        self.sweep_listener(reactor);
    }

    /// Others may have exhausted the descriptors, for as long as they like.
    fn sweep_listener(&mut self, reactor: &mut Reactor<Source>) {
        let (Some(_), Some(stop)) = (self.listener, &mut self.stop) else { return };
        stop.listener_silent += 1;
        if stop.listener_silent >= PATIENCE {
            say("closed the listener; connections that waited for a descriptor are lost");
            self.shared.lost += 1;
            self.close_listener(reactor);
        }
    }

    fn stop_at_once(&mut self, reactor: &mut Reactor<Source>) {
        let count = self.connections(reactor);
        let lost: u64 = reactor
            .keys()
            .filter_map(|key| match reactor.get(key)? {
                Source::Connection(connection) => Some(connection.unsent()),
                Source::Listener(_) => None,
            })
            .sum();
        say(format_args!(
            "stopped by a second signal; {count} connections closed, {lost} bytes are lost"
        ));
        self.failed = true;
        reactor.stop();
    }
}
