//! `/tmp/perf-PID.map`: the functions that a just-in-time compiler has listed for perf(1), as Node does with
//! `--perf-basic-prof`.
//!
//! In that folder any user may make a file of any name. So the file is read only if it is the user's own, regular, and
//! no link, which is asked of the file that was opened. A list that is very long is not read.
//!
//! Surprising: the line is the function's, or its first, not that of the call: the list has no other.

use crate::symbolize::module::UNKNOWN;
use epshim_interpreters::perf_map::Map;
use rustix::fs::{CWD, Mode, OFlags, fstat, openat};
use rustix::process::geteuid;
use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::MetadataExt as _;

/// Bytes of a list.
const LONGEST: u64 = 256 << 20;

/// The lists that were read, each once.
#[derive(Debug, Default)]
pub struct PerfMaps(HashMap<Vec<u8>, Map>);

/// Whether a path is that of a list.
pub fn is_one(path: &[u8]) -> bool {
    let number = path.strip_prefix(b"/tmp/perf-").and_then(|path| path.strip_suffix(b".map"));
    number.is_some_and(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit))
}

impl PerfMaps {
    /// The function at an address, as an answer.
    pub fn frames(&mut self, path: &[u8], address: u64) -> String {
        let list = || read(path).map(Map::parse).unwrap_or_default();
        let map = self.0.entry(path.to_owned()).or_insert_with(list);
        map.at(address).map_or_else(|| UNKNOWN.to_owned(), answer)
    }
}

fn read(path: &[u8]) -> Option<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(openat(CWD, path, flags, Mode::empty()).ok()?);
    let is_own = fstat(&file).is_ok_and(|stat| stat.st_uid == geteuid().as_raw());
    let known = file.metadata().ok().filter(|known| known.is_file() && known.nlink() == 1)?;
    (is_own && known.len() <= LONGEST).then(|| crate::input::text(file, LONGEST).ok()).flatten()
}

/// `JS:*serve /srv/app.js:3:15`, `TRACE_7::app.lua:12`, `py::serve:/srv/app.py`, or a name alone.
fn answer(name: &str) -> String {
    let name = name.replace(['\t', '\n'], " ");
    let parsed = node(&name).or_else(|| luajit(&name)).or_else(|| python(&name));
    let (function, place) = parsed.unwrap_or((&name, "??"));
    format!("{function}\t{place}\n")
}

/// V8's: how it was compiled, the function, the file with line and column.
fn node(name: &str) -> Option<(&str, &str)> {
    let name = name.strip_prefix("JS:")?;
    let name = name.trim_start_matches(['~', '^', '+', '*', '\'']);
    let (function, place) = name.split_once(' ').unwrap_or((name, ""));
    let (place, _column) = place.rsplit_once(':').unwrap_or((place, ""));
    let function = if function.is_empty() { "(anonymous)" } else { function };
    Some((function, if place.is_empty() { "??" } else { place }))
}

/// LuaJIT's: the number of a trace, and where it begins.
fn luajit(name: &str) -> Option<(&str, &str)> {
    let (trace, place) = name.split_once("::")?;
    trace.starts_with("TRACE_").then_some((trace, place))
}

/// CPython's.
fn python(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix("py::")?.split_once(':')
}

#[cfg(test)]
mod tests {
    use super::{answer, is_one};

    #[test]
    fn only_the_lists_of_processes_are_lists() {
        assert!(is_one(b"/tmp/perf-4711.map"));
        for path in ["/tmp/perf-.map", "/tmp/perf-1/2.map", "/tmp/perf-12.mapx", "/x/perf-1.map"] {
            assert!(!is_one(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn the_names_of_each_compiler_are_taken_apart() {
        for (name, expected) in [
            ("JS:*serve /srv/app.js:3:15", "serve\t/srv/app.js:3\n"),
            ("JS:~ /srv/app.js:1:1", "(anonymous)\t/srv/app.js:1\n"),
            ("JS:^readSync node:fs:750:20", "readSync\tnode:fs:750\n"),
            ("TRACE_7::app.lua:12", "TRACE_7\tapp.lua:12\n"),
            ("py::serve:/srv/app.py", "serve\t/srv/app.py\n"),
            ("long B.spin(long)", "long B.spin(long)\t??\n"),
            ("Interpreter", "Interpreter\t??\n"),
        ] {
            assert_eq!(answer(name), expected);
        }
    }
}
