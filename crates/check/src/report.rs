//! What users read: findings and the end of a report as text and as JSON lines, and the findings
//! that they do not want to read.
//!
//! Nothing here looks anything up. Call sites come in as frames, resolved by whoever watches the
//! program; times and process ids come in as numbers; what goes out is a string to be written.

mod block;
pub mod dialogue;
pub mod end;
mod fate;
pub mod json;
pub mod suppressions;
pub mod text;

pub use end::{Count, End, NotFollowed, Seen};
pub use fate::{Fate, How, Others, Total};
pub use suppressions::Suppressions;

use crate::finding::{Finding, Role};
use crate::printable;
use std::borrow::Cow;
use std::time::Duration;

/// A finding with its call sites resolved.
#[derive(Debug, Clone)]
pub struct Report {
    /// The process that it was found in.
    pub pid: u32,
    /// When: since 1970.
    pub time: Duration,
    /// What was found.
    pub finding: Finding,
    /// The call sites of the finding, in its order.
    pub stacks: Vec<Stack>,
}

/// A call site: the call, and as many of its callers as are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// What it has to do with the finding.
    pub role: Role,
    /// The innermost first.
    pub frames: Vec<Frame>,
}

/// A place in the code of a loaded module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The path of the program or library; empty where the address belongs to none.
    pub module: String,
    /// The address as the module's own tables count it, or the bare address.
    pub offset: u64,
    /// The function there, the ones it is inlined into after it; none where they are not known.
    pub symbols: Vec<Symbol>,
}

/// A function, and a line in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// Its name as the language writes it.
    pub function: String,
    /// The source file.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<u32>,
}

impl Stack {
    /// Leaves so many functions, of which inlined ones count as any other.
    pub fn shorten(&mut self, functions: usize) {
        let mut left = functions;
        self.frames.retain_mut(|frame| {
            frame.symbols.truncate(left);
            let is_left = left > 0;
            left = left.saturating_sub(frame.symbols.len().max(1));
            is_left
        });
    }
}

impl Symbol {
    /// `file:line`, as far as it is known.
    fn place(&self) -> Option<Cow<'_, str>> {
        let file = self.file.as_deref()?;
        Some(match self.line {
            Some(line) => Cow::Owned(format!("{file}:{line}")),
            None => Cow::Borrowed(file),
        })
    }
}

impl Report {
    /// The frame that the finding is named by: the first of the first call site.
    fn top(&self) -> Option<&Frame> {
        self.stacks.first()?.frames.first()
    }

    /// The line of a suppressions file that silences this finding and its like.
    #[must_use]
    pub fn suppression(&self) -> String {
        let name = self.top().map_or("", |top| match top.symbols.first() {
            Some(symbol) => symbol.function.as_str(),
            None => base_name(&top.module),
        });
        let mut glob = name.replace(printable::is_command, "?");
        if glob.is_empty() || glob.trim() != glob {
            "*".clone_into(&mut glob);
        }
        format!("{}:{glob}", self.finding.rule)
    }
}

/// A path without its folders.
fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
