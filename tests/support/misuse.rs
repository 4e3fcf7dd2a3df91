//! The corpus of `c_tests/misuse`: which programs there are, what their opening comments say, and
//! how they are built.
//!
//! A folder is named after the rule that its programs break. `NAME.c` breaks it, `NAME-right.c` is
//! its twin that does the same job rightly. The opening comment ends in lines of a key and a value:
//! - `expect`: a rule that a checker shall report, or `nothing`; several lines for several rules;
//! - `after`: the real bug that the program is rebuilt after;
//! - `pitfall`: an entry of the documents' list of pitfalls;
//! - `shows`: what it does on plain libc: `hangs`, `spins`, `loses`, `blocks` or `error`;
//! - `tsan`: why ThreadSanitizer reports something, rightly.
//!
//! The calls that a checker may name first in a finding end in the comment `/* finding */`.
//!
//! Each program prints what it saw in numbers, and as the last line whether it misbehaved.

use super::c_compiler::{compiler, run};
use std::path::{Path, PathBuf};
use std::{fs, process};

/// The rules, by name, as `c_tests/misuse` has folders.
pub const RULES: [&str; 13] = [
    "accept-spin",
    "blocking-fd",
    "ctl-error",
    "edge-not-drained",
    "epfd-misuse",
    "fork-shared",
    "ghost",
    "hangup-unread",
    "layout-mismatch",
    "level-spin",
    "lost-write",
    "oneshot-not-rearmed",
    "sub-ms-spin",
];

/// A program of the corpus.
#[derive(Debug, Clone)]
pub struct Program {
    /// `RULE/NAME`, without the `.c`.
    pub name: String,
    /// The C file.
    pub source: PathBuf,
    /// The rules to be reported: none for a twin.
    pub expects: Vec<String>,
    header: Vec<(String, String)>,
}

impl Program {
    /// Whether it is a twin that does the job rightly.
    pub fn is_right(&self) -> bool {
        self.name.ends_with("-right")
    }

    /// The folder it lies in: the rule that it, or what it is the twin of, breaks.
    pub fn rule(&self) -> &str {
        self.name.split_once('/').expect("a folder and a name").0
    }

    /// The values of a key in its opening comment.
    pub fn values(&self, key: &str) -> Vec<&str> {
        self.header.iter().filter(|(k, _)| k == key).map(|(_, value)| value.as_str()).collect()
    }

    /// The lines, from 1, that a finding may name first.
    pub fn findings(&self) -> Vec<u64> {
        let text = fs::read_to_string(&self.source).expect("readable");
        let marked = (1..).zip(text.lines()).filter(|(_, line)| line.ends_with(" /* finding */"));
        marked.map(|(number, _)| number).collect()
    }

    /// Compiles it with every warning an error, and with `options`, below cargo's folder for the
    /// products of tests. Programs built with other options have another `suffix`.
    pub fn build(&self, suffix: &str, options: &[&str]) -> PathBuf {
        let name = format!("misuse-{}{suffix}", self.name.replace('/', "-"));
        let product = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        // Renamed into place: another test program may build the same one at the same time.
        let unfinished = product.with_extension(process::id().to_string());
        let mut command = compiler();
        command.args(["-Wall", "-Wextra", "-Wpedantic", "-Wstrict-prototypes", "-Werror"]);
        command.args(["-std=c11", "-g", "-pthread"]).args(options);
        run(command.arg(&self.source).arg("-o").arg(&unfinished));
        fs::rename(&unfinished, &product).expect("the folder of the products is ours");
        product
    }

    fn read(rule: &str, source: PathBuf) -> Self {
        let stem = source.file_stem().and_then(|stem| stem.to_str()).expect("a plain name");
        let text = fs::read_to_string(&source).expect("readable");
        let (comment, _) = text.split_once("*/").expect("it opens with a comment");
        let lines = comment.lines().filter_map(|line| line.strip_prefix(" * ")?.split_once(": "));
        let header: Vec<_> = lines
            .filter(|(key, _)| ["expect", "after", "pitfall", "shows", "tsan"].contains(key))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        let mut program = Self { name: format!("{rule}/{stem}"), source, expects: vec![], header };
        let expects = program.values("expect").into_iter().map(str::to_owned);
        program.expects = expects.filter(|rule| rule != "nothing").collect();
        program
    }
}

/// All programs of the corpus, ordered by name.
pub fn programs() -> Vec<Program> {
    // The tests of the workspace's members read it too.
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let root = packages.map(|folder| folder.join("c_tests/misuse")).find(|root| root.is_dir());
    let root = root.expect("the workspace has a corpus");
    let mut programs = vec![];
    for folder in entries(&root).into_iter().filter(|path| path.is_dir()) {
        let rule = folder.file_name().and_then(|name| name.to_str()).expect("a plain name");
        let sources =
            entries(&folder).into_iter().filter(|path| path.extension().is_some_and(|e| e == "c"));
        programs.extend(sources.map(|source| Program::read(rule, source)));
    }
    programs.sort_by(|a, b| a.name.cmp(&b.name));
    programs
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    entries.map(|entry| entry.expect("readable").path()).collect()
}
