//! The options of `epshim chaos`, and the texts of its `--help`.

use super::time::{IN_MILLISECONDS, number_and_unit};
use crate::chaos::Ready;
use crate::completions::Suggested;
use clap::Args;
use epshim_observe::fault::{Fault, Level};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

const HELP: &str = "\
Examples:
  epshim chaos -- ./server --self-test         the command is the test
  epshim chaos -- cargo test                   what has no epoll is left alone
  epshim chaos --test ./client -- ./server 7000
                                               start the server, run the test,
                                               end the server
  epshim chaos --for 10m --level rough --test ./client -- ./server 7000
                                               for a nightly build
  epshim chaos --seed 7 -- ./server --self-test
                                               the same luck again
  epshim chaos --replay server-7.chaos --test ./client -- ./server 7000
  epshim chaos --list                          what can happen, and why it may

Each run has a seed, which is said first. What breaks is made again, and shrunk to the faults that are enough. Every \
fault is true: the kernel is asked for less, an edge is armed again. So what breaks is a bug.

The test gets the server's output in the file that EPSHIM_CHAOS_OUTPUT names, and runs without faults.

Exit code: 0 nothing broke; 1 something did; 2 usage; 3 the test fails without faults; 4 no fault could be made; 125 \
epshim failed or refused; 126 the command cannot be invoked; 127 there is none.";

type Parser<T> = fn(&str) -> Result<T, String>;

/// A fault; shells suggest the names.
const FAULT: Suggested<Parser<Fault>> =
    Suggested { parser: named, values: || Fault::ALL.map(Fault::name).to_vec() };

/// Runs a program with legal bad luck, and says what it does not survive.
///
/// The command runs again and again, each time with other short reads, interrupted waits, connections that are gone:
/// what every correct event loop survives.
#[derive(Debug, Args)]
#[command(after_help = HELP, override_usage = "epshim chaos [OPTIONS] [--] CMD [ARG]...")]
pub struct ChaosOptions {
    /// One run, with the luck of this number
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,

    /// This number of runs (20); with --seed, from that on
    #[arg(long, value_name = "N")]
    pub runs: Option<u64>,

    /// As many runs as fit into this time: 90s, 10m, 2h
    #[arg(long = "for", value_name = "TIME", value_parser = time, conflicts_with_all = ["runs", "sweep"])]
    pub time: Option<Duration>,

    /// One fault a run, at each place where one can be
    #[arg(long, conflicts_with_all = ["runs", "seed"])]
    pub sweep: bool,

    /// How bad the luck may be: polite, rough, brutal (polite)
    #[arg(long, value_name = "LEVEL")]
    pub level: Option<Level>,

    /// Only these faults; repeatable, or separated by commas
    #[arg(long, value_name = "FAULT", value_delimiter = ',', value_parser = FAULT, hide_possible_values = true)]
    pub only: Vec<Fault>,

    /// Not these faults; repeatable, or separated by commas
    #[arg(long, value_name = "FAULT", value_delimiter = ',', value_parser = FAULT, hide_possible_values = true)]
    pub except: Vec<Fault>,

    /// List the call sites, and the faults made at each; with GLOB only those of which the function, FILE:LINE or
    /// module+0xOFFSET is like it have faults
    #[arg(long, value_name = "GLOB", num_args = 0..=1, require_equals = true, default_missing_value = "", conflicts_with = "replay")]
    pub sites: Option<String>,

    /// What says whether CMD works, for sh; without it CMD says so itself
    #[arg(long, value_name = "CMD")]
    pub test: Option<String>,

    /// When the test may begin: CMD listens on PORT, or has written TEXT (it has registered a listener)
    #[arg(long, value_name = "PORT|TEXT", requires = "test", value_parser = ready)]
    pub ready: Option<Ready>,

    /// How long a run may take before it hangs (3 times what it takes without faults)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub timeout: Option<Duration>,

    /// Make the faults of FILE, and no others
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seed", "runs", "time", "sweep", "level", "only", "except"])]
    pub replay: Option<PathBuf>,

    /// Replay what was found in another build of the program
    #[arg(long, requires = "replay")]
    pub force: bool,

    /// How long to shrink what broke; 0s: not at all (2m)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub shrink_time: Option<Duration>,

    /// Write runs, faults and what broke to FILE, as JSON lines
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// List the faults: what each is, and why it is legal
    #[arg(long)]
    pub list: bool,

    /// The list as a document, for docs/chaos.md
    #[arg(long, hide = true, requires = "list")]
    pub markdown: bool,

    /// The program and its arguments
    #[arg(value_name = "CMD", required_unless_present = "list", trailing_var_arg = true)]
    pub command: Vec<OsString>,
}

fn named(word: &str) -> Result<Fault, String> {
    let known = || Fault::ALL.into_iter().map(Fault::name);
    Fault::named(word).ok_or_else(|| match epshim_check::options::nearest(word, known()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "`epshim chaos --list` has them".to_owned(),
    })
}

fn time(word: &str) -> Result<Duration, String> {
    let parts = number_and_unit(word, &IN_MILLISECONDS);
    let (number, each) = parts.ok_or_else(|| "a number and ms, s, m or h".to_owned())?;
    let milliseconds = number.checked_mul(each).ok_or_else(|| "too long".to_owned())?;
    Ok(Duration::from_millis(milliseconds))
}

fn ready(word: &str) -> Result<Ready, String> {
    if word.is_empty() {
        return Err("a port, or a text".to_owned());
    }
    let port = word.parse::<u16>().ok().filter(|&port| port != 0);
    Ok(port.map_or_else(|| Ready::Text(word.to_owned()), Ready::Port))
}
