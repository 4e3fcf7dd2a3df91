//! Benchmarks of epshim. Times on one machine mean little; the ratios do: each subject is measured
//! in small blocks that alternate with the reference, and the reference is measured a second time
//! under another name, which must read 1.00.
//!
//! - `micro`, `reactor`, `servers`, `table`, `scaling`: the benchmarks, and apart
//!   from them [`check_cost`] and [`hooks`]: what the checker costs others' servers, and single calls.
//! - [`affinity`], [`alternate`], [`instance`], [`outcome`], [`statistics`], [`histogram`]: how they are measured.
//! - [`load`], [`idle`]: the traffic. [`server`], [`programs`], [`syscalls`]: the servers.
//! - [`serve`]: the peers' servers, in `crates/bench/servers/`.
//! - [`results`]: JSON, Markdown and plots.

#![deny(unsafe_code)]

#[allow(unsafe_code)] // Sets of processors.
mod affinity;
mod alternate;
mod check_cost;
mod histogram;
mod hooks;
mod idle;
mod instance;
#[allow(unsafe_code)] // A library opened at run time.
mod library;
#[allow(unsafe_code)] // Sockets with a source address.
mod load;
#[allow(unsafe_code)] // The calls that are measured.
mod micro;
mod options;
mod outcome;
mod peer;
mod programs;
#[allow(unsafe_code)] // Loops by hand, and C's reactor.
mod reactor;
mod results;
mod scaling;
mod serve;
mod server;
mod servers;
mod statistics;
mod syscalls;
#[allow(unsafe_code)] // select and poll.
mod table;

use clap::{Parser, ValueEnum};
use epshim_harness::sys;
use options::{Arguments, Benchmark, Measuring};
use results::Results;
use servers::scenarios::Scenario;
use servers::subjects::{self, REFERENCE};
use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    match run(Arguments::parse().benchmark) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("epshim-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(benchmark: Benchmark) -> Result<()> {
    let descriptors = sys::raise_descriptor_limit()? as usize;
    match benchmark {
        Benchmark::Serve(options) => serve::run(&options),
        Benchmark::KeepIdle { address, connections, first_source } => {
            idle::keep(address, connections, first_source)
        }
        Benchmark::CheckCost { rounds } => check_cost::run(rounds),
        Benchmark::Hooks { pairs } => hooks::run(pairs),
        Benchmark::All(measuring) => measure(&measuring, |results| {
            micro(&measuring, results)?;
            reactor(&measuring, results)?;
            servers(&measuring, Scenario::value_variants(), &[], 64, results)?;
            table(&measuring, descriptors, results)?;
            scaling(&measuring, 50_000, 1000, 4, results)
        }),
        Benchmark::Micro(measuring) => measure(&measuring, |results| micro(&measuring, results)),
        Benchmark::Reactor(measuring) => {
            measure(&measuring, |results| reactor(&measuring, results))
        }
        Benchmark::Servers { measuring, scenario, subject, peer_buffer } => {
            let all = Scenario::value_variants();
            let scenarios = if scenario.is_empty() { all } else { &scenario };
            measure(&measuring, |results| {
                servers(&measuring, scenarios, &subject, peer_buffer, results)
            })
        }
        Benchmark::Table(measuring) => {
            measure(&measuring, |results| table(&measuring, descriptors, results))
        }
        Benchmark::Scaling { measuring, connections, active, processes } => {
            let (active, processes) = (active.into(), processes.into());
            measure(&measuring, |results| {
                scaling(&measuring, connections, active, processes, results)
            })
        }
    }
}

/// Builds what is measured, measures it from a processor of our own, and writes the results.
fn measure(
    measuring: &Measuring,
    benchmark: impl FnOnce(&mut Results) -> Result<()>,
) -> Result<()> {
    let start = Instant::now();
    let mut results = Results::new();
    if let Some((_, load)) = affinity::processors() {
        affinity::pin(load)?;
    }
    benchmark(&mut results)?;
    results.seconds = start.elapsed().as_secs_f64();
    results::write(&results, &measuring.out)
}

fn micro(measuring: &Measuring, results: &mut Results) -> Result<()> {
    results.micro = micro::run(measuring.rounds(2000, 100), measuring.library.clone())?;
    Ok(())
}

fn reactor(measuring: &Measuring, results: &mut Results) -> Result<()> {
    results.reactor = reactor::run(measuring.rounds(1000, 40), measuring.library.clone())?;
    Ok(())
}

fn servers(
    measuring: &Measuring,
    scenarios: &[Scenario],
    wanted: &[String],
    peer_buffer: u32,
    results: &mut Results,
) -> Result<()> {
    let (mut subjects, missing) = subjects::all(peer_buffer)?;
    subjects.retain(|subject| {
        let is_wanted = wanted.iter().any(|name| subject.name.contains(name.as_str()));
        wanted.is_empty() || is_wanted || subject.name.starts_with(REFERENCE)
    });
    missing.iter().for_each(|reason| eprintln!("epshim-bench: skipped: {reason}"));
    results.missing = missing;
    for &scenario in scenarios {
        results.servers.push(servers::run(scenario, &subjects, measuring.effort())?);
    }
    Ok(())
}

fn table(measuring: &Measuring, descriptors: usize, results: &mut Results) -> Result<()> {
    results.table = table::run(measuring.rounds(500, 30), descriptors)?;
    Ok(())
}

fn scaling(
    measuring: &Measuring,
    connections: usize,
    active: usize,
    processes: usize,
    results: &mut Results,
) -> Result<()> {
    results.scaling = Some(scaling::run(connections, active, processes, measuring.effort())?);
    Ok(())
}
