//! The table of the options: name, value, meaning, and how each is set and read.
//!
//! `set` returns what would have been right where the value is wrong; `get` writes what `set` reads. The
//! names are the keys of `EPSHIM_OPTIONS`, and the fields of [`Options`]: the macro makes one of the other.
//! Nothing here knows how the variable's text is put together: that is `syntax.rs`.

use super::complaint::nearest;
use super::given::{Color, Mode, Options};
use super::interpreter::{read_lines, write_lines};
use crate::engine::Rule;
use epshim_observe::fault::{Fault, Faults, Level};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// The most callers that are recorded of a call.
pub const MAX_STACK_DEPTH: u8 = 64;

/// One option.
pub struct Setting {
    pub name: &'static str,
    /// The value, for the help.
    pub takes: &'static str,
    pub does: &'static str,
    pub set: fn(&mut Options, &str) -> Result<(), String>,
    pub get: fn(&Options) -> String,
}

/// A row of the table: the option of the field's name, and the functions that read and write its type.
macro_rules! setting {
    ($field:ident, $takes:literal, $does:literal, $read:expr, $write:expr) => {
        Setting {
            name: stringify!($field),
            takes: $takes,
            does: $does,
            set: |options, value| {
                let (value, complaint) = $read(value);
                if let Some(value) = value {
                    options.$field = value;
                }
                complaint.map_or(Ok(()), Err)
            },
            get: |options| $write(&options.$field),
        }
    };
}

pub const SETTINGS: [Setting; 23] = [
    setting!(mode, "check|chaos|transparent", "whether it is watched", read_mode, write_mode),
    setting!(seed, "N", "what the luck of mode=chaos is drawn from", read_seed, u64::to_string),
    setting!(level, "polite|rough|brutal", "how bad it may be", read_level, Level::to_string),
    setting!(faults, "FAULTS", "only these", read_faults, write_faults),
    setting!(json, "PATH", "write findings as JSON lines", read_path, write_path),
    setting!(log_path, "stderr|PATH", "where the report goes", read_log, write_log),
    setting!(only, "RULES", "report only these", read_rules, write_rules),
    setting!(except, "RULES", "do not report these", read_rules, write_rules),
    setting!(exitcode, "N", "exit code if something was found", number::<255>, u8::to_string),
    setting!(halt_on_error, "0|1", "end the program at the first finding", read_flag, write_flag),
    setting!(suppressions, "PATH", "findings not to report, as rule:glob", read_path, write_path),
    setting!(suppress, "LINES", "the same as text, in quotes", read_path, write_path),
    setting!(notes, "0|1", "report notes too", read_flag, write_flag),
    setting!(trace_children, "0|1", "watch the programs it starts", read_flag, write_flag),
    setting!(observer, "0|1", "have a process beside it write its end", read_flag, write_flag),
    setting!(stall, "500ms|off", "how long a loop may stand still", read_stall, write_stall),
    setting!(
        stack_depth,
        "N",
        "callers recorded of each call",
        number::<MAX_STACK_DEPTH>,
        u8::to_string
    ),
    setting!(lines, "0|1|LANGUAGES", "lines of python,node,ruby,php,java", read_lines, write_lines),
    setting!(symbolize, "0|1", "function, file and line of each call", read_flag, write_flag),
    setting!(symbolizer, "PATH", "the epshim command, which finds them", read_path, write_path),
    setting!(color, "auto|always|never", "colour the report", read_color, write_color),
    setting!(verbosity, "N", "how much the library says of itself", number::<9>, u8::to_string),
    setting!(help, "0|1", "print this and go on", read_flag, write_flag),
];

/// What was read, if anything, and what would have been right.
type Read<T> = (Option<T>, Option<String>);

fn choice<T: Copy>(value: &str, choices: &[(&str, T)]) -> Read<T> {
    match choices.iter().find(|(name, _)| *name == value) {
        Some(&(_, choice)) => (Some(choice), None),
        None => {
            let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            (None, Some(format!("expected {}", names.join(" or "))))
        }
    }
}

const MODES: [(&str, Mode); 3] =
    [("check", Mode::Check), ("chaos", Mode::Chaos), ("transparent", Mode::Transparent)];
const COLORS: [(&str, Color); 3] =
    [("auto", Color::Auto), ("always", Color::Always), ("never", Color::Never)];
/// The first two are the ones that are written and taught.
const FLAGS: [(&str, bool); 6] =
    [("0", false), ("1", true), ("no", false), ("yes", true), ("false", false), ("true", true)];

fn name<T: PartialEq>(value: &T, choices: &[(&str, T)]) -> String {
    let named = choices.iter().find(|(_, choice)| choice == value);
    named.expect("every value has a name").0.to_owned()
}

