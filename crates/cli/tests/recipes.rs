//! docs/ci.md: each recipe as it stands there, in a small project: with a bug the job fails, and without it it does
//! not.
//!
//! The bug is in the project from the start, behind the variable `BUG` of the environment: the recipe is the same.

mod command;

use command::{epshim, outside_of_cargo, watching};
use epshim_harness::c_compiler::{c11, compile_text};
use epshim_harness::cargo;
use epshim_harness::products::folder;
use epshim_harness::tools;
use serde_json::Value;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const C: &str = "#include <stdlib.h>
#include <sys/epoll.h>
int main(void)
{
    int epfd = epoll_create1(0);
    if (getenv(\"BUG\"))
        epoll_ctl(epfd, EPOLL_CTL_DEL, 99, 0);
    return 0;
}
";

const RUST: &str = "#[test]
fn the_loop_turns() {
    extern \"C\" {
        fn epoll_create1(flags: i32) -> i32;
        fn epoll_ctl(epfd: i32, op: i32, fd: i32, event: *mut u8) -> i32;
    }
    let epfd = unsafe { epoll_create1(0) };
    if std::env::var_os(\"BUG\").is_some() {
        assert_eq!(unsafe { epoll_ctl(epfd, 2, 99, std::ptr::null_mut()) }, -1);
    }
}
";

const PYTHON: &str = "import contextlib, os, select

def test_the_loop_turns():
    epoll = select.epoll()
    if 'BUG' in os.environ:
        with contextlib.suppress(OSError):
            epoll.unregister(99)
";

const MAKEFILE: &str = "CFLAGS = -g\ncheck: loop-tests\n\t./loop-tests\n";

/// A block of the document: those of this language below this heading, one after another.
fn blocks(heading: &str, language: &str) -> String {
    let document = concat!("\n", include_str!("../../../docs/ci.md"));
    let (_, below) = document.split_once(&format!("\n{heading}\n")).expect(heading);
    let section = below.split("\n## ").next().expect("a section");
    let begin = format!("```{language}\n");
    let blocks = section.split(&begin).skip(1);
    let blocks: Vec<_> = blocks.map(|block| block.split("```").next().expect("an end")).collect();
    assert!(!blocks.is_empty(), "{heading}: no block of {language}");
    blocks.concat()
}

/// A project with one test for each runner.
fn project(name: &str) -> PathBuf {
    let root = folder(name);
    for (file, text) in [
        ("loop-tests.c", C),
        ("Makefile", MAKEFILE),
        ("test_loop.py", PYTHON),
        ("Cargo.toml", "[package]\nname = \"recipe\"\nedition = \"2021\"\n\n[workspace]\n"),
        ("CMakeLists.txt", &blocks("## ctest", "cmake")),
    ] {
        fs::write(root.join(file), text).unwrap();
    }
    for folder in ["src", ".git"] {
        fs::create_dir(root.join(folder)).unwrap();
    }
    fs::write(root.join("src/lib.rs"), RUST).unwrap();
    root
}

/// This command and Debian's own programs come first, as they would be installed.
fn path() -> OsString {
    let own = Path::new(env!("CARGO_BIN_EXE_epshim")).parent().expect("a folder").to_owned();
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let all = [own, "/usr/bin".into()].into_iter().chain(std::env::split_paths(&rest));
    std::env::join_paths(all).expect("no colon")
}

/// Runs lines in a project, as a CI service does: the first that fails is the last.
fn job(root: &Path, script: &str, has_bug: bool) -> Output {
    // The library is built.
    watching(&[]);
    let mut command = Command::new("bash");
    command.args(["-e", "-o", "pipefail", "-c", script]).current_dir(root).env("PATH", path());
    outside_of_cargo(&mut command);
    for name in ["EPSHIM_OPTIONS", "LD_PRELOAD", "RUSTFLAGS", "NEXTEST"] {
        command.env_remove(name);
    }
    if has_bug {
        command.env("BUG", "1");
    }
    command.output().expect("bash runs")
}

/// A bug fails the job, and a clean run does not. Returns what the job with the bug wrote.
#[track_caller]
fn tells_them_apart(root: &Path, script: &str) -> String {
    let said = |output: &Output| {
        let both = [&output.stdout[..], &output.stderr].concat();
        String::from_utf8_lossy(&both).into_owned()
    };
    let clean = job(root, script, false);
    assert!(clean.status.success(), "{:?}: {}", clean.status, said(&clean));
    let wrong = job(root, script, true);
    assert!(!wrong.status.success(), "{}", said(&wrong));
    said(&wrong)
}

#[test]
fn ctest() {
    if !tools::is_installed("cmake") {
        return;
    }
    let root = project("recipe-ctest");
    let said = tells_them_apart(&root, &blocks("## ctest", "sh"));
    assert!(said.contains("0% tests passed, 1 tests failed out of 1"), "{said}");
    assert!(said.contains("SUMMARY: epshim: ctl-error"), "{said}");
    let names = fs::read_dir(root.join("build")).unwrap().map(|entry| entry.unwrap().file_name());
    let documents = names.filter(|name| name.to_string_lossy().starts_with("epshim-"));
    assert_eq!(documents.count(), 2);
}

#[test]
fn cargo() {
    let root = project("recipe-cargo");
    let said = tells_them_apart(&root, &blocks("## cargo", "sh"));
    assert!(said.contains("ctl-error") && said.contains("src/lib.rs:9"), "{said}");
}

#[test]
fn nextest() {
    // Debian has no package of it: it is never required.
    let is_there = Command::new("cargo-nextest").arg("--version").output();
    if !is_there.is_ok_and(|output| output.status.success()) {
        return eprintln!("skipped: cargo-nextest is not installed");
    }
    let root = project("recipe-nextest");
    let said = tells_them_apart(&root, &blocks("## nextest", "sh"));
    assert!(said.contains("1 failed") && said.contains("ctl-error"), "{said}");
}

#[test]
fn pytest() {
    let python =
        Command::new("python3").args(["-m", "pytest", "--version"]).env("PATH", path()).output();
    if !python.is_ok_and(|output| output.status.success()) {
        return tools::skip("pytest is not installed");
    }
    let root = project("recipe-pytest");
    let said = tells_them_apart(&root, &blocks("## pytest", "sh"));
    // The test itself has passed.
    assert!(said.contains("1 passed") && said.contains("SUMMARY: epshim: ctl-error"), "{said}");
}

#[test]
fn make_check() {
    let root = project("recipe-make");
    let said = tells_them_apart(&root, &blocks("## make check", "sh"));
    assert!(said.contains("SUMMARY: epshim: ctl-error"), "{said}");
    let document = fs::read_to_string(root.join("epshim.xml")).unwrap();
    assert!(
        document.contains("failures=\"1\"") && document.contains("loop-tests.c:7"),
        "{document}"
    );
}

/// The steps with `run:`, one after another.
#[test]
fn github_actions() {
    let root = project("recipe-github");
    let steps = blocks("## GitHub Actions", "yaml");
    let steps: Vec<_> =
        steps.lines().filter_map(|line| line.trim().strip_prefix("- run: ")).collect();
    assert_eq!(steps.len(), 2, "{steps:?}");
    let said = tells_them_apart(&root, &steps.join("\n"));
    assert!(
        said.contains("\n::warning file=loop-tests.c,line=7,title=epshim%3A ctl-error::"),
        "{said}"
    );
    let document: Value =
        serde_json::from_slice(&fs::read(root.join("epshim.sarif")).unwrap()).unwrap();
    let place = &document["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "loop-tests.c", "{document:#}");
}

/// What the container runs, in a process namespace: with another process 1, and as process 1.
#[test]
fn docker() {
    let unshare = ["--pid", "--fork", "--mount-proc", "--"];
    let may = Command::new("unshare").args(unshare).arg("true").output();
    if !may.is_ok_and(|output| output.status.success()) {
        return tools::skip("no process namespace can be made");
    }
    let root = project("recipe-docker");
    compile_text(&root, "loop-tests", C, &["-g"]);
    let line = blocks("## docker", "text");
    let (_, inside) = line.trim().split_once(" IMAGE ").expect("the container's command");
    let init = format!("unshare {} sh -c '{inside}; exit $?'", unshare.join(" "));
    let said = tells_them_apart(&root, &init);
    assert!(said.contains("SUMMARY: epshim: ctl-error"), "{said}");
    let document = fs::read_to_string(root.join("epshim.sarif")).unwrap();
    assert!(document.contains("\"executionSuccessful\": true"), "{document}");
    // As process 1: no document, and it is said before the program runs; without --format it works.
    let alone = format!("unshare {} {inside}", unshare.join(" "));
    let output = job(&root, &alone, false);
    assert_eq!(output.status.code(), Some(125));
    assert!(String::from_utf8_lossy(&output.stderr).contains("this is process 1"));
    tells_them_apart(&root, &alone.replace("--format sarif=epshim.sarif ", ""));
}

/// What is known already does not fail, and what is new does.
#[test]
fn what_is_known() {
    let root = project("recipe-known");
    compile_text(&root, "loop-tests", C, &["-g"]);
    let script = blocks("# `epshim check` in a pipeline", "sh");
    let lines: Vec<_> = script.lines().collect();
    let [write, silenced, keep, new] = lines[..] else { panic!("{lines:?}") };
    for (before, after) in [(write, silenced), (keep, new)] {
        // Of a run without the bug: it is new.
        let said = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(job(&root, before, false).status.success());
        assert_eq!(job(&root, after, true).status.code(), Some(99), "{after}");
        let _ = fs::remove_file(root.join("main.json"));
        assert!(job(&root, before, true).status.success());
        let output = job(&root, after, true);
        assert!(output.status.success(), "{after}: {}", said(&output));
    }
}

/// For seconds in place of minutes. Its bug is one that a plain run passes.
#[test]
fn every_night() {
    let root = project("recipe-chaos");
    let source = cargo::root().join("c_tests/chaos/parts_in_one_read.c");
    let lines = blocks("## Every night: `epshim chaos`", "sh").replace("--for 10m", "--for 5s");
    for (has_bug, code) in [(false, 0), (true, 1)] {
        let program = c11()
            .arg(&source)
            .args((!has_bug).then_some("-DRIGHT"))
            .arg("-o")
            .arg(root.join("loop-tests"))
            .status();
        assert!(program.unwrap().success());
        let output = job(&root, &lines, false);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}");
    }
    assert!(fs::read_to_string(root.join("chaos.json")).unwrap().contains("chaos-failure"));
}

/// Every heading is a recipe that is run here.
#[test]
fn every_recipe_is_run() {
    let document = include_str!("../../../docs/ci.md");
    let headings: Vec<_> = document.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let run = ["ctest", "cargo", "nextest", "pytest", "make check", "GitHub Actions", "docker"];
    assert_eq!(headings, [&run[..], &["Every night: `epshim chaos`"]].concat());
    assert!(epshim(&["check", "--help"]).output().unwrap().status.success());
}
