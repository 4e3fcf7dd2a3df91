//! Findings that are not to be reported: a file of lines `rule:glob`.
//!
//! ```text
//! # The library keeps the descriptor on a list of its own.
//! edge-not-drained:uv__read*
//! *:libevent-2.1.so.7
//! ctl-error:*/third_party/*
//! ```
//!
//! The rule is a name or `*`. The glob must match, from end to end, the function, the source file (with `:` and the
//! line or without) or the module of any frame of the finding, files and modules with their folders or without; a
//! finding without a frame has an empty name. In the glob `*` is any text, `/` too, and `?` any one
//! character. Blanks around a line do not count; a line that begins with `#` is a comment.

use crate::glob::glob_matches;
use crate::stack::{Report, base_name};
use epshim_check::Rule;
use epshim_check::options::nearest;
use epshim_check::{Fingerprint, Tally};
use rustc_hash::FxHashMap;
use serde::Serialize;
use std::fmt;

/// The lines of a suppressions file, and what came of each.
#[derive(Debug, Clone, Default)]
pub struct Suppressions {
    lines: Vec<Suppression>,
    /// The findings that were suppressed, and by which line.
    suppressed: FxHashMap<Fingerprint, usize>,
}

#[derive(Debug, Clone)]
struct Suppression {
    /// None: all.
    rule: Option<Rule>,
    glob: String,
}

/// A line that has no effect. Displayed, it is a sentence for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The line's number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

/// A suppression that was of use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Used {
    /// The line.
    pub suppression: String,
    /// How many different findings it kept from being reported.
    pub findings: u64,
    /// How often they were seen.
    pub occurrences: u64,
}

impl Suppressions {
    /// Reads the text of a file. What is wrong in it has no effect.
    #[must_use]
    pub fn parse(text: &str) -> (Self, Vec<Complaint>) {
        let mut suppressions = Self::default();
        let mut complaints = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match Suppression::parse(line) {
                Ok(suppression) => suppressions.lines.push(suppression),
                Err(what) => complaints.push(Complaint { line: index + 1, what }),
            }
        }
        (suppressions, complaints)
    }

    /// Whether this finding is not to be reported. Remembers it for the end of the report.
    pub fn suppress(&mut self, report: &Report) -> bool {
        let Some(line) = self.lines.iter().position(|line| line.matches(report)) else {
            return false;
        };
        self.suppressed.insert(report.finding.fingerprint(), line);
        true
    }

    /// Whether a finding of this fingerprint was suppressed.
    #[must_use]
    pub fn has_suppressed(&self, fingerprint: Fingerprint) -> bool {
        self.suppressed.contains_key(&fingerprint)
    }

    /// The lines that were of use, in the order of the file.
    #[must_use]
    pub fn used(&self, tally: &Tally) -> Vec<Used> {
        let mut used: Vec<Used> = self.lines.iter().map(Suppression::unused).collect();
        for (fingerprint, _, times) in tally.each() {
            if let Some(&line) = self.suppressed.get(&fingerprint) {
                used[line].findings += 1;
                used[line].occurrences += times;
            }
        }
        used.retain(|used| used.findings > 0);
        used
    }
}

impl Suppression {
    fn parse(line: &str) -> Result<Self, String> {
        let Some((rule, glob)) = line.split_once(':') else {
            return Err(format!("`{line}` has no colon: write rule:glob"));
        };
        let (rule, glob) = (rule.trim(), glob.trim());
        if glob.is_empty() {
            return Err(format!("`{line}` suppresses nothing: write {line}*"));
        }
        let rule = match rule {
            "*" => None,
            name => Some(name.parse().map_err(|_| unknown(name))?),
        };
        Ok(Self { rule, glob: glob.to_owned() })
    }

    fn matches(&self, report: &Report) -> bool {
        if self.rule.is_some_and(|rule| rule != report.finding.rule) {
            return false;
        }
        let mut frames = report.stacks.iter().flat_map(|stack| &stack.frames).peekable();
        if frames.peek().is_none() {
            return glob_matches(&self.glob, "");
        }
        frames.any(|frame| {
            self.names(&frame.module)
                || frame.symbols.iter().any(|symbol| {
                    let file = |file: &str| self.names(file);
                    glob_matches(&self.glob, &symbol.function)
                        || symbol.file.as_deref().is_some_and(file)
                        || symbol.place().is_some_and(|place| file(&place))
                })
        })
    }

    /// Whether it names this file.
    fn names(&self, path: &str) -> bool {
        glob_matches(&self.glob, path) || glob_matches(&self.glob, base_name(path))
    }

    fn unused(&self) -> Used {
        let rule = self.rule.map_or("*", Rule::name);
        Used { suppression: format!("{rule}:{}", self.glob), findings: 0, occurrences: 0 }
    }
}

fn unknown(name: &str) -> String {
    match nearest(name, Rule::ALL.into_iter().map(Rule::name)) {
        Some(rule) => format!("no rule `{name}`; did you mean `{rule}`?"),
        None => format!("no rule `{name}`; `epshim rules` lists them"),
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}