fn read_mode(value: &str) -> Read<Mode> {
    choice(value, &MODES)
}

fn write_mode(mode: &Mode) -> String {
    name(mode, &MODES)
}

fn read_seed(value: &str) -> Read<u64> {
    match value.parse() {
        Ok(seed) => (Some(seed), None),
        Err(_) => (None, Some("expected a number".to_owned())),
    }
}

fn read_level(value: &str) -> Read<Level> {
    match value.parse() {
        Ok(level) => (Some(level), None),
        Err(expected) => (None, Some(expected)),
    }
}

/// Of a list with an unknown fault in it, the known ones count.
fn read_faults(value: &str) -> Read<Faults> {
    let words = || value.split(',').map(str::trim).filter(|word| !word.is_empty());
    let unknown = words().find(|word| Fault::named(word).is_none()).map(|word| {
        match nearest(word, Fault::ALL.into_iter().map(Fault::name)) {
            Some(nearest) => format!("no fault `{word}`; did you mean `{nearest}`?"),
            None => format!("no fault `{word}`; `epshim chaos --list` has them"),
        }
    });
    let known: Faults = words().filter_map(Fault::named).collect();
    (Some(known).filter(|known| known.0 != 0), unknown)
}

fn write_faults(faults: &Faults) -> String {
    faults.iter().map(Fault::name).collect::<Vec<_>>().join(",")
}

fn read_color(value: &str) -> Read<Color> {
    choice(value, &COLORS)
}

fn write_color(color: &Color) -> String {
    name(color, &COLORS)
}

fn read_flag(value: &str) -> Read<bool> {
    let (value, complaint) = choice(value, &FLAGS);
    (value, complaint.map(|_| "expected 0 or 1".to_owned()))
}

fn write_flag(flag: &bool) -> String {
    name(flag, &FLAGS)
}

fn number<const MAX: u8>(value: &str) -> Read<u8> {
    let range: RangeInclusive<u8> = 0..=MAX;
    match value.parse().ok().filter(|number| range.contains(number)) {
        Some(number) => (Some(number), None),
        None => (None, Some(format!("expected a number from 0 to {MAX}"))),
    }
}

/// Below this an observer that looks every 100 ms sees nothing.
const LEAST_STALL: u32 = 200;

fn read_stall(value: &str) -> Read<u32> {
    let time = match value.strip_suffix("ms") {
        Some(milliseconds) => milliseconds.parse().ok(),
        None => value.strip_suffix('s').and_then(|seconds| {
            seconds.parse().ok().and_then(|seconds: u32| seconds.checked_mul(1000))
        }),
    };
    match time.filter(|&time| time >= LEAST_STALL) {
        Some(time) => (Some(time), None),
        None if value == "off" => (Some(0), None),
        None => (None, Some("expected off, or 200ms or more, as 500ms or 2s".to_owned())),
    }
}

fn write_stall(stall: &u32) -> String {
    if *stall == 0 { "off".to_owned() } else { format!("{stall}ms") }
}

/// An empty path takes back one that was set before.
fn read_path(value: &str) -> Read<Option<String>> {
    (Some(Some(value.to_owned()).filter(|path| !path.is_empty())), None)
}

fn write_path(path: &Option<String>) -> String {
    path.clone().unwrap_or_default()
}

fn read_log(value: &str) -> Read<Option<String>> {
    read_path(if value == "stderr" { "" } else { value })
}

fn write_log(path: &Option<String>) -> String {
    path.clone().unwrap_or_else(|| "stderr".to_owned())
}

fn read_rules(value: &str) -> Read<BTreeSet<Rule>> {
    let names = value.split(',').filter(|name| !name.is_empty());
    let (known, unknown): (Vec<_>, Vec<_>) =
        names.map(|name| name.parse().map_err(|_| name)).partition(Result::is_ok);
    let unknown: Vec<_> = unknown.into_iter().filter_map(Result::err).collect();
    let known: BTreeSet<Rule> = known.into_iter().flatten().collect();
    if unknown.is_empty() {
        return (Some(known), None);
    }
    let complain = |name: &&str| match nearest(name, Rule::ALL.into_iter().map(Rule::name)) {
        Some(rule) => format!("no rule `{name}`; did you mean `{rule}`?"),
        None => format!("no rule `{name}`; `epshim rules` lists them"),
    };
    let complaints: Vec<_> = unknown.iter().map(complain).collect();
    (Some(known).filter(|known| !known.is_empty()), Some(complaints.join("; ")))
}

fn write_rules(rules: &BTreeSet<Rule>) -> String {
    rules.iter().map(|rule| rule.name()).collect::<Vec<_>>().join(",")
}
