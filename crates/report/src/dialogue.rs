//! What is asked of `epshim symbolize` and how its answers are read. It answers every line
//! `MODULE TAB 0xOFFSET` with a line `FUNCTION TAB FILE:LINE` for each function that was inlined
//! there, the innermost first, and an empty line; `??` is what it does not know. A third field is the line of the
//! source itself.
//!
//! Of a line of an interpreted program the source alone is asked: `FILE TAB LINE TAB SINCE`, where the file must not
//! be newer than that time, in nanoseconds since 1970. An address that is in no module is asked of the list that a
//! just-in-time compiler may have written: `/tmp/perf-PID.map` stands for the module.

use crate::stack::{Frame, Symbol};
use std::fmt::Write;
use std::time::Duration;

const UNKNOWN: &str = "??";

/// The process that is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Program<'a> {
    /// Its id.
    pub pid: u32,
    /// When it began, since 1970.
    pub since: Duration,
    /// The folder that it began in.
    pub folder: Option<&'a str>,
}

/// The questions, a line for each frame of which more can be known.
#[must_use]
pub fn questions(frames: &[Frame], program: Program<'_>) -> String {
    let mut text = String::new();
    for frame in frames.iter().filter(|frame| is_asked(frame)) {
        if let Some((file, line)) = source(frame) {
            let folder = program.folder.filter(|_| !file.starts_with('/'));
            let (folder, slash) = folder.map_or(("", ""), |folder| (folder, "/"));
            let since = program.since.as_nanos();
            let _ = writeln!(text, "{folder}{slash}{file}\t{line}\t{since}");
        } else if frame.module.is_empty() {
            let _ = writeln!(text, "/tmp/perf-{}.map\t{:#x}", program.pid, frame.offset);
        } else {
            let _ = writeln!(text, "{}\t{:#x}", frame.module, frame.offset);
        }
    }
    text
}

/// The place of a function of an interpreted program.
fn source(frame: &Frame) -> Option<(&str, u32)> {
    let symbol = frame.symbols.first().filter(|_| frame.interpreted.is_some())?;
    Some((symbol.file.as_deref()?, symbol.line?))
}

/// Fills the answers in, as far as they go. Whether that is to the end.
pub fn answers(text: &str, frames: &mut [Frame]) -> bool {
    let mut lines = text.split_inclusive('\n').map_while(|line| line.strip_suffix('\n'));
    for frame in frames.iter_mut().filter(|frame| is_asked(frame)) {
        let mut symbols = Vec::new();
        loop {
            match lines.next() {
                None => return false,
                Some("") => break,
                Some(line) => symbols.extend(symbol(line)),
            }
        }
        match frame.interpreted {
            None => frame.symbols = symbols,
            Some(_) => {
                let found = symbols.into_iter().next().and_then(|symbol| symbol.source);
                frame.symbols.iter_mut().for_each(|symbol| symbol.source.clone_from(&found));
            }
        }
    }
    true
}

/// No line can name a module with a line feed in its path, and no tab be in a file's.
fn is_asked(frame: &Frame) -> bool {
    match frame.interpreted {
        Some(_) => source(frame).is_some_and(|(file, _)| !file.contains(['\n', '\t', '<'])),
        None => !frame.module.contains('\n'),
    }
}

/// A line of an answer: `FUNCTION TAB FILE:LINE`, and a tab and the source's line where that is known. `None`: it says
/// nothing.
#[must_use]
pub fn symbol(line: &str) -> Option<Symbol> {
    let mut fields = line.splitn(3, '\t');
    let (function, place) = (fields.next().unwrap_or(line), fields.next().unwrap_or(UNKNOWN));
    let source = fields.next();
    let (file, number) = match place.rsplit_once(':') {
        Some((file, number)) => match number.parse() {
            Ok(number) => (file, Some(number)),
            // `file:?` is a file, and so is one with a colon in its name.
            Err(_) if number.starts_with('?') => (file, None),
            Err(_) => (place, None),
        },
        None => (place, None),
    };
    let file = Some(file).filter(|&file| file != UNKNOWN && !file.is_empty());
    let is_known = function != UNKNOWN || file.is_some();
    is_known.then(|| Symbol {
        function: function.to_owned(),
        file: file.map(str::to_owned),
        line: number.filter(|&line| line > 0 && file.is_some()),
        source: source.filter(|text| !text.is_empty()).map(str::to_owned),
    })
}
