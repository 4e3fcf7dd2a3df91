//! The options of `epshim check` and `epshim run`, and the texts of their `--help`.

use super::format::Format;
use super::time::some_time;
use super::yes_or_no::yes_or_no;
use crate::completions::Suggested;
use crate::rules;
use clap::{ArgAction, Args, ValueEnum};
use epshim_check::Rule;
use epshim_check::options::MAX_STACK_DEPTH;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

const CHECK_HELP: &str = "\
Examples:
  epshim check ./server --port 8080            what is wrong, while it runs
  epshim check --log logs/server.%p.log -- ./server
  epshim check --json found.json --error-exitcode 99 -- ./server-tests
                                               for CI: findings, and a failure
  epshim check --format sarif=found.sarif --error-exitcode 99 -- ./server-tests
  epshim check --only ghost,level-spin -- python3 server.py
  epshim check --trace-children -- make check  the programs that it starts too
  epshim check --print-env ./server            what to set where no command can
                                               be put in front
  epshim check --pid 4711 --for 10s            a process that runs already
  epshim check --pid 4711 --children           and its children
  epshim check --engine bpf -- ./static        a static or a Go program (as root)

The program runs unchanged, in this process: its own exit code, signals, descriptors and terminal. What is found is \
explained by `epshim explain RULE`. Static programs, Go programs, setuid programs and those of another architecture or \
C library cannot be watched this way, and are refused with the reason; with --engine bpf the first three can.

With --pid the processes are not touched and may be of any language, static programs and Go too: their system calls \
come from the kernel (eBPF), which needs x86-64, Linux 5.8 and root, or CAP_BPF and CAP_PERFMON. While it watches, \
every system call of every process of the machine takes about 82 ns longer. What was before is not known.

Environment:
  EPSHIM_OPTIONS  what the options say, as key=value:key=value; the command line
                  wins. EPSHIM_OPTIONS=help=1 epshim check true lists the keys
  LD_PRELOAD      kept; the library is added before it, but after a sanitizer's
                  runtime
  EPSHIM_PRELOAD  the path of libepshim_preload.so; otherwise it is looked for
                  beside this command, in the build tree, and in ../lib,
                  ../lib/<multiarch> and ../lib64

Exit code: the program's own, or N of --error-exitcode; with --pid 0 nothing was found, or notes only, 1 (or N) \
something was; 125 epshim failed or refused; 126 the command cannot be \
invoked; 127 there is none.";

const RUN_HELP: &str = "\
To see that the library itself changes nothing, and what it costs: every call is passed on, and none is looked at. See \
`epshim check --help` for the environment and for what is refused.

Exit code: the program's own; 125 epshim failed or refused; 126 the command cannot be invoked; 127 there is none.";

/// What makes a value of a word.
type Parser<T> = fn(&str) -> Result<T, String>;

/// A rule of `check`; shells suggest the names.
const RULE: Suggested<Parser<Rule>> =
    Suggested { parser: rules::named, values: || Rule::ALL.map(Rule::name).to_vec() };

/// Runs a program and reports what is wrong with its event loop.
///
/// Watches the epoll calls of an unmodified, dynamically linked program, and the reads, writes and closes
/// that belong to them.
#[derive(Debug, Args)]
#[command(after_help = CHECK_HELP, override_usage = "epshim check [OPTIONS] [--] CMD [ARG]...\n       epshim check [OPTIONS] --pid PID[,PID...] [--children] [--for TIME]", mut_arg("command", |command| command.required_unless_present_any(["print_env", "pid"])))]
pub struct CheckOptions {
    /// Write findings to FILE, as JSON lines; %p is the process id, `-` the program's standard output
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Write the report to FILE instead of stderr; %p is the process id, `-` the program's standard output
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,

    /// Write the findings in this form too: text, json=FILE, sarif=FILE, junit=FILE, github; repeatable
    #[arg(long, value_name = "FORM[=FILE]")]
    pub format: Vec<Format>,

    /// Report only these rules; repeatable, or separated by commas
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = RULE, hide_possible_values = true)]
    pub only: Vec<Rule>,

    /// Do not report these rules; repeatable, or separated by commas
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = RULE, hide_possible_values = true)]
    pub except: Vec<Rule>,

    /// Exit with N if something was found (0: with the program's own code)
    #[arg(long, value_name = "N")]
    pub error_exitcode: Option<u8>,

    /// End the program at the first finding
    #[arg(long)]
    pub halt_on_error: bool,

    /// Do not report what FILE lists: lines of RULE:GLOB, matched with function, file and module; `-` is stdin
    #[arg(long, value_name = "FILE")]
    pub suppressions: Option<PathBuf>,

    /// Do not report what an earlier run has found, whose JSON lines FILE has
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,

    /// Write the lines of a suppressions file that would silence this run
    #[arg(long, value_name = "FILE")]
    pub gen_suppressions: Option<PathBuf>,

    /// Report notes too: what correct programs do as well
    #[arg(long)]
    pub notes: bool,

    /// Record what the program does to FILE, for `epshim replay`; %p is the process id
    #[arg(long, value_name = "FILE", conflicts_with = "print_env")]
    pub record: Option<PathBuf>,

    /// Do not say at the start what is watched and where the report goes
    #[arg(long)]
    pub quiet: bool,

    /// What sees the program's calls: preload, a library in it; bpf, the kernel, for static and Go programs too (as root)
    #[arg(long, value_name = "ENGINE", value_enum, default_value_t = Engine::Preload, hide_default_value = true)]
    pub engine: Engine,

    /// Record N callers of each call (0: its own place only)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(..=i64::from(MAX_STACK_DEPTH)))]
    pub stack: Option<u8>,

    /// Watch processes that run already, of any language, in place of a program: ids, names, units, containers
    #[arg(long, value_name = "PID|NAME", value_delimiter = ',', help_heading = "A process that runs already", conflicts_with_all = ["command", "print_env", "trace_children", "halt_on_error", "engine"])]
    pub pid: Vec<String>,

    /// With --pid: also the processes that these have started, and those that they will start
    #[arg(long, help_heading = "A process that runs already")]
    pub children: bool,

    /// End after this time, as 10s or 2m; else at Ctrl-C, or when the processes have ended
    #[arg(long = "for", value_name = "TIME", help_heading = "A process that runs already", value_parser = some_time)]
    pub time: Option<Duration>,

    #[command(flatten)]
    pub launch: Launch,
}

/// What sees the calls of a program that is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// The preload library.
    Preload,
    /// The kernel.
    Bpf,
}

/// Runs a program with the library of `check`, but without checking.
#[derive(Debug, Args)]
#[command(after_help = RUN_HELP, override_usage = "epshim run [OPTIONS] [--] CMD [ARG]...")]
pub struct RunOptions {
    #[command(flatten)]
    pub launch: Launch,
}

/// What `check` and `run` both need to start a program.
#[derive(Debug, Args)]
pub struct Launch {
    /// Also the programs that this one starts (no, unless EPSHIM_OPTIONS says otherwise)
    #[arg(long, value_name = "yes|no", num_args = 0..=1, require_equals = true, default_missing_value = "yes", value_parser = yes_or_no, action = ArgAction::Set)]
    pub trace_children: Option<bool>,

    /// Print the environment that the program would get, quoted for a shell, and do not run it
    #[arg(long)]
    pub print_env: bool,

    /// The program and its arguments
    #[arg(value_name = "CMD", required_unless_present = "print_env", trailing_var_arg = true)]
    pub command: Vec<OsString>,
}
