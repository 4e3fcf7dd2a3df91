//! What check mode costs: the C echo server, redis with redis-benchmark and nginx with wrk, alternately without the
//! preload library, with the library transparent, with the checker, with chaos that makes no fault, recorded, profiled,
//! and under strace.
//!
//! All servers are up for the whole run, on one processor; the load is on the other, and so are the observers,
//! which write the recordings and make the profiles: a slice of such a server is theirs too. A round gives
//! each a short slice in turn, and a ratio is of two slices of one round: what else the machine does
//! hits both. Printed are the median ratio and its 95% interval, of the throughput and of the requests
//! per second of the server's processor time, which noise disturbs less; a recorded or profiled server's has its observer's.
//!
//! EPSHIM_BENCH_BEFORE=FILE names another build of the preload library, of an earlier commit: a row beside them.
//!
//! Unlike the other benchmarks this one needs programs of others, and writes no file.

mod served;
mod way;
mod workloads;

use crate::alternate::{progress, try_alternate};
use crate::statistics::Median;
use crate::{affinity, programs};
use epshim_harness::preload::Mode;
use served::Served;
use way::{BEFORE, Result, Tools, WAYS, Way};
use workloads::Workload;

/// What one slice of load found.
struct Slice {
    /// Requests per second.
    rate: f64,
    per_cpu_second: f64,
}

/// Measures each server, and prints what it costs them.
pub fn run(rounds: u32) -> Result<()> {
    let tools = Tools {
        library: programs::build("epshim-preload", "libepshim_preload.so")?,
        command: programs::build("epshim-cli", "epshim")?,
        before: std::env::var_os(BEFORE).map(Into::into),
    };
    let ways: Vec<&Way> = WAYS.iter().filter(|way| tools.library(way).is_some()).collect();
    if let Some((_, load)) = affinity::processors() {
        affinity::pin(load)?;
    }
    for workload in [workloads::echo()?, workloads::redis(), workloads::nginx()?] {
        let servers = ways.iter().map(|way| workload.serve(way, &tools));
        let servers = servers.collect::<Result<Vec<_>>>()?;
        let bar = progress(rounds.into(), workload.name);
        let measured = |which: usize| slice(&servers[which], &workload);
        let slices = try_alternate(rounds, ways.len(), &bar, measured)?;
        bar.finish_and_clear();
        println!("{}, {rounds} rounds", workload.name);
        for (way, of_one) in ways.iter().zip(&slices) {
            print(way, of_one, &slices[0]);
            if way.mode == Mode::Chaos {
                let checked = ways.iter().position(|way| way.mode == Mode::Checking);
                let than = Way { name: "  of the checked", ..**way };
                print(&than, of_one, &slices[checked.ok_or("nothing is checked")?]);
            }
        }
    }
    Ok(())
}

fn slice(server: &Served, workload: &Workload) -> Result<Slice> {
    let before = server.cpu_time()?;
    let (requests, rate) = (workload.load)(server.port)?;
    let seconds = (server.cpu_time()? - before).as_secs_f64();
    Ok(Slice { rate, per_cpu_second: requests / seconds })
}

fn print(way: &Way, slices: &[Slice], plain: &[Slice]) {
    let ratio = |value: fn(&Slice) -> f64| {
        let pairs = slices.iter().zip(plain);
        let Median { value, low, high } =
            Median::of(pairs.map(|(slice, plain)| value(slice) / value(plain)).collect());
        format!("{value:.3} [{low:.3}, {high:.3}]")
    };
    let all = Median::of(slices.iter().map(|slice| slice.rate).collect());
    let (rate, cost) = (ratio(|slice| slice.rate), ratio(|slice| slice.per_cpu_second));
    println!("  {:17} {:9.0}/s   throughput {rate}   per CPU second {cost}", way.name, all.value);
}
