//! What the options ask of the observer's own findings. They are read before the program runs: a file of
//! suppressions may be another one later, and the observer has left the program's folder.

use epshim_check::options::MAX_SUPPRESSIONS;
use epshim_check::{Options, Rule};
use epshim_report::Suppressions;
use std::fs::{self, File};
use std::io::Read as _;

/// The rule whose findings they are.
const RULE: &str = "loop-stall";

/// What is asked.
#[derive(Debug)]
pub struct Asked {
    /// The rule is on.
    pub is_on: bool,
    pub suppressions: Suppressions,
    /// Functions of a stack that are shown.
    pub functions: usize,
    /// Functions, files and lines are wanted.
    pub symbolizes: bool,
}

impl Asked {
    /// As the options say. What is wrong with a suppression is the library's to complain of.
    pub fn of(options: &Options) -> Self {
        let file = options.suppressions.as_deref().and_then(read).unwrap_or_default();
        let text = options.suppress.as_deref().unwrap_or_default();
        Self {
            is_on: RULE.parse::<Rule>().is_ok_and(|rule| options.wants(rule)),
            suppressions: Suppressions::parse(&format!("{file}\n{text}")).0,
            functions: 1 + usize::from(options.stack_depth),
            symbolizes: options.symbolize,
        }
    }
}

/// A regular file, as the library reads it.
fn read(path: &str) -> Option<String> {
    let size = fs::metadata(path).ok().filter(fs::Metadata::is_file)?.len();
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(MAX_SUPPRESSIONS).read_to_end(&mut bytes).ok()?;
    (size <= MAX_SUPPRESSIONS).then(|| String::from_utf8_lossy(&bytes).into_owned())
}
