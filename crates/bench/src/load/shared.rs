//! What all connections of a load have in common: the traffic's shape, the pattern of their bytes, the
//! room that they read into, and what was counted.

use super::pattern::Pattern;
use crate::histogram::Histogram;
use std::time::Instant;

/// The traffic on a server.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub connections: usize,
    /// Bytes.
    pub message: usize,
    /// Messages under way on each connection.
    pub depth: usize,
}

impl Shape {
    /// Bytes on each connection, at most.
    pub fn under_way(self) -> usize {
        self.message * self.depth
    }
}

/// What all connections share.
pub struct Shared {
    pub pattern: Pattern,
    pub room: Vec<u8>,
    pub shape: Shape,
    /// Whether what comes back is answered.
    pub running: bool,
    pub completed: u64,
    /// Messages since the connections were made.
    pub total: u64,
    pub round_trips: Histogram,
    pub epoch: Instant,
}

impl Shared {
    pub fn new(shape: Shape) -> Self {
        Self {
            pattern: Pattern::new(),
            // More than can come: a read never fills it, and so proves that everything was taken.
            room: vec![0; shape.under_way() + 1],
            shape,
            running: false,
            completed: 0,
            total: 0,
            round_trips: Histogram::new(),
            epoch: Instant::now(),
        }
    }

    /// Nanoseconds since the load was made.
    pub fn now(&self) -> u64 {
        self.epoch.elapsed().as_nanos() as u64
    }
}
