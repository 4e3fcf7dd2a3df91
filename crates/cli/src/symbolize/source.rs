//! The line of a source itself, where the file is at hand: the user's own or root's, regular, not larger than a
//! few MiB, and not newer than the module, or than the start of an interpreted program: what is compiled is then what is
//! read.
//!
//! The name comes from the module, which any user may have written. So nothing else is ever opened, a FIFO or a device
//! least of all, and what is read is one line of text, cut where it is long.

use crate::input;
use rustix::process::geteuid;
use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Bytes of a source. A longer one is a generated one.
const LONGEST: u64 = 4 << 20;
/// Characters of a line that are shown.
const SHOWN: usize = 120;

/// Sources that were read, each once.
#[derive(Debug, Default)]
pub struct Sources(HashMap<PathBuf, Option<String>>);

impl Sources {
    /// The answer of a module with the source's line as a third field, where it is known.
    pub fn complete(&mut self, answer: &str, module: &Path) -> String {
        let changed = || {
            let module = fs::metadata(module).ok()?;
            Some((module.mtime(), module.mtime_nsec()))
        };
        answer.lines().map(|line| self.completed(line, changed)).collect()
    }

    /// The answer for a line of an interpreted program, which began at this time since 1970.
    pub fn line(&mut self, place: &str, since: Duration) -> String {
        let since = (since.as_secs() as i64, since.subsec_nanos().into());
        self.completed(&format!("??\t{place}"), || Some(since))
    }

    /// A line of an answer, with the source's own line behind it. The file is not newer than `than`.
    fn completed(&mut self, line: &str, than: impl FnOnce() -> Option<Time>) -> String {
        match self.line_of(line, than) {
            Some(text) => format!("{line}\t{text}\n"),
            None => format!("{line}\n"),
        }
    }

    fn line_of(&mut self, answer: &str, than: impl FnOnce() -> Option<Time>) -> Option<String> {
        let (_, place) = answer.split_once('\t')?;
        let (file, line) = place.rsplit_once(':')?;
        let line: usize = line.parse().ok()?;
        let file = Path::new(file);
        if !file.is_absolute() {
            return None;
        }
        let read = || read(file, than()?);
        let text = self.0.entry(file.to_owned()).or_insert_with(read).as_deref()?;
        shown(text.lines().nth(line.checked_sub(1)?)?)
    }
}

/// Seconds and nanoseconds since 1970.
type Time = (i64, i64);

fn read(file: &Path, than: Time) -> Option<String> {
    let may_be_read = |source: &Metadata| {
        source.is_file()
            && source.len() <= LONGEST
            && [geteuid().as_raw(), 0].contains(&source.uid())
            && (source.mtime(), source.mtime_nsec()) <= than
    };
    // Before it is opened: that alone is noticed by who waits at a FIFO.
    fs::metadata(file).ok().filter(may_be_read)?;
    let opened = input::regular(file).ok()?;
    opened.metadata().ok().filter(may_be_read)?;
    String::from_utf8(input::text(opened, LONGEST).ok()?).ok()
}

/// Without the blanks around it, and without tabs, which separate fields. `None`: it is empty.
fn shown(line: &str) -> Option<String> {
    let line = line.trim().replace('\t', " ");
    let mut text: String = line.chars().take(SHOWN).collect();
    if text.len() < line.len() {
        text.push_str(" ...");
    }
    Some(text).filter(|text| !text.is_empty())
}
