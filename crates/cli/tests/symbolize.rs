//! `epshim symbolize`: addresses of programs built here, whose functions and lines are known.

mod command;

use command::epshim;
use epshim_harness::c_compiler::compile_text;
use epshim_harness::process::{run, stdout_of};
use epshim_harness::products::folder;
use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Line 4 is in a function that is inlined on line 9; two names are those of C++ and Rust.
const SOURCE: &str = r#"volatile int sink;
static inline __attribute__((always_inline)) void inner(void)
{
    sink = 4;
}

__attribute__((noinline)) void outer(void)
{
    inner();
}

__attribute__((noinline)) void cpp(void) __asm__("_ZN6server4readEi");
void cpp(void) { sink = 13; }
__attribute__((noinline)) void rust(void) __asm__("_ZN6server4loop17h0123456789abcdefE");
void rust(void) { sink = 15; }

int main(void)
{
    outer();
    cpp();
    rust();
    return 0;
}
"#;

/// The answers to these questions.
fn ask(questions: &str) -> Vec<String> {
    let mut child =
        epshim(&["symbolize"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(questions.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_terminator("\n\n").map(str::to_owned).collect()
}

fn lookup(module: &Path, address: u64) -> String {
    let answers = ask(&format!("{}\t{address:#x}\n", module.display()));
    assert_eq!(answers.len(), 1);
    answers[0].clone()
}

/// The addresses of the functions, by nm(1).
fn symbols(program: &Path) -> HashMap<String, u64> {
    let text = stdout_of(Command::new("nm").arg(program));
    let fields = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let defined = fields.filter(|fields| fields.len() == 3);
    defined
        .map(|fields| (fields[2].to_owned(), u64::from_str_radix(fields[0], 16).unwrap()))
        .collect()
}

fn build(folder: &Path, name: &str, options: &[&str]) -> (PathBuf, u64) {
    let options = [&["-g", "-O1", "-Wl,--build-id"], options].concat();
    let program = compile_text(folder, name, SOURCE, &options);
    let outer = symbols(&program)["outer"];
    (program, outer)
}

/// The frames in `outer` where `inner` is: the store is the function's first line of code, after
/// the instructions of its entry (on x86 with CET, `endbr64`).
fn inlined(program: &Path, outer: u64) -> String {
    let answers = (outer..outer + 16).map(|address| lookup(program, address));
    answers.into_iter().find(|answer| answer.starts_with("inner")).expect("inner is inlined")
}

#[test]
fn inlined_functions_are_frames_with_their_lines() {
    let folder = folder("symbolize with space");
    for (name, option) in [("pie", "-pie"), ("fixed", "-no-pie")] {
        let options: &[&str] =
            if name == "pie" { &["-fPIE", option] } else { &["-fno-pie", option] };
        let (program, outer) = build(&folder, name, options);
        let source = folder.join(format!("{name}.c")).display().to_string();
        assert_eq!(
            inlined(&program, outer),
            format!("inner\t{source}:4\tsink = 4;\nouter\t{source}:9\tinner();")
        );
        assert!(lookup(&program, outer).contains(&format!("outer\t{source}:")), "{name}");
        let main = symbols(&program)["main"];
        assert!(lookup(&program, main).starts_with(&format!("main\t{source}:1")), "{name}");
    }
}

#[test]
fn names_of_cpp_and_rust_are_demangled() {
    let folder = folder("symbolize_names");
    let (program, _) = build(&folder, "names", &[]);
    run(Command::new("strip").arg("--strip-debug").arg(&program));
    let symbols = symbols(&program);
    for (mangled, name) in [
        ("_ZN6server4readEi", "server::read(int)\t??"),
        ("_ZN6server4loop17h0123456789abcdefE", "server::loop\t??"),
        ("main", "main\t??"),
    ] {
        assert_eq!(lookup(&program, symbols[mangled]), name);
    }
}

#[test]
fn what_is_not_known_is_question_marks() {
    let folder = folder("symbolize_unknown");
    let (program, outer) = build(&folder, "whole", &[]);
    let bytes = fs::read(&program).unwrap();
    let broken = |name: &str, bytes: &[u8]| {
        fs::write(folder.join(name), bytes).unwrap();
        folder.join(name)
    };
    assert_eq!(lookup(&program, 0xdead_0000_0000), "??\t??");
    assert_eq!(lookup(&folder.join("missing"), outer), "??\t??");
    assert_eq!(lookup(&folder, outer), "??\t??");
    assert_eq!(lookup(&broken("empty", b""), outer), "??\t??");
    assert_eq!(lookup(&broken("text", b"#!/bin/sh\n"), outer), "??\t??");
    for length in [16, 64, 100, bytes.len() / 2, bytes.len() - 1] {
        let answer = lookup(&broken("cut", &bytes[..length]), outer);
        assert!(answer == "??\t??" || answer.starts_with("outer\t"), "{length}: {answer}");
    }
    run(Command::new("strip").arg(&program));
    assert_eq!(lookup(&program, outer), "??\t??");
}

#[test]
fn a_separate_debug_file_is_used_if_it_is_of_this_build() {
    let folder = folder("symbolize_separate");
    let (program, outer) = build(&folder, "separate", &[]);
    let before = inlined(&program, outer);
    let debug = folder.join("separate.debug");
    run(Command::new("objcopy")
        .arg("--only-keep-debug")
        .arg("--compress-debug-sections")
        .args([&program, &debug]));
    run(Command::new("strip").arg(&program));
    let link = format!("--add-gnu-debuglink={}", debug.display());
    run(Command::new("objcopy").arg(link).arg(&program));
    assert_eq!(inlined(&program, outer), before);
    fs::create_dir(folder.join(".debug")).unwrap();
    fs::rename(&debug, folder.join(".debug/separate.debug")).unwrap();
    assert_eq!(inlined(&program, outer), before);
    let (other, _) = build(&folder, "other", &["-DOTHER", "-O0"]);
    fs::rename(other, folder.join(".debug/separate.debug")).unwrap();
    assert_eq!(lookup(&program, outer), "??\t??");
}

#[test]
fn every_line_has_one_answer_in_order() {
    let folder = folder("symbolize_order");
    let (program, outer) = build(&folder, "order", &[]);
    let (program, source) = (program.display(), folder.join("order.c"));
    let answers = ask(&format!(
        "nonsense\n{program}\t{outer:#x}\n\n{program}\t{outer}\n{program}\t0xzz\n{program}\t{outer:#x}\n"
    ));
    let known = |answer: &String| answer.contains(&format!("outer\t{}:", source.display()));
    assert_eq!(
        answers.iter().map(known).collect::<Vec<_>>(),
        [false, true, false, false, false, true]
    );
}

#[test]
fn an_answer_comes_before_the_next_question() {
    let mut child =
        epshim(&["symbolize"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut questions = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap());
    for _ in 0..2 {
        questions.write_all(b"/no/such/file\t0x10\n").unwrap();
        let mut answer = String::new();
        answers.read_line(&mut answer).unwrap();
        answers.read_line(&mut answer).unwrap();
        assert_eq!(answer, "??\t??\n\n");
    }
    drop(questions);
    assert!(child.wait().unwrap().success());
}

/// The user's own regular file that is not newer than the program, and no other, is read.
#[test]
fn a_line_of_the_source_is_given_where_the_file_is_at_hand_and_may_be_read() {
    let folder = folder("symbolize_source");
    let (program, outer) = build(&folder, "source", &[]);
    let file = folder.join("source.c");
    let has_line = || inlined(&program, outer).contains("\tsink = 4;");
    let old = fs::metadata(&program).unwrap().modified().unwrap();
    let place = |text: &str| {
        let _ = fs::remove_file(&file);
        fs::write(&file, text).unwrap();
        fs::File::options().append(true).open(&file).unwrap().set_modified(old).unwrap();
    };
    assert!(has_line());
    place(SOURCE);
    assert!(has_line());
    // Edited since.
    fs::File::options()
        .append(true)
        .open(&file)
        .unwrap()
        .set_modified(old + Duration::from_secs(1))
        .unwrap();
    assert!(!has_line());
    // Too short, too long, no text.
    place("int x;\n");
    assert!(!has_line());
    place(&(SOURCE.to_owned() + &" ".repeat(5 << 20)));
    assert!(!has_line());
    fs::write(&file, [SOURCE.as_bytes(), b"\xff"].concat()).unwrap();
    assert!(!has_line());
    // A FIFO would be waited for, a device and a folder have no lines.
    fs::remove_file(&file).unwrap();
    run(Command::new("mkfifo").arg(&file));
    assert!(!has_line());
    fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &file).unwrap();
    assert!(!has_line());
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert!(!has_line());
    fs::remove_dir(&file).unwrap();
    // Another user's.
    place(SOURCE);
    if std::os::unix::fs::chown(&file, Some(4711), None).is_ok() {
        assert!(!has_line());
    }
    // A long line is cut.
    let long = SOURCE.replace("sink = 4;", &format!("sink = 4;{}", "x".repeat(200)));
    place(&long);
    assert!(inlined(&program, outer).contains(&format!("\tsink = 4;{} ...\n", "x".repeat(111))));
}
