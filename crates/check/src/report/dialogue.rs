//! What is asked of `epshim symbolize` and how its answers are read. It answers every line
//! `MODULE TAB 0xOFFSET` with a line `FUNCTION TAB FILE:LINE` for each function that was inlined
//! there, the innermost first, and an empty line; `??` is what it does not know.

use super::{Frame, Symbol};
use std::fmt::Write;

const UNKNOWN: &str = "??";

/// The questions, a line for each frame in a module.
#[must_use]
pub fn questions(frames: &[Frame]) -> String {
    let mut text = String::new();
    for frame in frames.iter().filter(|frame| is_asked(frame)) {
        let _ = writeln!(text, "{}\t{:#x}", frame.module, frame.offset);
    }
    text
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
        frame.symbols = symbols;
    }
    true
}

/// No line can name a module with a line feed in its path.
fn is_asked(frame: &Frame) -> bool {
    !frame.module.is_empty() && !frame.module.contains('\n')
}

fn symbol(line: &str) -> Option<Symbol> {
    let (function, place) = line.split_once('\t').unwrap_or((line, UNKNOWN));
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
    })
}
