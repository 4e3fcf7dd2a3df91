//! Single calls: what the shim costs over libc.

use crate::statistics::Median;
use crate::subjects::{CFunctions, LIBC, Stage, open_library};
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

/// Calls in one block: long enough for the clock, short enough that both sides of a pair see the
/// same machine.
const BLOCK: u32 = 200;

type Subject<'a> = (&'a str, Box<dyn FnMut(&mut Stage) + 'a>);

/// Runs each benchmark and prints a table.
pub fn run(rounds: u32, library: Option<PathBuf>) -> Result<(), Box<dyn Error>> {
    let library = open_library(library)?;
    let epshim = CFunctions::of(library)?;

    println!("{rounds} rounds of {BLOCK} calls; ratio to libc, median and its 95% interval\n");
    println!(
        "{:<22} {:<10} {:>9} {:>7}  {:<18}",
        "call", "through", "ns/call", "ratio", "interval"
    );
    for ready in [1, 64] {
        let name = format!("epoll_wait, {ready} ready");
        let subjects: Vec<Subject> = vec![
            ("libc", Box::new(|stage| stage.wait(&LIBC))),
            ("libc again", Box::new(|stage| stage.wait(&LIBC))),
            ("C ABI", Box::new(|stage| stage.wait(&epshim))),
            ("Rust", Box::new(Stage::wait_in_rust)),
        ];
        measure(&name, subjects, &mut Stage::new(ready)?, rounds);
    }
    let subjects: Vec<Subject> = vec![
        ("libc", Box::new(|stage| stage.modify(&LIBC))),
        ("libc again", Box::new(|stage| stage.modify(&LIBC))),
        ("C ABI", Box::new(|stage| stage.modify(&epshim))),
        ("Rust", Box::new(Stage::modify_in_rust)),
    ];
    measure("epoll_ctl, MOD", subjects, &mut Stage::new(1)?, rounds);
    Ok(())
}

/// Measures the subjects in turn, a block each a round, each round beginning with another; prints
/// the time of a call, and its ratio to the first subject's in the same round.
fn measure(name: &str, mut subjects: Vec<Subject>, stage: &mut Stage, rounds: u32) {
    let mut times = vec![Vec::new(); subjects.len()];
    for round in 0..rounds as usize {
        for turn in 0..subjects.len() {
            let which = (round + turn) % subjects.len();
            times[which].push(block(&mut subjects[which].1, stage));
        }
    }
    for (i, (subject, _)) in subjects.iter().enumerate() {
        let ratios = times[i].iter().zip(&times[0]).map(|(time, reference)| time / reference);
        let ratio = Median::of(ratios.collect());
        let time = Median::of(times[i].clone()).value;
        let interval = format!("{:.3} to {:.3}", ratio.low, ratio.high);
        println!("{name:<22} {subject:<10} {time:>9.1} {:>7.3}  {interval:<18}", ratio.value);
    }
}

/// Nanoseconds of one call, over a block of them.
fn block(call: &mut dyn FnMut(&mut Stage), stage: &mut Stage) -> f64 {
    let start = Instant::now();
    for _ in 0..BLOCK {
        call(stage);
    }
    start.elapsed().as_nanos() as f64 / f64::from(BLOCK)
}
