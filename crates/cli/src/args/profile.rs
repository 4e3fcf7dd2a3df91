//! The options of `epshim profile`, and the texts of its `--help`.

use super::launch::Launch;
use super::time::{number_and_unit, some_time};
use super::yes_or_no::yes_or_no;
use crate::profiles::forms;
use clap::{ArgAction, Args, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

const PROFILE_HELP: &str = "\
Examples:
  epshim profile -- ./server                     what its loops do with their time, when it has ended
  epshim profile --json before.json -- ./server  the whole profile, see docs/json.md
  epshim profile --check -- ./server             the rules of `check` too; findings are in the profile
  epshim profile --html profile.html -- ./server a page for the browser, to look at and to send
  epshim profile --trace trace.json -- ./server  for ui.perfetto.dev or chrome://tracing
  epshim profile --live -- ./server              a view of it while it runs; `q` leaves that
  epshim profile --pid 4711 --for 10s            of a process that runs already, with the figures that this way has
  epshim profile server.trace                    of a recording of `epshim check --record`
  epshim profile diff before.json after.json     what became better or worse, in words

The program runs as under `epshim check`: unmodified, as this process, with its own exit code. A process beside it sums \
up what its threads record, and asks the kernel how long they ran. Ctrl-C ends the program, and the profile is \
written then. A program that ends by itself waits for that, 2 seconds at most. A thread that does not wait again for 5 \
seconds is named while that lasts.

Not seen: static programs, raw system calls, io_uring, stdio; without --trace-children also programs that it starts.

Exit code: the program's own; 125 epshim failed or refused; 126 the command cannot be invoked; 127 there is none. Of a \
recording 0, or 2 where it is none. `diff`: 0 nothing became worse; 1 something did; 2 no answer.";

/// Says what the event loops of a program do with their time.
#[derive(Debug, Args)]
#[command(
    after_help = PROFILE_HELP,
    override_usage = "epshim profile [OPTIONS] [--] CMD [ARG]...\n       epshim profile [OPTIONS] --pid PID [--for TIME]\n       epshim profile [OPTIONS] RECORDING\n       epshim profile diff BEFORE AFTER",
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true
)]
pub struct ProfileOptions {
    #[command(subcommand)]
    pub other: Option<Other>,

    /// Write the profile to FILE as JSON; %p is the process id
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Write the latest turns and the slow ones to FILE, for Perfetto and Chrome; %p is the process id
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,

    /// Write a page to FILE for a browser, with all in it, to look at and to send; %p is the process id
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,

    /// A turn that takes longer is slow
    #[arg(long, value_name = "TIME", default_value = "100ms", value_parser = time)]
    pub slow: u64,

    /// Keep turns one by one for this long
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time)]
    pub keep: u64,

    /// Check the program too, with all rules; the findings are in the profile
    #[arg(long)]
    pub check: bool,

    /// Show what the loops do while the program runs: on this terminal, which the program does not have then
    #[arg(long)]
    pub live: bool,

    /// Name the other ends of connections by numbers, in a profile that is shown to others
    #[arg(long)]
    pub redact_peers: bool,

    /// Also the programs that this one starts (no, unless EPSHIM_OPTIONS says otherwise)
    #[arg(long, value_name = "yes|no", num_args = 0..=1, require_equals = true, default_missing_value = "yes", value_parser = yes_or_no, action = ArgAction::Set)]
    pub trace_children: Option<bool>,

    /// Instead of a program: a process that runs already, of which the kernel tells (eBPF: root, or CAP_BPF and CAP_PERFMON)
    #[arg(long, value_name = "PID|NAME", conflicts_with_all = ["command", "live", "check", "trace_children"])]
    pub pid: Option<String>,

    /// With --pid: for this long, as 10s or 2m; else until Ctrl-C, or until the process ends
    #[arg(long = "for", value_name = "TIME", requires = "pid", value_parser = some_time)]
    pub time: Option<Duration>,

    /// The program and its arguments; or one recording
    #[arg(value_name = "CMD", required_unless_present = "pid", trailing_var_arg = true)]
    pub command: Vec<OsString>,
}

/// What else it does.
#[derive(Debug, Subcommand)]
pub enum Other {
    /// Says in words what became better or worse from one profile to another
    Diff {
        /// The profile before, as --json has written it
        before: PathBuf,
        /// The one after
        after: PathBuf,
    },
}

impl ProfileOptions {
    /// The files that it is written to, in the order of `profiles::forms`.
    pub fn files(&self) -> [Option<&PathBuf>; forms::COUNT] {
        [self.json.as_ref(), self.trace.as_ref(), self.html.as_ref()]
    }

    /// How the program is started.
    pub fn launch(&self) -> Launch {
        let (trace_children, command) = (self.trace_children, self.command.clone());
        Launch { trace_children, print_env: false, command }
    }
}

/// `100ms`, `2s`, `500us`: nanoseconds.
fn time(word: &str) -> Result<u64, String> {
    let units = [("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000)];
    let parts = number_and_unit(word, &units);
    let (number, each) = parts.ok_or_else(|| "a number and us, ms or s".to_owned())?;
    let nanos = number.checked_mul(each).filter(|&nanos| nanos > 0);
    nanos.ok_or_else(|| "a time that is not 0, and not that long".to_owned())
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn times_have_a_unit() {
        assert_eq!(
            ["100ms", "2s", "5us"].map(time),
            [Ok(100_000_000), Ok(2_000_000_000), Ok(5_000)]
        );
        for wrong in ["", "5", "ms", "0s", "-1s", "99999999999999999999s", "20000000000s", "1 s"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
