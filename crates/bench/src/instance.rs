//! An instance of a server, under traffic: its processes, the connections to them, and the slices so
//! far.
//!
//! Short slices of traffic alternate between instances that all stay up, each round beginning with
//! another one. A slice in which a server or the load stood ready without a processor for much
//! longer than it does as a rule is thrown away: something else ran.

use crate::affinity;
use crate::alternate::try_alternate;
use crate::idle::{ACTIVE_SOURCE, IdleConnections};
use crate::load::{Load, Shape, Slice};
use crate::server::Server;
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

/// A part of the window, by which a slice may have stood by longer than the median of its instance.
const TOLERANCE: f64 = 0.02;

/// One server, or several on one port.
pub struct Instance {
    pub name: String,
    pub servers: Vec<Server>,
    pub load: Load,
    idle: IdleConnections,
    /// What its connections added to the servers' own memory, in bytes each.
    pub memory: f64,
    pub slices: Vec<Slice>,
}

impl Instance {
    /// Starts the servers, on one processor all of them, and connects: every connection has
    /// exchanged a message then.
    pub fn start(name: &str, commands: &mut [Command], shape: Shape, idle: usize) -> Result<Self> {
        let processor = affinity::servers();
        let servers = commands.iter_mut().map(|command| Server::start(command, processor));
        let servers = servers.collect::<Result<Vec<_>>>()?;
        let address = servers[0].address;
        let before = resident(&servers);
        let named = |error| format!("{name}: {error}");
        let idle = IdleConnections::start(address, idle).map_err(named)?;
        let load = Load::connect(address, shape, ACTIVE_SOURCE).map_err(named)?;
        let connections = (idle.len() + shape.connections) as f64;
        let memory = resident(&servers).saturating_sub(before) as f64 / connections;
        Ok(Self { name: name.to_owned(), servers, load, idle, memory, slices: Vec::new() })
    }

    /// How many connections it has.
    pub fn connections(&self) -> usize {
        self.idle.len() + self.load.len()
    }

    /// One more slice.
    pub fn slice(&mut self, window: Duration) -> Result<()> {
        let slice = self.load.slice(window, &self.servers);
        self.slices.push(slice.map_err(|error| format!("{}: {error}", self.name))?);
        Ok(())
    }

    /// Asserts that every idle connection still echoes, and that the servers end well. Returns the slices.
    pub fn stop(mut self) -> Result<Vec<Slice>> {
        let name = &self.name;
        self.idle.check().map_err(|error| format!("{name}: {error}"))?;
        drop((self.load, self.idle));
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

/// Slices of all instances, in turn.
pub fn alternate(instances: &mut [Instance], effort: Effort, bar: &ProgressBar) -> Result<()> {
    let count = instances.len();
    let slice = |which: usize| instances[which].slice(effort.slice);
    try_alternate(effort.rounds, count, bar, slice).map(drop)
}

fn resident(servers: &[Server]) -> u64 {
    servers.iter().map(Server::resident).sum()
}
