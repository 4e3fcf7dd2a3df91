//! What an hour of a busy server takes to sum up: `cargo run --release -p epshim-profile --example hour [SECONDS]`.
//!
//! A stream as of redis under load, 160,000 records a second: 50 connections that live for a second each, a slow turn
//! now and then. Printed are the nanoseconds for a record, and the memory before and after.

use epshim_observe::{ADD, Delivery, Ended, Fd, Nanos, Observation, SECOND, Site, What};
use epshim_profile::{Model, Options, Program, judge};
use std::time::Instant;

const CONNECTIONS: u64 = 50;
/// A record each 6 us.
const STEP: Nanos = 6_250;

fn main() {
    let seconds = std::env::args().nth(1).map_or(3600, |word| word.parse().expect("seconds"));
    let mut model = Model::new(Options::default());
    model.begin(0);
    let (mut records, mut now, mut turn) = (0_u64, 0, 0_u64);
    let begin = Instant::now();
    println!("before: {} KiB", resident());
    let mut tell = |at, site, what| {
        model.observe(&Observation { at, pid: 1, tid: 1, site: Site(site), what });
        records += 1;
    };
    tell(0, 1, What::Create { epfd: 3 });
    let mut fds: Vec<Fd> = Vec::new();
    let mut renewed = 0;
    while now < seconds * SECOND {
        if now >= renewed {
            renewed = now + SECOND;
            fds.drain(..).for_each(|fd| tell(now, 2, What::Close { fd, unread: None }));
            fds = (0..CONNECTIONS as Fd).map(|fd| fd + 8).collect();
            for &fd in &fds {
                let (padding, errno, at) = (None, 0, None);
                let (events, data) = (1, fd as u64);
                tell(now, 3, What::Ctl { op: ADD, epfd: 3, fd, events, data, padding, errno, at });
            }
        }
        tell(now, 4, What::Wait { epfd: 3, timeout: -1 });
        let told: Vec<_> =
            (0..4).map(|place| fds[((turn + place) % CONNECTIONS) as usize]).collect();
        let deliveries = told.iter().map(|&fd| Delivery { events: 1, data: fd as u64 });
        tell(now + STEP, 0, What::Got { deliveries: deliveries.collect::<Vec<_>>().into() });
        now += STEP;
        for fd in told {
            tell(now, 5, What::Read { fd, ended: Ended::Moved { bytes: 40, asked: 16384 } });
            tell(now + STEP, 6, What::Write { fd, ended: Ended::Moved { bytes: 5, asked: 5 } });
            now += 2 * STEP;
        }
        turn += 1;
        now += if turn % 100_000 == 0 { SECOND / 4 } else { STEP };
    }
    let took = begin.elapsed();
    println!("after:  {} KiB", resident());
    let mut profile = model.finish(now, Program::default());
    judge(&mut profile);
    println!("{records} records, {:.0} ns each", took.as_nanos() as f64 / records as f64);
    println!("{}", epshim_profile::text::lines(&profile).join("\n"));
}

/// KiB of memory that this process has.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("/proc");
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it is there");
    line.trim().trim_end_matches(" kB").trim().parse().expect("a number")
}
