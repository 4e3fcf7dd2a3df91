//! The options of `epshim top`, and the texts of its `--help`.

use super::time::seconds;
use clap::Args;
use std::time::Duration;

const TOP_HELP: &str = "\
Examples:
  epshim top 4711         the loops of process 4711, until `q`
  epshim top nginx        of the one process of that name
  epshim top --once 4711  one screen as text, for scripts

A program that runs under `epshim profile` is shown with all figures: the process beside it answers. Of any other one \
the kernel's event stream has some, where one may load it (root, or CAP_BPF and CAP_PERFMON); what they cannot be known \
by it is marked. Without that right it is looked at as by `epshim inspect --watch`.

Keys: q ends; tab has descriptors, call sites and slow turns; o orders by another column; p pauses; the arrows move. The \
program goes on in any case.

Exit code: 0 it was shown; 2 it could not be.";

/// Shows what the event loops of a running program do with their time, live.
#[derive(Debug, Args)]
#[command(after_help = TOP_HELP)]
pub struct TopOptions {
    /// A process id, a name, a systemd unit, or a container's id
    #[arg(value_name = "PID|NAME")]
    pub target: String,

    /// Print one screen as text, and end
    #[arg(long)]
    pub once: bool,

    /// Seconds from one look to the next
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub interval: Duration,
}
