//! `epshim symbolize`: function, file and line of addresses, for the preload library. Hidden, because
//! its dialogue is between the two of them:
//!
//! ```text
//! > /usr/bin/server TAB 0x41d2
//! < read_all TAB /src/server.c:41 TAB n = read(fd, buffer, sizeof buffer);
//! < on_readable TAB /src/server.c:90
//! <
//! > /srv/app.py TAB 12 TAB 1764409000000000000
//! < ?? TAB /srv/app.py:12 TAB n = connection.recv(4096)
//! <
//! > /tmp/perf-4711.map TAB 0x7f0012345678
//! < serve TAB app.js:3
//! <
//! ```
//!
//! A question is a module's path and an address as the ELF file has it: the address in memory less
//! `dlpi_addr` of dl_iterate_phdr(3), which is what `addr2line -e` takes. The address of a call is
//! wanted, not the one that it returns to. Of a line of an interpreted program the source is asked, which must not be
//! newer than that time, in nanoseconds since 1970. The name of a just-in-time compiler's list stands for the code that it
//! has made (`perf_map.rs`). The answer is a line for each function that was inlined
//! there, the innermost first, and an empty line. What is not known is `??`; the line of the source itself is left
//! out then. Every answer is written at once.

pub mod module;
pub mod names;
mod perf_map;
mod source;

use crate::output;
use module::Module;
use perf_map::PerfMaps;
use source::Sources;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{BufRead, Read as _, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::str;
use std::time::Duration;

/// Bytes of a question: a path has at most PATH_MAX.
const LONGEST: u64 = 64 << 10;

/// Answers until the end of the input, or until the reader of the answers is gone. An error is a sentence.
pub fn answer(mut questions: impl BufRead, mut answers: impl Write) -> Result<(), String> {
    let (mut modules, mut sources) = (HashMap::new(), Sources::default());
    let mut perf_maps = PerfMaps::default();
    while let Some(line) = next_line(&mut questions)? {
        let text = match question(&line) {
            None => module::UNKNOWN.to_owned(),
            Some(Question::Line { place, since }) => sources.line(&place, since),
            Some(Question::Address { path, address }) if perf_map::is_one(path) => {
                perf_maps.frames(path, address)
            }
            Some(Question::Address { path, address }) => {
                let path = OsStr::from_bytes(path);
                let module: &Option<Module> =
                    modules.entry(path.to_owned()).or_insert_with(|| Module::open(path.as_ref()));
                let frames = module.as_ref().map(|module| module.frames(address));
                let known = frames.map(|frames| sources.complete(&frames, path.as_ref()));
                known.unwrap_or_else(|| module::UNKNOWN.to_owned())
            }
        };
        let outcome = writeln!(answers, "{text}").and_then(|()| answers.flush());
        if outcome.is_err() {
            return output::written(outcome);
        }
    }
    output::written(Ok(()))
}

/// A line without its end; nothing at the end of the input.
fn next_line(questions: &mut impl BufRead) -> Result<Option<Vec<u8>>, String> {
    let mut line = Vec::new();
    let got = questions.take(LONGEST).read_until(b'\n', &mut line);
    let got = got.map_err(|error| format!("cannot read the questions: {error}"))? as u64;
    match line.last() {
        Some(b'\n') => line.truncate(line.len() - 1),
        _ if got == LONGEST => return Err("a question has no end".to_owned()),
        _ => {}
    }
    Ok((got > 0).then_some(line))
}

/// What is asked.
#[derive(Debug, PartialEq, Eq)]
enum Question<'a> {
    /// Which functions are at an address of a file.
    Address { path: &'a [u8], address: u64 },
    /// What the line of a source is, `FILE:LINE`, unless the file has changed since.
    Line { place: String, since: Duration },
}

/// A path may contain anything but a line feed.
fn question(line: &[u8]) -> Option<Question<'_>> {
    let (path, last) = around_last_tab(line)?;
    if let Some(digits) = last.strip_prefix("0x") {
        return Some(Question::Address { path, address: u64::from_str_radix(digits, 16).ok()? });
    }
    let (file, number) = around_last_tab(path)?;
    let place = format!("{}:{}", str::from_utf8(file).ok()?, number.parse::<u32>().ok()?);
    Some(Question::Line { place, since: Duration::from_nanos(last.parse().ok()?) })
}

fn around_last_tab(line: &[u8]) -> Option<(&[u8], &str)> {
    let tab = line.iter().rposition(|&byte| byte == b'\t')?;
    Some((&line[..tab], str::from_utf8(&line[tab + 1..]).ok()?.trim()))
}
