//! `epshim chaos`: the planted bugs of `c_tests/chaos` are found, shrunk and replayed; their twins, and servers that
//! are right, survive; and what the command says where there is nothing to break.
//!
//! `EPSHIM_CHAOS_SEEDS=20`: each that must survive has as many seeds, at each level, in place of 2, of 1 for the
//! twins of the corpus and of 16 for those of the planted bugs (`make soak`). `EPSHIM_CHAOS_AT_A_TIME=16`: so many searches run at a time.

#[path = "../command/mod.rs"]
mod command;
mod corpus;
mod loops;
mod ours;
mod packaged;
mod planted;
mod projects;
mod says;
#[path = "../corpus/schema.rs"]
mod schema;
mod survives;

use command::{json, watching};
use epshim_harness::c_compiler::{build, c11};
use epshim_harness::cargo;
use epshim_harness::products::folder;
use epshim_observe::fault::{Fault, Level};
use schema::Schema;
use serde_json::Value;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Condvar, LazyLock, Mutex, PoisonError};

/// Searches that run at a time. Most of a search is waiting: for a hang, which takes as long as it takes.
const AT_A_TIME: usize = 4;

/// A number that the environment says.
fn number(name: &str) -> Option<u64> {
    let said = env::var(name).ok()?;
    Some(said.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// How many run.
static RUNNING: (Mutex<usize>, Condvar) = (Mutex::new(0), Condvar::new());

/// One of the searches that may run.
struct Turn;

fn turn() -> Turn {
    let (running, ended) = &RUNNING;
    let most = number("EPSHIM_CHAOS_AT_A_TIME").map_or(AT_A_TIME, |most| most as usize);
    let running = running.lock().unwrap_or_else(PoisonError::into_inner);
    let running = ended.wait_while(running, |running| *running >= most);
    *running.unwrap_or_else(PoisonError::into_inner) += 1;
    Turn
}

impl Drop for Turn {
    fn drop(&mut self) {
        let (running, ended) = &RUNNING;
        *running.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        ended.notify_one();
    }
}

/// A program of `c_tests/chaos`.
struct Program {
    name: String,
    source: PathBuf,
    /// The fault that breaks it.
    fault: String,
    /// What comes of it, in a word.
    verdict: String,
}

fn programs() -> Vec<Program> {
    let root = cargo::root().join("c_tests/chaos");
    let entries = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let mut programs: Vec<Program> = entries
        .filter(|path| path.extension().is_some_and(|end| end == "c"))
        .map(|source| {
            let text = fs::read_to_string(&source).unwrap();
            let says = |key: &str| {
                let line = text.lines().find_map(|line| line.strip_prefix(key));
                line.unwrap_or_else(|| panic!("{source:?} has no {key}")).to_owned()
            };
            let (fault, verdict) = (says(" * fault: "), says(" * verdict: "));
            let name = source.file_stem().unwrap().to_str().unwrap().to_owned();
            Program { name, source: source.clone(), fault, verdict: verdict.replace(" */", "") }
        })
        .collect();
    programs.sort_by(|a, b| a.name.cmp(&b.name));
    programs
}

impl Program {
    /// The options with which the bug is looked for. Of what is used up one kind is enough: all of them together end
    /// what is right too.
    fn words(&self) -> Vec<&str> {
        if self.is_brutal() {
            vec!["--level", "brutal", "--only", &self.fault]
        } else {
            vec!["--level", "rough"]
        }
    }

    fn is_brutal(&self) -> bool {
        Fault::named(&self.fault).expect("it names a fault").level() == Level::Brutal
    }

    fn build(&self, is_right: bool) -> PathBuf {
        let mut command = c11();
        command.args(["-g", "-O1"]).args(is_right.then_some("-DRIGHT")).arg(&self.source);
        build(&mut command, format!("chaos-{}{}", self.name, if is_right { "-right" } else { "" }))
    }
}

/// What a search came to.
struct Outcome {
    code: i32,
    err: String,
    json: Vec<Value>,
    folder: PathBuf,
}

impl Outcome {
    fn line(&self, kind: &str) -> &Value {
        let line = self.json.iter().find(|line| line["kind"] == kind);
        line.unwrap_or_else(|| panic!("no {kind}:\n{}", self.err))
    }
}

/// Runs `epshim chaos` with these words in a folder of this name.
fn search(name: &str, words: &[&str], program: &[&str]) -> Outcome {
    let folder = folder(&format!("chaos-search-{name}"));
    let mut command = watching(&["chaos", "--json", "lines"]);
    command.args(words).arg("--").args(program).current_dir(&folder);
    answered(&mut command, folder)
}

fn answered(command: &mut Command, folder: PathBuf) -> Outcome {
    static SCHEMA: LazyLock<Schema> = LazyLock::new(Schema::read);
    let output = command.output().unwrap();
    let text = fs::read_to_string(folder.join("lines")).unwrap_or_default();
    let json: Vec<Value> = text.lines().map(json).collect();
    json.iter().for_each(|line| assert_eq!(SCHEMA.refuse(line), Ok(())));
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    Outcome { code: output.status.code().expect("it ends by itself"), err, json, folder }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}
