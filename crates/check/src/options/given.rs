//! What `EPSHIM_OPTIONS` can say.

use super::interpreter::Interpreter;
use crate::engine::Rule;
use epshim_observe::fault::{Faults, Level};
use std::collections::BTreeSet;

/// Whether the program is watched at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Every call is passed on and nothing else happens.
    Transparent,
    /// Calls are observed and findings reported.
    Check,
    /// The same, and legal bad luck is made.
    Chaos,
}

/// When reports are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

macro_rules! options {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $default:expr,)*) => {
        /// What `EPSHIM_OPTIONS` can say. The default is what an empty variable says.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Options {
            $($(#[$doc])* pub $name: $type,)*
        }

        impl Default for Options {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }
    };
}

options! {
    /// Whether the program is watched.
    mode: Mode = Mode::Transparent,
    /// What the bad luck of `mode=chaos` is drawn from.
    seed: u64 = 0,
    /// How bad it may be.
    level: Level = Level::Polite,
    /// Which faults; all of the level if none is named.
    faults: Faults = Faults(0),
    /// Where findings go as JSON lines; `%p` is the process id.
    json: Option<String> = None,
    /// Where the report goes, `%p` being the process id; to stderr without it.
    log_path: Option<String> = None,
    /// Only these rules; all if empty.
    only: BTreeSet<Rule> = BTreeSet::new(),
    /// Not these rules.
    except: BTreeSet<Rule> = BTreeSet::new(),
    /// The exit code of a program with findings; its own if 0.
    exitcode: u8 = 0,
    /// Ends the program at its first finding.
    halt_on_error: bool = false,
    /// A file of findings that are not to be reported.
    suppressions: Option<String> = None,
    /// The same as text, in lines. Both count.
    suppress: Option<String> = None,
    /// Reports findings of certainty `note` too.
    notes: bool = false,
    /// Programs that this one starts are watched too.
    trace_children: bool = true,
    /// A process beside the program writes its end where the program cannot.
    observer: bool = true,
    /// Milliseconds after which a thread that does not wait stands still; 0: that is not looked for.
    stall: u32 = 500,
    /// How many callers of a call are recorded; 0 is the call's own place only.
    stack_depth: u8 = 16,
    /// Finds the lines of a program that is in one of these languages.
    lines: BTreeSet<Interpreter> = Interpreter::ALL.into(),
    /// Turns addresses into function, file and line.
    symbolize: bool = true,
    /// The `epshim` command that does so.
    symbolizer: Option<String> = None,
    /// When the report is coloured.
    color: Color = Color::Auto,
    /// How much the library says of itself.
    verbosity: u8 = 0,
    /// Prints the options and goes on.
    help: bool = false,
}
