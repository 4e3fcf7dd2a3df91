//! A server under traffic: its processes, the connections to them, and the slices so far.
//!
//! Short slices of traffic alternate between seats that all stay up, each round beginning with
//! another one. A slice in which a server or the load stood ready without a processor for much
//! longer than it does as a rule is thrown away: something else ran.

use crate::hold::{ACTIVE_SOURCE, Holders};
use crate::load::{Load, Shape, Slice};
use crate::process::{Server, processors};
use crate::statistics::Median;
use indicatif::ProgressBar;
use std::error::Error;
use std::process::Command;
use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How long to measure.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    pub rounds: u32,
    pub slice: Duration,
    /// Divides the number of idle connections.
    pub fewer: usize,
}

/// A part of the window: a slice may have stood by so much longer than its median.
const TOLERANCE: f64 = 0.02;

/// One server, or several on one port.
pub struct Seat {
    pub name: String,
    pub servers: Vec<Server>,
    pub load: Load,
    holders: Holders,
    idle: usize,
    /// What its connections added to the servers' own memory, in bytes each.
    pub memory: f64,
    pub slices: Vec<Slice>,
}

impl Seat {
    /// Starts the servers, on one processor all of them, and connects: every connection has
    /// exchanged a message then.
    pub fn take(name: &str, commands: &mut [Command], shape: Shape, idle: usize) -> Result<Self> {
        let processor = processors().map(|(servers, _)| servers);
        let servers = commands.iter_mut().map(|command| Server::start(command, processor));
        let servers = servers.collect::<Result<Vec<_>>>()?;
        let address = servers[0].address;
        let before = resident(&servers)?;
        let holders = Holders::start(address, idle).map_err(|error| format!("{name}: {error}"))?;
        let load = Load::connect(address, shape, ACTIVE_SOURCE)
            .map_err(|error| format!("{name}: {error}"))?;
        let connections = (idle + shape.connections) as f64;
        let memory = resident(&servers)?.saturating_sub(before) as f64 / connections;
        Ok(Self { name: name.to_owned(), servers, load, holders, idle, memory, slices: Vec::new() })
    }

    /// How many connections it has.
    pub fn connections(&self) -> usize {
        self.idle + self.load.len()
    }

    /// One more slice.
    pub fn slice(&mut self, window: Duration) -> Result<()> {
        let slice = self.load.slice(window, &self.servers);
        self.slices.push(slice.map_err(|error| format!("{}: {error}", self.name))?);
        Ok(())
    }

    /// Asserts that every idle connection still echoes, and that the servers end well. Returns the slices.
    pub fn leave(mut self) -> Result<Vec<Slice>> {
        let name = &self.name;
        self.holders.check().map_err(|error| format!("{name}: {error}"))?;
        drop((self.load, self.holders));
        for server in self.servers {
            server.stop().map_err(|error| format!("{name}: {error}"))?;
        }
        Ok(self.slices)
    }

    /// Which slices count.
    pub fn kept(&self) -> Vec<bool> {
        let median = Median::of(self.slices.iter().map(|slice| slice.delay as f64).collect());
        let limit = |slice: &Slice| median.value + TOLERANCE * slice.seconds * 1e9;
        self.slices.iter().map(|slice| slice.delay as f64 <= limit(slice)).collect()
    }
}

/// Slices of all seats, in turn.
pub fn alternate(seats: &mut [Seat], effort: Effort, bar: &ProgressBar) -> Result<()> {
    for round in 0..effort.rounds as usize {
        for turn in 0..seats.len() {
            let which = (round + turn) % seats.len();
            seats[which].slice(effort.slice)?;
        }
        bar.inc(1);
    }
    Ok(())
}

fn resident(servers: &[Server]) -> std::io::Result<u64> {
    servers.iter().map(Server::resident).sum()
}
