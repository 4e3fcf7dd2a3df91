//! The command line.

use crate::instance::Effort;
use crate::serve;
use crate::servers::scenarios::Scenario;
use clap::{Args, Parser, Subcommand};
use std::net::SocketAddrV4;
use std::path::PathBuf;
use std::time::Duration;

/// Benchmarks of epshim and its peers
#[derive(Parser)]
#[command(
    version,
    about,
    long_about = "Benchmarks of epshim and its peers.\n\n\
        Times on one machine mean little; the ratios do. Everything is measured in small blocks or \
        slices that alternate with a reference, and the reference is measured a second time under \
        another name, which must read 1.00: if it does not, the machine was not quiet. What is \
        measured is also asserted: every byte that is echoed, every event that is found.\n\n\
        The table goes to stdout, and with the plots and all numbers as JSON into the folder \
        --out: performance.md, performance.json, performance-*.svg."
)]
pub struct Arguments {
    #[command(subcommand)]
    pub benchmark: Benchmark,
}

/// What to do.
#[derive(Subcommand)]
pub enum Benchmark {
    /// Everything below
    All(Measuring),
    /// Single calls: epoll_wait and epoll_ctl through libc, libepshim.so, the crate and the peers
    Micro(Measuring),
    /// The reactor, in C and in Rust, against a loop written by hand
    Reactor(Measuring),
    /// Echo servers under traffic: messages a second, round trips, processor time, memory
    Servers {
        #[command(flatten)]
        measuring: Measuring,
        /// Only this scenario; may be given several times
        #[arg(long, value_name = "NAME")]
        scenario: Vec<Scenario>,
        /// Only servers whose name contains this, and the reference; may be given several times
        #[arg(long, value_name = "NAME")]
        subject: Vec<String>,
        /// What one read of a peer takes at most, in KiB; libuv suggests 64
        #[arg(long, value_name = "KIB", default_value_t = 64)]
        peer_buffer: u32,
    },
    /// One wait of select, poll and epoll: 100 active descriptors among up to 18,000
    Table(Measuring),
    /// Connections past one process's descriptor limit: several servers on one port
    Scaling {
        #[command(flatten)]
        measuring: Measuring,
        /// All connections together
        #[arg(long, default_value_t = 50_000)]
        connections: usize,
        /// Those of them with traffic, which are also the few to compare with
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..=10_000))]
        active: u16,
        /// Server processes
        #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
        processes: u8,
    },
    /// What `epshim check` costs the C echo server, redis and nginx, beside strace. Needs redis-server, redis-benchmark,
    /// nginx, wrk and strace
    CheckCost {
        /// How often each way of running a server is measured
        #[arg(default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
        rounds: u32,
    },
    /// What the checker's hooks add to single calls, beside libc's own: without anything to tell, and checking
    Hooks {
        /// Pairs of blocks of 2,000 calls
        #[arg(default_value_t = 1000, value_parser = clap::value_parser!(u32).range(10..))]
        pairs: u32,
    },
    /// Runs a peer's echo server: prints its address, echoes until SIGTERM
    Serve(serve::Options),
    /// Keeps idle connections, for the benchmarks
    #[command(hide = true)]
    KeepIdle { address: SocketAddrV4, connections: usize, first_source: u8 },
}

/// How to measure, and where the results go.
#[derive(Args, Clone)]
pub struct Measuring {
    /// A tenth of the effort or less, to see that all of it works: `all` then takes a minute
    #[arg(long)]
    pub short: bool,
    /// How often each subject is measured [default: what gives 1% on a quiet machine]
    #[arg(long, value_parser = clap::value_parser!(u32).range(3..))]
    rounds: Option<u32>,
    /// Length of a slice of traffic, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=1000))]
    slice_ms: u64,
    /// Divides the numbers of idle connections, for machines with a low descriptor limit
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    fewer: Option<u16>,
    /// The folder for the results
    #[arg(long, value_name = "FOLDER", default_value = "target/bench")]
    pub out: PathBuf,
    /// The library to measure; by default the one that is built before the run
    #[arg(long, value_name = "FILE")]
    pub library: Option<PathBuf>,
}

impl Measuring {
    /// Rounds of single calls: the default, or as given.
    pub fn rounds(&self, full: u32, short: u32) -> u32 {
        self.rounds.unwrap_or(if self.short { short } else { full })
    }

    /// For traffic.
    pub fn effort(&self) -> Effort {
        Effort {
            rounds: self.rounds(300, 6),
            slice: Duration::from_millis(self.slice_ms),
            fewer: self.fewer.unwrap_or(if self.short { 10 } else { 1 }).into(),
        }
    }
}
