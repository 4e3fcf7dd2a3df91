//! The first line: who is watched from outside, until when, where the report goes, and what it costs the others.

use crate::output::shown;
use epshim_check::Options;
use epshim_report::place::Place;
use std::fs;
use std::io::{self, Write as _};
use std::time::Duration;

/// What watching costs the others.
pub const COST: &str =
    "Meanwhile every system call of every process of this machine takes about 82 ns longer";

/// Those who are watched.
pub fn named(pids: &[i32]) -> String {
    let name = |pid: &i32| {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        format!("{} ({pid})", name.trim_end())
    };
    pids.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// Until when a process that runs is watched.
pub fn until(time: Option<Duration>) -> String {
    match time {
        Some(time) => format!("for {} s or until Ctrl-C", time.as_secs_f64()),
        None => "until Ctrl-C".to_owned(),
    }
}

/// Says it.
pub fn greet(begin: &str, who: &str, when: &str, wanted: &Options) {
    let own = std::process::id();
    let place = |path: &Option<String>| path.as_ref().map(|path| Place::of(path).name(own));
    let report = place(&wanted.log_path).unwrap_or_else(|| "standard error".to_owned());
    let json = place(&wanted.json).map(|path| format!(", as JSON to {path}")).unwrap_or_default();
    let what = format!("watches {who}; the report goes to {report}{json}{when}. {COST}");
    let line = format!("{begin}epshim {}: {}\n", env!("CARGO_PKG_VERSION"), shown(&what));
    // Nothing can be done about a closed one.
    let _ = io::stderr().write_all(line.as_bytes());
}
