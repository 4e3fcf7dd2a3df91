//! What the reactor costs over a loop written by hand.
//!
//! Every subject does the same job in one thread: both ends of some socket pairs stand in one
//! epoll, a message of 64 bytes goes to and fro between the ends of each pair, and every end that
//! is ready takes one turn, which is a recv and a send. So everything but the system calls is what
//! the loop costs. Each message carries a number, which each turn checks.

mod loops;
mod reactors;

use crate::alternate::{Row, alternate, progress, ratio};
use crate::statistics::Median;
use loops::{CLoop, RustLoop, Subject};
use reactors::{CReactor, RustReactor};
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

/// Turns in one block, at least.
const BLOCK: u64 = 1000;

/// Runs the benchmark.
pub fn run(rounds: u32, library: Option<PathBuf>) -> Result<Vec<Row>, Box<dyn Error>> {
    let library = crate::library::open_library(library)?;
    let mut rows = Vec::new();
    for pairs in [1, 64] {
        // The reference of each is the loop of its own language.
        let mut subjects: Vec<(&str, usize, Box<dyn Subject>)> = vec![
            ("C loop", 0, Box::new(CLoop::new(pairs)?)),
            ("C loop again", 0, Box::new(CLoop::new(pairs)?)),
            ("C, run", 0, Box::new(CReactor::new(library, pairs, true)?)),
            ("C, run_once", 0, Box::new(CReactor::new(library, pairs, false)?)),
            ("Rust loop", 4, Box::new(RustLoop::new(pairs)?)),
            ("Rust loop again", 4, Box::new(RustLoop::new(pairs)?)),
            ("Rust, run_once", 4, Box::new(RustReactor::new(pairs)?)),
        ];
        let what = format!("{pairs} {}", if pairs == 1 { "pair" } else { "pairs" });
        let bar = progress(rounds.into(), &format!("reactor, {what}"));
        let times = alternate(rounds, subjects.len(), &bar, |i| block(&mut *subjects[i].2));
        bar.finish_and_clear();
        rows.extend(subjects.iter().enumerate().map(|(i, (name, reference, _))| Row {
            what: what.clone(),
            subject: (*name).to_owned(),
            time: Median::of(times[i].clone()),
            ratio: ratio(&times[i], &times[*reference]),
        }));
    }
    Ok(rows)
}

fn block(subject: &mut dyn Subject) -> f64 {
    let start = Instant::now();
    let turns = subject.turns(BLOCK);
    start.elapsed().as_nanos() as f64 / turns as f64
}
