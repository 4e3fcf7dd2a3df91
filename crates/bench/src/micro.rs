//! Single calls: what the shim costs over libc, and what the peers' cost at the level where their
//! public interface allows the same.
//!
//! All but mio and polling work on one epoll, reached through duplicates of its descriptor; those
//! two hide theirs and get one of their own, with registrations of the same kind.

mod callers;
mod peers;
mod stage;

use crate::alternate::{Row, alternate, progress, ratio};
use crate::library::{CFunctions, LIBC, open_library};
use crate::statistics::Median;
use callers::{Rust, ThroughC};
use stage::{Caller, Operation, Stage};
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

/// Calls in one block: long enough for the clock, short enough that both sides of a pair see the
/// same machine.
const BLOCK: u32 = 200;

/// What a reader of the table has to know.
pub const NOTES: [&str; 3] = [
    "mio registers edge-triggered only: a wait that finds again what it found before does not exist \
     for it. `modify and wait` does with every subject what mio can: an edge is asked for anew, and \
     one wait takes it.",
    "polling makes four system calls for a wait (its timer, its notifier twice, epoll_wait); level \
     and edge modes are used, not its default, one-shot.",
    "rustix makes the system calls itself, without libc: its waits are no cancellation points.",
];

/// Runs each benchmark.
pub fn run(rounds: u32, library: Option<PathBuf>) -> Result<Vec<Row>, Box<dyn Error>> {
    let epshim = CFunctions::of(open_library(library)?)?;
    let operations = [
        ("epoll_wait, 1 ready", Operation::Wait, 1),
        ("epoll_wait, 64 ready", Operation::Wait, 64),
        ("epoll_ctl, MOD", Operation::Modify, 1),
        ("epoll_ctl, ADD and DEL", Operation::AddDelete, 1),
        ("modify and wait, edge", Operation::ModifyAndWait, 1),
    ];
    let mut rows = Vec::new();
    for (name, operation, ready) in operations {
        let stage = Stage::new(ready, operation)?;
        let mut callers: Vec<(&str, Box<dyn Caller + '_>)> = vec![
            ("libc", Box::new(ThroughC::new(LIBC, &stage)?)),
            ("libc again", Box::new(ThroughC::new(LIBC, &stage)?)),
            ("epshim, C ABI", Box::new(ThroughC::new(epshim, &stage)?)),
            ("epshim, Rust", Box::new(Rust::new(&stage)?)),
            ("rustix", Box::new(peers::Rustix::new(&stage)?)),
            ("nix", Box::new(peers::Nix::new(&stage)?)),
            ("polling", Box::new(peers::Polling::new(&stage)?)),
        ];
        if operation != Operation::Wait {
            callers.push(("mio", Box::new(peers::Mio::new(&stage)?)));
        }
        rows.extend(measure(name, operation, &mut callers, rounds));
    }
    Ok(rows)
}

fn measure(
    name: &str,
    operation: Operation,
    callers: &mut [(&str, Box<dyn Caller + '_>)],
    rounds: u32,
) -> Vec<Row> {
    let bar = progress(rounds.into(), name);
    let times = alternate(rounds, callers.len(), &bar, |i| block(operation, &mut *callers[i].1));
    bar.finish_and_clear();
    let row = |(i, times_of_one): (usize, &Vec<f64>)| Row {
        what: name.to_owned(),
        subject: callers[i].0.to_owned(),
        time: Median::of(times_of_one.clone()),
        ratio: ratio(times_of_one, &times[0]),
    };
    times.iter().enumerate().map(row).collect()
}

/// Nanoseconds of one operation, over a block of them: one virtual call, the loop is the caller's.
fn block(operation: Operation, caller: &mut dyn Caller) -> f64 {
    let start = Instant::now();
    caller.many(operation, BLOCK);
    start.elapsed().as_nanos() as f64 / f64::from(BLOCK)
}
