//! The options of `epshim inspect`, and the texts of its `--help`.

use super::time::seconds;
use clap::Args;
use std::time::Duration;

const INSPECT_HELP: &str = "\
Examples:
  epshim inspect 4711          what is wrong with the loops of process 4711, now
  epshim inspect nginx         of all processes of that name
  epshim inspect redis-server.service
  epshim inspect 3f8a2c91d04e  a systemd unit; a container, by its id
  epshim inspect -v 4711       with what is registered, and how it stands
  epshim inspect --json 4711 > look.json
  epshim inspect --all         every process that has an epoll, a line each
  epshim inspect --watch nginx a table that is made anew each second, until `q`
  epshim inspect --all --openmetrics > epshim.prom

The process is not stopped and not changed, and any language will do: Go, static programs and containers too. It is \
looked at twice, and what is called certain was so in both looks. Of one's own processes nothing more is needed; \
what a missing permission would have told is named, with the way to get it. See `epshim explain RULE` for what each \
verdict means. A mistake that leaves no trace is found by `epshim check` only.

Exit code: 0 nothing was found, or notes only; 1 something was found; 2 it could not be looked at.";

/// Says what is wrong with the event loops of a process that already runs.
///
/// Looks at its epolls, their registrations, its sockets and its threads from outside, twice.
#[derive(Debug, Args)]
#[command(after_help = INSPECT_HELP)]
pub struct InspectOptions {
    /// Process ids, names, systemd units, or ids of containers
    #[arg(value_name = "PID|NAME", required_unless_present_any = ["all", "watch"])]
    pub targets: Vec<String>,

    /// Every process that has an epoll, a line each
    #[arg(long, conflicts_with = "targets")]
    pub all: bool,

    /// A live table of loops, of these processes or of all; `q` ends it
    #[arg(long, conflicts_with_all = ["all", "json", "verbose"])]
    pub watch: bool,

    /// Seconds between the two looks
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub interval: Duration,

    /// Also what is registered with each epoll; equal rows are counted
    #[arg(short, long)]
    pub verbose: bool,

    /// The answer as JSON, an object a line for each process
    #[arg(long)]
    pub json: bool,

    /// With --all: gauges by the names of processes, for a node exporter's textfile collector
    #[arg(long, requires = "all", conflicts_with = "json")]
    pub openmetrics: bool,

    /// Hide addresses and paths
    #[arg(long)]
    pub redact: bool,

    /// Ask pipes, inotify instances, nested epolls and devices for their readiness, on a copy held for a microsecond
    #[arg(long)]
    pub copies: bool,
}
