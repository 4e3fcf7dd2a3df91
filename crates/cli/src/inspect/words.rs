//! How names and numbers are written in the text of an inspection.

use crate::inspect::stacks::Frame;
use epshim_report::printable;

/// A text of the process's, as it may be shown.
pub fn shown(text: &str) -> String {
    printable::text(text).into_owned()
}

/// `Cache::get cache.cc:88`, `read (libc.so.6+0x10e1f3)`.
pub fn frame(frame: &Frame) -> String {
    let module = frame.module.as_deref().map(|module| module.rsplit('/').next().unwrap_or(module));
    let offset = frame.offset;
    let place = match (&frame.file, frame.line) {
        (Some(file), Some(line)) => {
            let base = file.rsplit('/').next().unwrap_or(file);
            format!("{base}:{line}")
        }
        _ => match module {
            Some(module) => format!("({module}+{offset:#x})"),
            None => format!("{offset:#x}"),
        },
    };
    match &frame.function {
        Some(function) => shown(&format!("{function} {place}")),
        None => shown(&place),
    }
}

/// The same with the whole path: `Cache.get /srv/app/cache.py:88`.
pub fn in_full(frame: &Frame) -> String {
    let function = frame.function.as_deref().unwrap_or_default();
    let file = frame.file.as_deref().unwrap_or_default();
    let line = frame.line.map_or(String::new(), |line| format!(":{line}"));
    shown(&format!("{function} {file}{line}"))
}
