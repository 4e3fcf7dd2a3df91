//! What a run of the benchmarks measured, as the JSON has it.

use super::machine::{self, Machine};
use crate::alternate::Row;
use crate::scaling::Scaling;
use crate::servers::Outcomes;
use crate::table::Line;
use serde::Serialize;
use std::env;

/// What was measured. What was not is empty.
#[derive(Serialize)]
pub struct Results {
    pub machine: Machine,
    pub date: String,
    /// Of this command.
    pub arguments: String,
    pub seconds: f64,
    pub micro: Vec<Row>,
    pub reactor: Vec<Row>,
    pub servers: Vec<Outcomes>,
    /// Peers that could not be measured, and why.
    pub missing: Vec<String>,
    pub table: Vec<Line>,
    pub scaling: Option<Scaling>,
}

impl Results {
    pub fn new() -> Self {
        Self {
            machine: Machine::detect(),
            date: machine::date(),
            arguments: env::args().skip(1).collect::<Vec<_>>().join(" "),
            seconds: 0.0,
            micro: Vec::new(),
            reactor: Vec::new(),
            servers: Vec::new(),
            missing: Vec::new(),
            table: Vec::new(),
            scaling: None,
        }
    }
}
