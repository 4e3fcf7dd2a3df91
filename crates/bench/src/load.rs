//! The load generator: one thread, one epoll, closed loops. Every connection keeps a fixed number
//! of messages under way; what comes back is compared byte by byte, and answered with as much.
//!
//! It has to be cheaper than the servers: nothing is copied into a message and nothing allocated.
//! The bytes of a connection are a walk through one random pattern, whose length is a prime, so
//! that a byte lost, doubled or of another connection is found; sending and comparing both work on
//! the pattern itself.

mod connection;
mod pattern;
mod shared;

use crate::affinity;
use crate::histogram::Histogram;
use crate::server::{Server, run_delay};
use connection::Connection;
pub use connection::PER_ADDRESS;
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use rustix::time::{ClockId, clock_gettime};
pub use shared::Shape;
use shared::Shared;
use std::error::Error;
use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddrV4;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// Deliveries per wait.
const BATCH: usize = 256;
/// A server that sends nothing for 10 s has failed.
const PATIENCE: Duration = Duration::from_secs(10);
/// Connections that wait to be accepted, at most: no server has a smaller backlog.
const UNACCEPTED: usize = 64;

/// What was seen in one slice.
#[derive(Clone)]
pub struct Slice {
    pub messages: u64,
    pub seconds: f64,
    /// The servers' processor time, in nanoseconds.
    pub cpu: f64,
    /// This thread's processor time, in nanoseconds.
    pub load: f64,
    /// Nanoseconds that a server or this thread stood ready without a processor.
    pub delay: u64,
    pub round_trips: Histogram,
}

/// The connections to one server.
pub struct Load {
    epfd: OwnedFd,
    connections: Vec<Connection>,
    shared: Shared,
    events: [MaybeUninit<epoll::Event>; BATCH],
    /// Waits without sleeping: with one connection a round trip is mostly sleep and wake-up, and only
    /// the server's are of interest. Needs a processor of its own.
    spins: bool,
    /// When something was last delivered.
    heard: Instant,
}

impl Load {
    /// Connects, and exchanges one message on every connection: then the server has accepted all.
    /// The source addresses are 127.0.0.N and what follows.
    pub fn connect(
        address: SocketAddrV4,
        shape: Shape,
        first_source: u8,
    ) -> Result<Self, Box<dyn Error>> {
        let shared = Shared::new(shape);
        let mut this = Self {
            epfd: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            connections: Vec::with_capacity(shape.connections),
            shared,
            events: [MaybeUninit::uninit(); BATCH],
            spins: shape.connections == 1 && affinity::processors().is_some(),
            heard: Instant::now(),
        };
        for number in 0..shape.connections {
            let connection = Connection::open(address, number, first_source, &this.epfd)
                .map_err(|error| format!("connection {number} to {address}: {error}"))?;
            this.connections.push(connection);
            let waiting = number % UNACCEPTED + 1;
            if waiting == UNACCEPTED || number + 1 == shape.connections {
                this.exchange(number + 1 - waiting, 1)?;
            }
        }
        Ok(this)
    }

    /// Sends `messages` messages on each connection, numbered from `from`, waits for all of them, and compares.
    pub fn exchange(&mut self, from: usize, messages: usize) -> Result<(), Box<dyn Error>> {
        self.shared.completed = 0;
        self.heard = Instant::now();
        for connection in &mut self.connections[from..] {
            connection.allow(messages, &mut self.shared)?;
        }
        self.run_until(((self.connections.len() - from) * messages) as u64)
    }

    /// Messages for the time of `window`, and one at least. Begins and ends in silence; both are no part of what is counted.
    pub fn slice(&mut self, window: Duration, servers: &[Server]) -> Result<Slice, Box<dyn Error>> {
        let (depth, connections) = (self.shared.shape.depth, self.connections.len());
        self.shared.running = true;
        self.heard = Instant::now();
        self.shared.completed = 0;
        for connection in &mut self.connections {
            connection.allow(depth, &mut self.shared)?;
        }
        self.run_until((connections * depth) as u64)?;
        self.shared.completed = 0;
        self.shared.round_trips.clear();
        let delays = || servers.iter().map(|s| run_delay(s.id())).sum::<u64>() + own_delay();
        let cpu = || servers.iter().map(|s| s.cpu_time()).sum::<io::Result<Duration>>();
        let (delay, before, load, start) = (delays(), cpu()?, own_cpu(), Instant::now());
        let mut after = before;
        // A server that had no processor at all, and so did nothing, says nothing.
        while after == before && !servers.is_empty() || self.shared.completed == 0 {
            while start.elapsed() < window {
                self.round()?;
            }
            self.round()?;
            after = cpu()?;
        }
        let elapsed = start.elapsed();
        let slice = Slice {
            messages: self.shared.completed,
            seconds: elapsed.as_secs_f64(),
            cpu: (after - before).as_nanos() as f64,
            load: own_cpu() - load,
            delay: delays() - delay,
            round_trips: self.shared.round_trips.clone(),
        };
        self.shared.running = false;
        while self.connections.iter().any(Connection::is_waiting) {
            self.round()?;
        }
        Ok(slice)
    }

    /// The number of connections.
    pub fn len(&self) -> usize {
        self.connections.len()
    }

    /// Messages that came back since the connections were made.
    pub fn total(&self) -> u64 {
        self.shared.total
    }

    fn run_until(&mut self, messages: u64) -> Result<(), Box<dyn Error>> {
        while self.shared.completed < messages {
            self.round()?;
        }
        Ok(())
    }

    /// One wait, and what was delivered.
    fn round(&mut self) -> Result<(), Box<dyn Error>> {
        let none = Timespec { tv_sec: 0, tv_nsec: 0 };
        let timeout = if self.spins { none } else { Timespec { tv_sec: 1, ..none } };
        let ready = match epoll::wait(&self.epfd, &mut self.events, Some(&timeout)) {
            Ok((ready, _)) => ready,
            Err(Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if !ready.is_empty() {
            self.heard = Instant::now();
        } else if self.heard.elapsed() > PATIENCE {
            return Err(format!("a server has been silent for {PATIENCE:?}").into());
        }
        for event in ready {
            let number = event.data.u64() as usize;
            let connection = &mut self.connections[number];
            connection
                .turn(&mut self.shared)
                .map_err(|error| format!("connection {number}: {error}"))?;
        }
        Ok(())
    }
}

/// How long this thread stood ready without a processor.
fn own_delay() -> u64 {
    run_delay(std::process::id())
}

/// This thread's processor time, in nanoseconds.
fn own_cpu() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}
