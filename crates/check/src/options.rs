//! `EPSHIM_OPTIONS`: how a program is watched and where findings go, as one line of text.
//!
//! One table is the parser, the writer and the help. Nothing here is fatal: what cannot
//! be understood is returned as a [`Complaint`] and has no effect, because a program must start
//! with any text in the variable, and because an option that is misspelt in silence tests nothing.
//!
//! ```text
//! mode=check:only=ghost,level-spin:json="/var/log/with:colon.json"
//! ```
//!
//! Pairs are separated by `:`, space, tab or newline, any number of them. A comma separates the
//! items of a list and is never a separator of pairs. A value that begins with `"` ends at the next
//! `"`; within it `\` takes the next character as it is. A later pair wins over an earlier one.

mod complaint;
mod given;
mod interpreter;
mod settings;
mod syntax;

use crate::engine::Rule;
use settings::{SETTINGS, Setting};
use std::fmt;

pub use complaint::{Complaint, nearest};
pub use given::{Color, Mode, Options};
pub use interpreter::Interpreter;
pub use settings::MAX_STACK_DEPTH;

/// Bytes of a suppressions file. A longer one is not read: it may have no end.
pub const MAX_SUPPRESSIONS: u64 = 1 << 20;

impl Options {
    /// Reads the variable's text.
    #[must_use]
    pub fn parse(text: &str) -> (Self, Vec<Complaint>) {
        let mut options = Self::default();
        let complaints = options.update(text);
        (options, complaints)
    }

    /// Reads a text whose options win over those that are set already.
    pub fn update(&mut self, text: &str) -> Vec<Complaint> {
        let pairs = syntax::pairs(text).into_iter();
        pairs.filter_map(|pair| pair.and_then(|(key, value)| self.set(key, &value)).err()).collect()
    }

    /// Sets one option. Of a list with an unknown rule in it, the known ones count.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), Complaint> {
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
            let nearest = nearest(name, SETTINGS.iter().map(|setting| setting.name));
            return Err(Complaint::UnknownKey { key: name.to_owned(), nearest });
        };
        (setting.set)(self, value).map_err(|expected| Complaint::BadValue {
            key: setting.name,
            value: value.to_owned(),
            expected,
        })
    }

    /// Whether a rule is to be reported.
    #[must_use]
    pub fn wants(&self, rule: Rule) -> bool {
        (self.only.is_empty() || self.only.contains(&rule)) && !self.except.contains(&rule)
    }

    /// All options with their values and meanings.
    #[must_use]
    pub fn help() -> String {
        let default = Self::default();
        let line = |setting: &Setting| {
            let value = (setting.get)(&default);
            let value = if value.is_empty() { "none" } else { &value };
            format!(
                "  {:<32} {} (default: {value})\n",
                format!("{}={}", setting.name, setting.takes),
                setting.does
            )
        };
        let mut text = "EPSHIM_OPTIONS=key=value:key=value...\n\n".to_owned();
        text.extend(SETTINGS.iter().map(line));
        text.push_str(
            "\nSeparators are `:` and white space; a value with one of them goes in double quotes.\n\
             RULES are names separated by commas; `epshim rules` lists them. %p is the process id.\n",
        );
        text
    }
}

/// The variable's text: every option that is not as by default, in the order of the table.
impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let default = Self::default();
        let pairs = SETTINGS.iter().map(|one| (one.name, (one.get)(self), (one.get)(&default)));
        let changed = pairs.filter(|(_, value, default)| value != default);
        for (index, (name, value, _)) in changed.enumerate() {
            let colon = if index == 0 { "" } else { ":" };
            write!(f, "{colon}{name}={}", syntax::quoted(&value))?;
        }
        Ok(())
    }
}

/// The file that a path of `json` or `log_path` means in this process: `%p` is its id, `%%` a `%`.
#[must_use]
pub fn expand(path: &str, pid: u32) -> String {
    let mut text = String::with_capacity(path.len() + 8);
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match rest.chars().next() {
            Some('p') => text.push_str(&pid.to_string()),
            Some('%') => text.push('%'),
            _ => {
                text.push('%');
                continue;
            }
        }
        rest = &rest[1..];
    }
    text + rest
}
