//! `EPSHIM_OPTIONS`: how a program is watched and where findings go, as one line of text.
//!
//! One table is the parser, the writer and the help. Nothing here is fatal: what cannot
//! be understood is returned as a [`Complaint`] and has no effect, because a program must start
//! whatever the variable says, and because an option that is misspelt in silence tests nothing.
//!
//! ```text
//! mode=check:only=ghost,level-spin:json="/var/log/with:colon.json"
//! ```
//!
//! Pairs are separated by `:`, space, tab or newline, any number of them. A comma separates the
//! items of a list and is never a separator of pairs. A value that begins with `"` ends at the next
//! `"`; within it `\` takes the next character as it is. A later pair wins over an earlier one.

mod settings;
mod syntax;

use crate::rule::Rule;
use std::collections::BTreeSet;
use std::fmt;

pub use settings::MAX_STACK_DEPTH;

/// Bytes of a suppressions file. A longer one is not read: it may have no end.
pub const MAX_SUPPRESSIONS: u64 = 1 << 20;

use settings::{SETTINGS, Setting};

/// Whether the program is watched at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Every call is passed on and nothing else happens.
    Transparent,
    /// Calls are observed and findings reported.
    Check,
}

/// When reports are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What `EPSHIM_OPTIONS` can say. The default is what an empty variable says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Whether the program is watched.
    pub mode: Mode,
    /// Where findings go as JSON lines; `%p` is the process id.
    pub json: Option<String>,
    /// Where the report goes, `%p` being the process id; to stderr without it.
    pub log_path: Option<String>,
    /// Only these rules; all if empty.
    pub only: BTreeSet<Rule>,
    /// Not these rules.
    pub except: BTreeSet<Rule>,
    /// The exit code of a program with findings; its own if 0.
    pub exitcode: u8,
    /// Ends the program at its first finding.
    pub halt_on_error: bool,
    /// A file of findings that are not to be reported.
    pub suppressions: Option<String>,
    /// The same as text, in lines. Both count.
    pub suppress: Option<String>,
    /// Reports findings of certainty `note` too.
    pub notes: bool,
    /// Programs that this one starts are watched too.
    pub trace_children: bool,
    /// A process beside the program writes its end where the program cannot.
    pub observer: bool,
    /// How many callers of a call are recorded; 0 is the call's own place only.
    pub stack_depth: u8,
    /// Turns addresses into function, file and line.
    pub symbolize: bool,
    /// The `epshim` command that does so.
    pub symbolizer: Option<String>,
    /// When the report is coloured.
    pub color: Color,
    /// How much the library says of itself.
    pub verbosity: u8,
    /// Prints the options and goes on.
    pub help: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mode: Mode::Transparent,
            json: None,
            log_path: None,
            only: BTreeSet::new(),
            except: BTreeSet::new(),
            exitcode: 0,
            halt_on_error: false,
            suppressions: None,
            suppress: None,
            notes: false,
            trace_children: true,
            observer: true,
            stack_depth: 16,
            symbolize: true,
            symbolizer: None,
            color: Color::Auto,
            verbosity: 0,
            help: false,
        }
    }
}

/// Something in `EPSHIM_OPTIONS` that has no effect. Displayed, it is a sentence for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Complaint {
    /// No option has this name.
    UnknownKey {
        /// As written.
        key: String,
        /// The option that was probably meant.
        nearest: Option<&'static str>,
    },
    /// The option has no such value.
    BadValue {
        /// The option.
        key: &'static str,
        /// As written.
        value: String,
        /// What it takes, or what was probably meant.
        expected: String,
    },
    /// A word without `=`.
    NoValue(String),
    /// Something follows the closing quote of this option's value, or there is none.
    Quotes(String),
}

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

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey { key, nearest: Some(nearest) } => {
                write!(f, "unknown option `{key}`; did you mean `{nearest}`?")
            }
            Self::UnknownKey { key, nearest: None } => {
                write!(f, "unknown option `{key}`; help=1 lists them")
            }
            Self::BadValue { key, value, expected } => write!(f, "{key}={value}: {expected}"),
            Self::NoValue(word) => write!(f, "`{word}` has no value: write {word}=VALUE"),
            Self::Quotes(key) => write!(
                f,
                "{key}: a value in double quotes ends with one, and a separator follows it"
            ),
        }
    }
}

/// The name that is most like this one, if any is like it.
#[must_use]
pub fn nearest(name: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    known
        .map(|known| (strsim::normalized_damerau_levenshtein(known, name), known))
        .filter(|&(likeness, _)| likeness >= 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
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
