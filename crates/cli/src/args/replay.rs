//! The options of `epshim replay`, and the texts of its `--help`.

use crate::rules;
use clap::Args;
use epshim_check::Rule;
use std::path::PathBuf;

const REPLAY_HELP: &str = "\
Examples:
  epshim check --record server.trace -- ./server
  epshim replay server.trace                     what the rules say of it, here and now
  epshim replay --json server.trace              the same as JSON lines
  epshim replay --text server.trace > trace.txt  all of it as text, a line each
  epshim replay trace.txt                        a trace as text is read too: cut it down, and keep it as a test

A recording has what the program did with its epolls and the descriptors in them, and when; what the kernel
answered about each suspicion; and where in the program that was. It has no byte of what was read and written. The
program is not needed, nor the machine: names of functions are those that the recording has.

Exit code: 0 nothing was found, or notes only; 1 something was found; 2 FILE is no trace, or is cut off and has
nothing.";

/// Says what the rules say of a recording, made by `epshim check --record`.
#[derive(Debug, Args)]
#[command(after_help = REPLAY_HELP)]
pub struct ReplayOptions {
    /// The recording, or a trace as text; `-` is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Print the recording as text, and say nothing of it
    #[arg(long, conflicts_with_all = ["json", "only", "except", "notes"])]
    pub text: bool,

    /// The findings as JSON lines
    #[arg(long)]
    pub json: bool,

    /// Report only these rules; repeatable, or separated by commas
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = rules::named)]
    pub only: Vec<Rule>,

    /// Do not report these rules; repeatable, or separated by commas
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = rules::named)]
    pub except: Vec<Rule>,

    /// Report notes too: what correct programs do as well
    #[arg(long)]
    pub notes: bool,
}
