//! `epshim symbolize`: function, file and line of addresses, for the preload library. Hidden, because
//! its dialogue is between the two of them:
//!
//! ```text
//! > /usr/bin/server TAB 0x41d2
//! < read_all TAB /src/server.c:41
//! < on_readable TAB /src/server.c:90
//! <
//! ```
//!
//! A question is a module's path and an address as the ELF file has it: the address in memory less
//! `dlpi_addr` of dl_iterate_phdr(3), which is what `addr2line -e` takes. The address of a call is
//! wanted, not the one that it returns to. The answer is a line for each function that was inlined
//! there, the innermost first, and an empty line. What is not known is `??`. Every answer is written at once.

mod module;

use crate::output;
use module::Module;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{BufRead, Read as _, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::str;

/// Bytes of a question: a path has at most PATH_MAX.
const LONGEST: u64 = 64 << 10;

/// Answers until the end of the input, or until nobody reads the answers. An error is a sentence.
pub fn answer(mut questions: impl BufRead, mut answers: impl Write) -> Result<(), String> {
    let mut modules = HashMap::new();
    while let Some(line) = next_line(&mut questions)? {
        let text = match question(&line) {
            None => module::UNKNOWN.to_owned(),
            Some((path, address)) => {
                let path = OsStr::from_bytes(path);
                let module: &Option<Module> =
                    modules.entry(path.to_owned()).or_insert_with(|| Module::open(path.as_ref()));
                let frames = module.as_ref().map(|module| module.frames(address));
                frames.unwrap_or_else(|| module::UNKNOWN.to_owned())
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

/// A path, which may contain anything but a line feed, and an address.
fn question(line: &[u8]) -> Option<(&[u8], u64)> {
    let tab = line.iter().rposition(|&byte| byte == b'\t')?;
    let digits = str::from_utf8(&line[tab + 1..]).ok()?.trim().strip_prefix("0x")?;
    Some((&line[..tab], u64::from_str_radix(digits, 16).ok()?))
}
