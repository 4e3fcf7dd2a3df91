//! The command line: subcommands, options, and the texts of `--help`.

mod chaos;
mod format;
mod inspect;
mod launch;
mod profile;
mod replay;
mod time;
mod top;
mod yes_or_no;

use crate::completions::Suggested;
use crate::emit::Language;
use crate::{layout, rules};
use clap::builder::StringValueParser;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

pub use chaos::ChaosOptions;
pub use format::{Form, Format};
pub use inspect::InspectOptions;
pub use launch::{CheckOptions, Engine, Launch, RunOptions};
pub use profile::{Other, ProfileOptions};
pub use replay::ReplayOptions;
pub use top::TopOptions;

/// epoll with a proven ABI, and what is wrong with your event loop.
#[derive(Debug, Parser)]
#[command(name = "epshim", version, arg_required_else_help = true, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Check(CheckOptions),
    Run(RunOptions),
    Chaos(ChaosOptions),
    Inspect(InspectOptions),
    Profile(ProfileOptions),
    Top(TopOptions),
    Replay(ReplayOptions),
    Rules(RulesOptions),
    Explain(ExplainOptions),
    Layout(LayoutOptions),
    /// Function, file and line of addresses: for the preload library, on stdin and stdout
    #[command(hide = true)]
    Symbolize,
    /// The completions of this command for a shell, to be installed: `make install` does
    #[command(hide = true)]
    Completions {
        shell: clap_complete::Shell,
    },
    /// Processes that have an epoll: for the completions
    #[command(hide = true)]
    Processes,
}

const EXIT_CODES: &str = "\
Without a command it says what to do next, by what runs on this machine.

Exit code: of `check`, `profile` and `run` the program's own, or 125 to 127, see there. Otherwise 0 answered, and what was \
compared is equal, or nothing was found; 1 it differs, something was found, or the answer cannot be written; 2 no \
answer, and the reason on stderr.";

/// Lists what can be found: each rule, and how sure it is.
#[derive(Debug, Args)]
pub struct RulesOptions {
    /// The rules with all of their pages, as JSON
    #[arg(long)]
    pub json: bool,

    /// The pages as one document, docs/rules.md
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
}

/// Explains one rule: what it finds, its evidence, the fix, real bugs.
#[derive(Debug, Args)]
pub struct ExplainOptions {
    /// A rule's name, or its beginning: `epshim rules` lists them, reports give them
    #[arg(value_parser = suggested(|| rules::all().collect()), hide_possible_values = true)]
    pub rule: String,

    /// The page as JSON
    #[arg(long)]
    pub json: bool,
}

/// Any word; shells suggest these.
fn suggested(values: fn() -> Vec<&'static str>) -> Suggested<StringValueParser> {
    Suggested { parser: StringValueParser::new(), values }
}

const LAYOUT_HELP: &str = "\
Examples:
  epshim layout                              does everybody agree on this machine?
  epshim layout --target aarch64-linux-gnu   what it is on another target
  epshim layout --target armhf               Debian's and Rust's names work too
  epshim layout --all                        on every target
  epshim layout --sysroot ~/sdk/sysroot --target riscv64-linux-gnu
                                             does its header say the same?
  epshim layout --binary target/debug/server what a program was compiled with
  epshim layout --binary build --recursive   what all below a folder were
  epshim layout --emit python > epoll_abi.py the definition, for this machine
  epshim layout --emit go --target arm64     the definition, for another one

Without an option, the host's layout is asked of epshim, of the libc crate, of bindgen (all three as compiled into \
this command), of the golden table docs/layouts.toml, and of the C compiler $CC, or cc.

With --sysroot, clang (or $CLANG_PATH) compiles, but does not run, a small file. A constant that only the header or \
only the table has is mentioned, and is no difference: headers of other versions have others.

With --binary, the layout is read from DWARF or BTF, in the file, its debug file, its .dwo files or .dwp, and is held \
against the row of its ELF header and C library. Certain is what epoll_ctl or epoll_wait take by their prototypes, and \
a structure epoll_event (in Go, EpollEvent of syscall or x/sys/unix); other structures of the same shape are \
suspected. An alignment that alone differs counts with --strict only. A file in which nothing is certain has no answer.

Colour only on a terminal, and not where NO_COLOR is set.

Exit code: 0 answered, and what was compared is equal; 1 it differs, or the answer cannot be written; 2 no answer, \
and the reason on stderr.";

/// Says where struct epoll_event has what: here, on any target, for any language.
#[derive(Debug, Args)]
#[command(after_help = LAYOUT_HELP)]
pub struct LayoutOptions {
    /// Another target than this machine: a GNU triple, Debian's name, or a Rust triple
    #[arg(long, value_name = "TRIPLE", value_parser = suggested(layout::targets), hide_possible_values = true)]
    pub target: Option<String>,

    /// All targets of the golden table
    #[arg(long, conflicts_with_all = ["target", "sysroot", "emit"])]
    pub all: bool,

    /// Measure <sys/epoll.h> of this sysroot with clang and compare it with the golden table
    #[arg(long, value_name = "DIR", conflicts_with = "emit")]
    pub sysroot: Option<PathBuf>,

    /// Judge compiled programs, libraries or object files by their debugging information
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["all", "sysroot", "emit"])]
    pub binary: Vec<PathBuf>,

    /// A structure that is epoll's for certain, by its name or path; may be given again
    #[arg(long = "type", value_name = "NAME", requires = "binary")]
    pub types: Vec<String>,

    /// The debugging information of the file, in another one
    #[arg(long, value_name = "FILE", requires = "binary", conflicts_with = "recursive")]
    pub debug_file: Option<PathBuf>,

    /// Search folders for ELF files
    #[arg(long, requires = "binary")]
    pub recursive: bool,

    /// Count what is only suspected, and an alignment that alone differs
    #[arg(long, requires = "binary")]
    pub strict: bool,

    /// Write the structure, the constants and the calls for a language
    #[arg(long, value_name = "LANGUAGE")]
    pub emit: Option<Language>,

    /// The answer as JSON
    #[arg(long, conflicts_with = "emit")]
    pub json: bool,
}
