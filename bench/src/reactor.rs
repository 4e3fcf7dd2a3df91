//! What the reactor costs over a loop written by hand.
//!
//! Every subject does the same job in one thread: both ends of some socket pairs stand in one
//! epoll, a message of 64 bytes goes to and fro between the ends of each pair, and every end that
//! is ready takes one turn, which is a recv and a send. So everything but the system calls is what
//! the loop costs. Each message carries a number, which each turn checks.

mod loops;
mod reactors;

use crate::statistics::Median;
use loops::{CLoop, RustLoop, Subject};
use reactors::{CReactor, RustReactor};
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

/// Turns in one block, at least.
const BLOCK: u64 = 1000;

/// Runs the benchmark and prints a table.
pub fn run(rounds: u32, library: Option<PathBuf>) -> Result<(), Box<dyn Error>> {
    let library = crate::subjects::open_library(library)?;
    println!("{rounds} rounds of {BLOCK} turns; ratio to the loop in the same language, median");
    println!("and its 95% interval\n");
    println!(
        "{:<10} {:<16} {:>9} {:>7}  {:<18}",
        "pairs", "subject", "ns/turn", "ratio", "interval"
    );
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
        let times = measure(&mut subjects, rounds);
        for (i, (name, reference, _)) in subjects.iter().enumerate() {
            let pairs_of_times = times[i].iter().zip(&times[*reference]);
            let ratio = Median::of(pairs_of_times.map(|(time, other)| time / other).collect());
            let time = Median::of(times[i].clone()).value;
            let interval = format!("{:.3} to {:.3}", ratio.low, ratio.high);
            println!("{pairs:<10} {name:<16} {time:>9.1} {:>7.3}  {interval:<18}", ratio.value);
        }
    }
    Ok(())
}

/// Nanoseconds of a turn, for each subject in each round; every round begins with another one.
fn measure(subjects: &mut [(&str, usize, Box<dyn Subject>)], rounds: u32) -> Vec<Vec<f64>> {
    let mut times = vec![Vec::new(); subjects.len()];
    for round in 0..rounds as usize {
        for turn in 0..subjects.len() {
            let which = (round + turn) % subjects.len();
            times[which].push(block(&mut *subjects[which].2));
        }
    }
    times
}

fn block(subject: &mut dyn Subject) -> f64 {
    let start = Instant::now();
    let turns = subject.turns(BLOCK);
    start.elapsed().as_nanos() as f64 / turns as f64
}
