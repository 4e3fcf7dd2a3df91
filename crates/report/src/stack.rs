//! A finding with its call sites as frames of named functions.

use crate::descriptor::Descriptor;
use epshim_check::{Finding, Role};
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
    /// Its descriptors, each once, as far as something is known of them.
    pub descriptors: Vec<Descriptor>,
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
    /// It is a function of an interpreted program, which is in no module.
    pub interpreted: Option<Interpreted>,
}

/// What is known of a function of an interpreted program, beside its one symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interpreted {
    /// The language's name.
    pub language: &'static str,
    /// It is the user's own code, and no event loop stands between it and the call.
    pub is_users: bool,
}

impl Frame {
    /// An address in a module, of which no more is known yet.
    #[must_use]
    pub const fn at(module: String, offset: u64) -> Self {
        Self { module, offset, symbols: Vec::new(), interpreted: None }
    }
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
    /// The text of that line, where the source was at hand.
    pub source: Option<String>,
}

impl Stack {
    /// The innermost frames: those of an interpreted program's functions, and before them what they have called. Behind
    /// them is how the interpreter does it. Without such functions all.
    pub(crate) fn of_the_program(&self) -> &[Frame] {
        let last = self.frames.iter().rposition(|frame| frame.interpreted.is_some());
        last.map_or(&self.frames, |last| &self.frames[..=last])
    }

    /// The place of the user's own line.
    fn users_place(&self) -> Option<usize> {
        let is_users = |frame: &Frame| frame.interpreted.is_some_and(|one| one.is_users);
        self.frames.iter().position(is_users)
    }

    /// Whether it has functions of an interpreted program.
    pub(crate) fn is_interpreted(&self) -> bool {
        self.frames.iter().any(|frame| frame.interpreted.is_some())
    }

    /// Leaves at most this number of functions, of which inlined ones count as any other.
    pub fn shorten(&mut self, functions: usize) {
        let of_the_program = self.of_the_program().len();
        self.frames.truncate(of_the_program);
        let mut left = functions.max(self.users_place().map_or(0, |place| place + 1));
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
    pub(crate) fn place(&self) -> Option<Cow<'_, str>> {
        let file = self.file.as_deref()?;
        Some(match self.line {
            Some(line) => Cow::Owned(format!("{file}:{line}")),
            None => Cow::Borrowed(file),
        })
    }
}

/// A path without its folders.
pub(crate) fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
