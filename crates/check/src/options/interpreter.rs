//! The interpreters whose programs' lines can be found, and how `lines=` names them.

use super::complaint::nearest;
use epshim_observe::Language;
use std::collections::BTreeSet;

/// What runs a program of a language of its own, interpreted or compiled meanwhile. Looked for in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interpreter {
    /// CPython.
    Python,
    /// JavaScript in Node.
    Node,
    /// Ruby.
    Ruby,
    /// PHP.
    Php,
    /// Java, in the virtual machine HotSpot.
    Java,
}

impl Interpreter {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Python, Self::Node, Self::Ruby, Self::Php, Self::Java];

    /// The language of its programs.
    #[must_use]
    pub const fn language(self) -> Language {
        match self {
            Self::Python => Language::Python,
            Self::Node => Language::JavaScript,
            Self::Ruby => Language::Ruby,
            Self::Php => Language::Php,
            Self::Java => Language::Java,
        }
    }

    /// Its name, as `lines=` has it.
    #[must_use]
    pub const fn option(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Node => "node",
            Self::Ruby => "ruby",
            Self::Php => "php",
            Self::Java => "java",
        }
    }
}

/// Of a list with an unknown name in it, the known ones count.
pub(super) fn read_lines(value: &str) -> (Option<BTreeSet<Interpreter>>, Option<String>) {
    match value {
        "0" | "no" | "false" => return (Some(BTreeSet::new()), None),
        "1" | "yes" | "true" => return (Some(Interpreter::ALL.into()), None),
        _ => {}
    }
    let (mut languages, mut complaint) = (BTreeSet::new(), None);
    for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match Interpreter::ALL.into_iter().find(|language| language.option() == name) {
            Some(language) => _ = languages.insert(language),
            None => {
                let known = || Interpreter::ALL.into_iter().map(Interpreter::option);
                complaint = Some(match nearest(name, known()) {
                    Some(nearest) => format!("no language `{name}`; did you mean `{nearest}`?"),
                    None => {
                        let known: Vec<_> = known().collect();
                        format!("expected 0, 1 or some of {}", known.join(","))
                    }
                });
            }
        }
    }
    let languages = (complaint.is_none() || !languages.is_empty()).then_some(languages);
    (languages, complaint)
}

pub(super) fn write_lines(languages: &BTreeSet<Interpreter>) -> String {
    match languages.len() {
        0 => "0".to_owned(),
        all if all == Interpreter::ALL.len() => "1".to_owned(),
        _ => languages.iter().map(|language| language.option()).collect::<Vec<_>>().join(","),
    }
}
