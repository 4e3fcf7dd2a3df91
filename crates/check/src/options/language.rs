//! The languages whose lines can be found, and how `lines=` names them.

use super::complaint::nearest;
use std::collections::BTreeSet;

/// A language that is interpreted, or compiled while the program runs. Looked for in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// CPython.
    Python,
    /// JavaScript in Node.
    Node,
    /// Ruby.
    Ruby,
    /// PHP.
    Php,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Python, Self::Node, Self::Ruby, Self::Php];

    /// The language's own name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::Node => "JavaScript",
            Self::Ruby => "Ruby",
            Self::Php => "PHP",
        }
    }

    /// The name of the interpreter, as `lines=` has it.
    #[must_use]
    pub const fn option(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Node => "node",
            Self::Ruby => "ruby",
            Self::Php => "php",
        }
    }
}

/// Of a list with an unknown name in it, the known ones count.
pub(super) fn read_lines(value: &str) -> (Option<BTreeSet<Language>>, Option<String>) {
    match value {
        "0" | "no" | "false" => return (Some(BTreeSet::new()), None),
        "1" | "yes" | "true" => return (Some(Language::ALL.into()), None),
        _ => {}
    }
    let (mut languages, mut complaint) = (BTreeSet::new(), None);
    for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match Language::ALL.into_iter().find(|language| language.option() == name) {
            Some(language) => _ = languages.insert(language),
            None => {
                let known = || Language::ALL.into_iter().map(Language::option);
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

pub(super) fn write_lines(languages: &BTreeSet<Language>) -> String {
    match languages.len() {
        0 => "0".to_owned(),
        all if all == Language::ALL.len() => "1".to_owned(),
        _ => languages.iter().map(|language| language.option()).collect::<Vec<_>>().join(","),
    }
}
