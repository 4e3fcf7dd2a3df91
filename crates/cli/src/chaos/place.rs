//! Where in the program a fault was made: function, file and line.

use crate::symbolize::module::Module;
use epshim_ledger::Place;
use std::path::Path;

/// A place, with the names that are known.
pub struct Named {
    pub function: Option<String>,
    /// FILE:LINE.
    pub line: Option<String>,
    /// The module and the offset.
    pub at: String,
}

impl Named {
    pub fn of(place: &Place) -> Self {
        let path = Path::new(&place.module);
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let at = format!("{file}+0x{:x}", place.offset);
        let frames = Module::open(path).map(|module| module.frames(place.offset));
        let frames = frames.unwrap_or_default();
        let (function, line) =
            frames.lines().next().and_then(|line| line.split_once('\t')).unwrap_or(("??", "??"));
        let known = |word: &str| (!word.starts_with("??")).then(|| word.to_owned());
        let short = |line: String| line.rsplit('/').next().unwrap_or_default().to_owned();
        Self { function: known(function), line: known(line).map(short), at }
    }

    /// In one line.
    pub fn text(&self) -> String {
        match (&self.function, &self.line) {
            (Some(function), Some(line)) => format!("{function} {line} ({})", self.at),
            (Some(function), None) => format!("{function} ({})", self.at),
            _ => self.at.clone(),
        }
    }
}
