//! Benchmarks of epshim. Times on one machine mean little; the ratios do: each subject is measured
//! in small blocks that alternate with the reference, and the reference is measured a second time
//! under another name, which must read 1.00.

#![deny(unsafe_code)]

mod alternate;
#[allow(unsafe_code)] // The calls that are measured.
mod micro;
#[allow(unsafe_code)] // Processors, clocks and limits of processes.
mod process;
mod programs;
#[allow(unsafe_code)] // Loops by hand, and C's reactor.
mod reactor;
mod serve;
mod statistics;
#[allow(unsafe_code)] // A library opened at run time.
mod subjects;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(version, about, long_about = None)]
struct Arguments {
    #[command(subcommand)]
    benchmark: Benchmark,
}

#[derive(Subcommand)]
enum Benchmark {
    /// Single calls: epoll_wait and epoll_ctl through libc, libepshim.so, the crate and the peers
    Micro {
        /// How often each subject is measured
        #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(20..))]
        rounds: u32,
        /// The library to measure; by default the one that was built with this program
        #[arg(long, value_name = "FILE")]
        library: Option<PathBuf>,
    },
    /// A peer's echo server: prints its address, echoes until SIGTERM
    Serve(serve::Options),
    /// The reactor, in C and in Rust, against a loop written by hand
    Reactor {
        /// How often each subject is measured
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(20..))]
        rounds: u32,
        /// The library to measure; by default the one that was built with this program
        #[arg(long, value_name = "FILE")]
        library: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().benchmark {
        Benchmark::Serve(options) => serve::run(&options).map(|()| (Vec::new(), &[][..])),
        Benchmark::Micro { rounds, library } => {
            micro::run(rounds, library).map(|rows| (rows, &micro::NOTES[..]))
        }
        Benchmark::Reactor { rounds, library } => {
            reactor::run(rounds, library).map(|rows| (rows, &[][..]))
        }
    };
    match result {
        Ok((rows, notes)) => {
            print(&rows);
            notes.iter().for_each(|note| println!("\n{note}"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("epshim-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn print(rows: &[alternate::Row]) {
    println!("{:<22} {:<16} {:>9} {:>7}  interval", "what", "subject", "ns", "ratio");
    for row in rows {
        let (what, subject, time) = (&row.what, &row.subject, row.time.value);
        let (ratio, low, high) = (row.ratio.value, row.ratio.low, row.ratio.high);
        println!("{what:<22} {subject:<16} {time:>9.1} {ratio:>7.3}  {low:.3} to {high:.3}");
    }
}
