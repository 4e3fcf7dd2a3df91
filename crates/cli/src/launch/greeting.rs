//! The first line: which process is watched, by which version, and where the report goes. A program that is
//! killed leaves no other, and its user is to know that it was watched.
//!
//! It is written by this process just before it becomes the program, so its id is the program's. Programs
//! that are watched with it (`--trace-children`) have no such line.
//!
//! Surprising: standard error that cannot be written to is no reason not to run the program.

use crate::observer::Observer;
use crate::output::shown;
use epshim_check::Options;
use epshim_report::place::Place;
use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::process;

/// Writes the line on standard error, in one write.
pub fn say(program: &OsStr, options: &Options, observer: &Observer) {
    let alone = match observer {
        Observer::None(why) => Some(why.as_str()),
        _ => None,
    };
    let line = line(&program.to_string_lossy(), options, process::id(), alone);
    let _ = io::stderr().write_all(line.as_bytes());
}

/// `alone`: why no observer stands beside the program.
fn line(program: &str, options: &Options, pid: u32, alone: Option<&str>) -> String {
    let place = |path: &Option<String>| path.as_ref().map(|path| Place::of(path).name(pid));
    let report = place(&options.log_path).unwrap_or_else(|| "standard error".to_owned());
    let json = place(&options.json).map(|path| format!(", as JSON to {path}")).unwrap_or_default();
    let alone = alone.map(|why| format!("; no observer, so that a signal ends it unsaid: {why}"));
    let alone = alone.unwrap_or_default();
    let what = format!("watches {program}; the report goes to {report}{json}{alone}");
    format!("=={pid}== epshim {}: {}\n", env!("CARGO_PKG_VERSION"), shown(&what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_names_every_place_and_no_control_character_arrives() {
        let mut options = Options::default();
        let version = env!("CARGO_PKG_VERSION");
        let start = format!("==7== epshim {version}: watches a\\u{{1b}}b; the report goes to ");
        assert_eq!(line("a\x1bb", &options, 7, None), format!("{start}standard error\n"));
        options.log_path = Some("/l.%p".to_owned());
        options.json = Some("-".to_owned());
        let places = "/l.7, as JSON to standard output";
        assert_eq!(line("a\x1bb", &options, 7, None), format!("{start}{places}\n"));
    }
}
