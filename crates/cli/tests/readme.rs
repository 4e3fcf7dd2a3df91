//! What the README shows of `epshim` is what is really written. The report of `epshim check` of a C program is held by
//! the tests of the corpus, beside those of docs/reports.
//!
//! `EPSHIM_BLESS=1 cargo test -p epshim-cli --test readme` writes those blocks of the README that are another by now.

mod command;
#[path = "corpus/golden.rs"]
mod golden;

use command::{answer, watching};
use epshim_harness::c_compiler::{build, c11};
use epshim_harness::cargo;
use epshim_harness::process::Process;
use epshim_harness::tools::is_installed;
use epshim_harness::{LIMIT, deadline};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Instant;

/// Tests that write the README take turns.
static README: Mutex<()> = Mutex::new(());

fn readme() -> PathBuf {
    cargo::root().join("README.md")
}

fn example(name: &str) -> PathBuf {
    cargo::root().join("examples").join(name)
}

/// The README's block that begins with this command: what is before its answer, the answer, and the rest.
fn block(command: &str) -> (String, String, String) {
    let text = fs::read_to_string(readme()).expect("the README");
    let start = format!("```text\n$ {command}\n");
    let (before, after) =
        text.split_once(&start).unwrap_or_else(|| panic!("no block of {command}"));
    let (answer, rest) = after.split_once("```").expect("a block ends");
    (before.to_owned() + &start, answer.to_owned(), format!("```{rest}"))
}

/// Whether the README's block says the same.
fn says(command: &str, real: &str) -> bool {
    golden::essence(&block(command).1) == golden::essence(real)
}

/// Holds the README's block against what was written, or writes it.
fn hold(command: &str, real: &str) {
    let _turn = README.lock();
    if says(command, real) {
        return;
    }
    assert!(std::env::var_os("EPSHIM_BLESS").is_some(), "the README has another answer:\n{real}");
    let (before, _, rest) = block(command);
    fs::write(readme(), before + real + &rest).expect("it can be written");
}

/// What depends on the machine and not on the program.
fn shown(answer: &str, pid: u32) -> String {
    answer.replace(&pid.to_string(), "4711").replace("20000 descriptors", "1024 descriptors")
}

/// Looks until something is found, at a program that has said this.
fn inspected(name: &str, command: &mut Command, said: &str, rule: &str) -> String {
    let mut process = Process::start(name, command);
    while process.next_line(deadline()).expect("in time").expect("it goes on") != said {}
    let pid = process.id();
    let start = Instant::now();
    loop {
        let answer = answer(&["inspect", &pid.to_string()]);
        if answer.out.contains(&format!("\n{rule} (")) {
            return shown(&answer.out, pid);
        }
        assert!(start.elapsed() < LIMIT, "{rule} is not found: {answer:?}");
    }
}

#[test]
fn a_server_that_spins_is_inspected_as_shown() {
    let source = example("half_closed.c");
    let program = build(c11().args(["-O2", "-g"]).arg(source), "half_closed");
    let look = || inspected("half_closed", &mut Command::new(&program), "serving", "level-spin");
    let command = "epshim inspect half_closed";
    // After some seconds there is a note too, on a machine that is so slow.
    let looks = (0..5).map(|_| look()).find(|real| says(command, real));
    hold(command, &looks.unwrap_or_else(look));
}

#[test]
fn a_server_in_node_that_computes_is_inspected_as_shown() {
    if !is_installed("node") {
        return;
    }
    let mut node = Command::new("node");
    let node = node.arg(example("blocked.js"));
    hold("epshim inspect node", &inspected("node", node, "serving a long one", "loop-blocked"));
}

/// Frames of the interpreter are other ones with each Python: the README has `...` for them, and the program's own lines.
#[test]
fn a_program_in_python_is_checked_as_shown() {
    if !is_installed("python3") {
        return;
    }
    let program = example("stranded.py");
    let mut command = watching(&["check", "--", "python3"]);
    let output = command.arg(&program).output().expect("it runs");
    let report = golden::last_finding(&String::from_utf8_lossy(&output.stderr));
    let report = report.replace(program.to_str().expect("UTF-8"), "examples/stranded.py");
    let mut real = String::new();
    let mut lines = report.lines().peekable();
    while let Some(line) = lines.next() {
        let text = line.strip_prefix("==4711==").unwrap_or(line).trim_start();
        if text.starts_with('#') && !text.contains("stranded.py") {
            continue;
        }
        real += &format!("{line}\n");
        if text.ends_with(':') && lines.peek().is_some_and(|next| !next.contains("stranded.py")) {
            real += "==4711==     ...\n";
        }
    }
    hold("epshim check -- python3 examples/stranded.py", &real);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn a_wrong_structure_is_judged_as_shown() {
    let source = Path::new("crates/cli/tests/bindings/wrong.c");
    let mut compiler = c11();
    compiler.current_dir(cargo::root()).arg("-g").arg(source);
    let program = build(&mut compiler, "readme-binding");
    let answer = answer(&["layout", "--binary", program.to_str().expect("UTF-8")]);
    assert_eq!((answer.code, &*answer.err), (1, ""));
    let real = answer.out.replace(program.to_str().expect("UTF-8"), "target/binding");
    // Whose compiler it was, with which options.
    let lines =
        real.lines().map(|line| line.split_once("; producer").map_or(line, |(line, _)| line));
    let real: String = lines.map(|line| format!("{line}\n")).collect();
    hold("epshim layout --binary target/binding", &real);
}

#[test]
fn the_readme_is_short() {
    let lines = fs::read_to_string(readme()).expect("the README").lines().count();
    assert!(lines < 300, "{lines} lines: the rest belongs to docs/");
}
