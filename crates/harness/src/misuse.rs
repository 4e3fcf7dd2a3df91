//! The corpus of `c_tests/misuse`: which programs there are, what their opening comments say, and
//! how they are built.
//!
//! A folder is named after the rule that its programs break. A file `NAME.c` is two programs: the
//! misuse, and its twin `NAME-right`, which is compiled with `-DRIGHT` and does the same job rightly.
//! Lines that differ stand behind `#ifndef RIGHT` and `#ifdef RIGHT`; where both programs have their
//! own, the misuse's come first. The opening comment says what is wrong, in a paragraph that begins
//! with "Right:" what the twin does differently, and ends in lines of a key and a value, which
//! describe the misuse; the twin expects nothing:
//! - `expect`: a rule that a checker shall report; several lines for several rules; `nothing` where
//!   no rule is known to see it;
//! - `after`: the real bug that the program is rebuilt after;
//! - `pitfall`: an entry of the documents' list of pitfalls;
//! - `shows`: what it does on plain libc: `hangs`, `spins`, `loses`, `blocks` or `error`;
//! - `exits`: its exit code in place of that for findings, where the finding is of another process than the first;
//! - `tsan`: why ThreadSanitizer reports something, rightly.
//!
//! The calls that a checker may name first in a finding end in the comment `/* finding */`.
//!
//! `c_tests/reports` has programs of the same form, in no folders: public reports that were rebuilt after
//! the rules were written, to measure them.
//!
//! Each program prints what it saw in numbers, and as the last line whether it misbehaved.

use crate::c_compiler::{build, c11};
use crate::cargo;
use std::fs;
use std::path::{Path, PathBuf};

/// One of the two programs of a file of the corpus.
#[derive(Debug, Clone)]
pub struct Variant {
    /// `RULE/NAME` for the misuse, `RULE/NAME-right` for its twin.
    pub name: String,
    /// The C file, which the two programs share.
    pub source: PathBuf,
    /// The rules to be reported: none for a twin.
    pub expects: Vec<String>,
    /// What the opening comment says about it: nothing for a twin.
    header: Vec<(String, String)>,
    is_right: bool,
}

/// Which of the two programs of a file a line belongs to.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Both,
    Misuse,
    Right,
}

impl Variant {
    /// Whether it is a twin that does the job rightly.
    pub fn is_right(&self) -> bool {
        self.is_right
    }

    /// The folder it lies in: the rule that it, or what it is the twin of, breaks.
    pub fn rule(&self) -> &str {
        self.name.split_once('/').expect("a folder and a name").0
    }

    /// The values of a key in its opening comment.
    pub fn values(&self, key: &str) -> Vec<&str> {
        self.header.iter().filter(|(k, _)| k == key).map(|(_, value)| value.as_str()).collect()
    }

    /// The lines, from 1, that a finding may name first: they are marked, and compiled. A mark in a
    /// line that both programs have is the misuse's.
    pub fn findings(&self) -> Vec<u64> {
        let text = fs::read_to_string(&self.source).expect("readable");
        let is_ours = |part| if self.is_right { part == Part::Right } else { part != Part::Right };
        let lines = (1..).zip(text.lines().zip(parts(&text)));
        let ours = lines.filter(|(_, (_, part))| is_ours(*part));
        let marked = ours.filter(|(_, (line, _))| line.ends_with(" /* finding */"));
        marked.map(|(number, _)| number).collect()
    }

    /// Compiles it with every warning an error, and with `options`, below the folder of the
    /// products of tests. Programs built with other options have another `suffix`.
    pub fn build(&self, suffix: &str, options: &[&str]) -> PathBuf {
        let mut command = c11();
        command.args(["-g", "-pthread"]).args(options);
        command.args(self.is_right.then_some("-DRIGHT")).arg(&self.source);
        build(&mut command, format!("misuse-{}{suffix}", self.name.replace('/', "-")))
    }

    /// The misuse and its twin.
    fn read(rule: &str, source: &Path) -> [Self; 2] {
        let stem = source.file_stem().and_then(|stem| stem.to_str()).expect("a plain name");
        let text = fs::read_to_string(source).expect("readable");
        let (comment, _) = text.split_once("*/").expect("it opens with a comment");
        let lines = comment.lines().filter_map(|line| line.strip_prefix(" * ")?.split_once(": "));
        let header: Vec<_> = lines
            .filter(|(key, _)| {
                ["expect", "after", "pitfall", "shows", "exits", "tsan"].contains(key)
            })
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        let expects = header.iter().filter(|(key, _)| key == "expect");
        let misuse = Self {
            name: format!("{rule}/{stem}"),
            source: source.to_owned(),
            expects: expects
                .map(|(_, rule)| rule.clone())
                .filter(|rule| rule != "nothing")
                .collect(),
            header,
            is_right: false,
        };
        let right = Self {
            name: format!("{}-right", misuse.name),
            source: source.to_owned(),
            expects: vec![],
            header: vec![],
            is_right: true,
        };
        [misuse, right]
    }
}

/// Where each line of a C file belongs. Other conditions than those on `RIGHT`, one inside another,
/// and a right line before its wrong one are refused.
fn parts(text: &str) -> impl Iterator<Item = Part> {
    let mut part = Part::Both;
    text.lines().map(move |line| {
        part = match (part, line) {
            (Part::Both, "#ifndef RIGHT") => Part::Misuse,
            (Part::Both, "#ifdef RIGHT") | (Part::Misuse, "#else") => Part::Right,
            (Part::Misuse | Part::Right, "#endif") => Part::Both,
            _ => {
                let is_condition = line.starts_with("#if") || line.starts_with("#e");
                assert!(!is_condition, "not in a file of the corpus: {line}");
                part
            }
        };
        part
    })
}

/// The rules that have a folder, ordered by name.
pub fn rules() -> Vec<String> {
    let mut rules: Vec<_> = folders().iter().map(|folder| name(folder).to_owned()).collect();
    rules.sort();
    rules
}

/// All programs of the corpus, ordered by name.
pub fn programs() -> Vec<Variant> {
    in_order(folders().iter().flat_map(|folder| in_folder(folder)))
}

fn folders() -> Vec<PathBuf> {
    let all = entries(&cargo::root().join("c_tests/misuse")).into_iter();
    all.filter(|path| path.is_dir()).collect()
}

fn name(folder: &Path) -> &str {
    folder.file_name().and_then(|name| name.to_str()).expect("a plain name")
}

/// The reports that were rebuilt after the rules were written, ordered by name.
pub fn reports() -> Vec<Variant> {
    in_order(in_folder(&cargo::root().join("c_tests/reports")))
}

/// The programs that lie in a folder, by its name.
fn in_folder(folder: &Path) -> Vec<Variant> {
    let is_program = |path: &PathBuf| path.extension().is_some_and(|e| e == "c");
    let sources = entries(folder).into_iter().filter(is_program);
    sources.flat_map(|source| Variant::read(name(folder), &source)).collect()
}

fn in_order(programs: impl IntoIterator<Item = Variant>) -> Vec<Variant> {
    let mut programs: Vec<_> = programs.into_iter().collect();
    programs.sort_by(|a, b| a.name.cmp(&b.name));
    programs
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    entries.map(|entry| entry.expect("readable").path()).collect()
}
