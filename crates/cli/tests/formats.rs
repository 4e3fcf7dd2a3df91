//! `--format`, `--gen-suppressions` and `--baseline`: each document is there when the program has ended, whole, and
//! says what was found; also where the program is killed, and where none can be made.

mod command;

use command::{json, watching};
use epshim_harness::c_compiler::compile_text;
use epshim_harness::process::Process;
use epshim_harness::products::folder;
use epshim_harness::wait_for;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Two findings by two functions, or none with the argument `right`; with `wait` one, and it waits for
/// its end.
const PROGRAM: &str = "#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>
static int one(int epfd) { return epoll_ctl(epfd, EPOLL_CTL_DEL, 99, 0); }
static int two(int epfd) { struct epoll_event e = {0}; return epoll_ctl(epfd, EPOLL_CTL_MOD, 0, &e); }
int main(int argc, char **argv)
{
    int epfd = epoll_create1(0);
    struct epoll_event event;
    const char *how = argc > 1 ? argv[1] : \"\";
    if (strcmp(how, \"fork\") == 0) {
        if (fork() != 0)
            return wait(0) > 0 ? 0 : 1;
        how = \"\";
    }
    if (strcmp(how, \"right\") != 0 && one(epfd) == 0)
        return 1;
    if (strcmp(how, \"wait\") == 0)
        return epoll_wait(epfd, &event, 1, 60000);
    if (strcmp(how, \"\") == 0 && two(epfd) == 0)
        return 1;
    epoll_wait(epfd, &event, 1, 1);
    return 0;
}
";

/// A repository with a program in it, and nothing else.
fn repository(name: &str) -> (PathBuf, PathBuf) {
    let root = folder(name);
    fs::create_dir(root.join(".git")).unwrap();
    let program = compile_text(&root, "server", PROGRAM, &["-g", "-O1", "-fno-inline"]);
    (root, program)
}

fn check(root: &Path, arguments: &[&str]) -> Output {
    let mut command = watching(&["check", "--quiet"]);
    command.current_dir(root).args(arguments).output().expect("epshim runs")
}

fn text(path: impl AsRef<Path>) -> String {
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.as_ref().display()))
}

fn sarif(path: impl AsRef<Path>) -> (Vec<Value>, bool) {
    let document = json(&text(path));
    let run = &document["runs"][0];
    let results = run["results"].as_array().expect("a list").clone();
    (results, run["invocations"][0]["executionSuccessful"] == true)
}

#[test]
fn several_forms_at_once_say_the_same_and_the_exit_status_is_as_without_them() {
    let (root, _) = repository("formats-all");
    let all = [
        "--format",
        "sarif=a.sarif",
        "--format",
        "junit=a.xml",
        "--format",
        "github=a.github",
        "--format",
        "json=a.json",
        "--format",
        "text=a.text",
        "--error-exitcode",
        "9",
        "--",
        "./server",
    ];
    let output = check(&root, &all);
    assert_eq!(output.status.code(), Some(9), "{output:?}");
    assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
    let (results, has_ended) = sarif(root.join("a.sarif"));
    assert!(has_ended && results.len() == 2, "{results:?}");
    let place = |result: &Value| result["locations"][0]["physicalLocation"].clone();
    for (result, line) in results.iter().zip([5, 6]) {
        assert_eq!(place(result)["artifactLocation"]["uri"], "server.c", "{result:#}");
        assert_eq!(place(result)["region"]["startLine"], line, "{result:#}");
    }
    let junit = text(root.join("a.xml"));
    assert!(junit.contains("tests=\"2\" failures=\"2\""), "{junit}");
    let annotations = text(root.join("a.github"));
    let begin = |line| format!("::warning file=server.c,line={line},title=epshim%3A ctl-error::");
    let lines: Vec<_> = annotations.lines().collect();
    assert!(
        lines.len() == 2 && lines[0].starts_with(&begin(5)) && lines[1].starts_with(&begin(6)),
        "{annotations}"
    );
    assert_eq!(text(root.join("a.json")).lines().count(), 3);
    assert_eq!(text(root.join("a.text")).matches("WARNING: epshim: ctl-error").count(), 2);
    // Nothing of its making is left beside them.
    let names = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(names.into_iter().all(|name| !name.to_string_lossy().ends_with('~')));
}

#[test]
fn annotations_go_to_standard_error_by_themselves() {
    let (root, _) = repository("formats-github");
    let output = check(&root, &["--format", "github", "--", "./server"]);
    let errors = String::from_utf8(output.stderr).unwrap();
    let annotations =
        errors.lines().filter(|line| line.starts_with("::warning file=server.c,line="));
    assert_eq!(annotations.count(), 2, "{errors}");
    assert!(output.status.success() && output.stdout.is_empty(), "{errors}");
}

#[test]
fn a_clean_run_has_documents_that_say_so_in_place_of_old_ones() {
    let (root, _) = repository("formats-clean");
    let arguments = [
        "--format",
        "sarif=a.sarif",
        "--format",
        "junit=a.xml",
        "--error-exitcode",
        "9",
        "--",
        "./server",
    ];
    assert_eq!(check(&root, &arguments).status.code(), Some(9));
    let output = check(&root, &[&arguments[..], &["right"]].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(sarif(root.join("a.sarif")), (vec![], true));
    assert!(text(root.join("a.xml")).contains("tests=\"1\" failures=\"0\" errors=\"0\""));
}

#[test]
fn what_was_found_before_a_kill_is_in_the_documents_and_so_is_the_end() {
    let (root, _) = repository("formats-kill");
    let mut command =
        watching(&["check", "--quiet", "--format", "sarif=a.sarif", "--", "./server"]);
    let mut process = Process::start("epshim check", command.current_dir(&root).arg("wait"));
    // The finding is written when it is made, while the program runs.
    let file = root.join("a.sarif");
    let has_one = || (file.exists() && sarif(&file).0.len() == 1).then_some(());
    wait_for("the finding", has_one);
    assert!(!sarif(root.join("a.sarif")).1);
    process.signal(libc::SIGKILL);
    process.wait();
    // The observer writes the end, moments after.
    wait_for("the end", || sarif(root.join("a.sarif")).1.then_some(()));
    assert_eq!(sarif(root.join("a.sarif")).0.len(), 1);
}

#[test]
fn what_a_child_did_is_in_the_documents_of_the_run() {
    let (root, _) = repository("formats-fork");
    let arguments = ["--trace-children", "--format", "sarif=a.sarif", "--", "./server", "fork"];
    let output = check(&root, &arguments);
    assert!(output.status.success(), "{output:?}");
    let (results, has_ended) = sarif(root.join("a.sarif"));
    assert!(has_ended && results.len() == 2, "{results:?}");
}

/// The library then appends to the file of the lines itself.
#[test]
fn an_observer_that_does_not_answer_loses_nothing() {
    let (root, _) = repository("formats-stopped");
    let script = "for p in /proc/[0-9]*; do if grep -qx epshim-observer $p/comm && grep -q \"^PPid:.$$\" $p/status; \
                  then o=${p#/proc/}; fi; done 2>/dev/null; [ -n \"$o\" ] || exit 3; kill -STOP $o; ./server; kill -CONT $o";
    let arguments = ["--trace-children", "--format", "sarif=a.sarif", "--", "sh", "-c", script];
    let output = check(&root, &arguments);
    assert!(output.status.success(), "{output:?}");
    wait_for("the findings", || (sarif(root.join("a.sarif")).0.len() == 2).then_some(()));
}

#[test]
fn generated_suppressions_silence_the_run_and_a_baseline_all_that_is_not_new() {
    let (root, _) = repository("formats-silence");
    let fails = ["--error-exitcode", "9", "--", "./server"];
    let output =
        check(&root, &[&["--gen-suppressions", "all", "--json", "old.json"], &fails[..]].concat());
    assert_eq!(output.status.code(), Some(9), "{output:?}");
    let lines = text(root.join("all"));
    assert!(lines.contains("\nctl-error:one\n") && lines.contains("\nctl-error:two\n"), "{lines}");
    assert!(lines.contains("# server.c:5: epoll_ctl("), "{lines}");
    for option in [["--suppressions", "all"], ["--baseline", "old.json"]] {
        let output = check(&root, &[&option[..], &fails].concat());
        assert_eq!(output.status.code(), Some(0), "{option:?}: {output:?}");
    }
    // A run that found one of both: the other is new.
    let half = text(root.join("old.json"));
    let half: String = half
        .lines()
        .filter(|line| !line.contains("ctl-error:two"))
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(root.join("half.json"), half).unwrap();
    let output = check(&root, &[&["--baseline", "half.json"], &fails[..]].concat());
    assert_eq!(output.status.code(), Some(9), "{output:?}");
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(
        errors.contains("epshim: 1 finding in") && errors.contains("suppressed by ctl-error:one"),
        "{errors}"
    );
}

#[test]
fn what_cannot_be_written_is_refused_before_the_program_runs() {
    let (root, _) = repository("formats-refused");
    let refused = |arguments: &[&str], options: &str| {
        let mut command = watching(&["check"]);
        command.current_dir(&root).args(arguments).args(["--", "sh", "-c", "touch ran"]);
        let output = command.env("EPSHIM_OPTIONS", options).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(125), "{arguments:?}: {errors}");
        assert!(!root.join("ran").exists(), "{arguments:?}");
        errors
    };
    Command::new("mkfifo").arg(root.join("fifo")).status().unwrap();
    for (arguments, why) in [
        (&["--format", "sarif"][..], "it needs a file: sarif=FILE"),
        (&["--format", "xml=a"], "text, json=FILE, sarif=FILE, junit=FILE or github"),
        (&["--format", "junit=-"], "a file of its own"),
        (&["--format", "junit=no/a.xml"], "No such file or directory"),
        (&["--format", "junit=fifo"], "it is no regular file"),
        (&["--format", "json=a", "--json", "b"], "it goes to one place"),
        (&["--baseline", "none"], "No such file or directory"),
        (&["--baseline", "server.c"], "it has no line that"),
    ] {
        let errors = refused(arguments, "");
        assert!(errors.contains(why), "{arguments:?}: {errors}");
    }
    let errors = refused(&["--format", "sarif=a.sarif", "--print-env"], "");
    assert!(errors.contains("there is none: the environment is only printed"), "{errors}");
    let errors = refused(&["--format", "sarif=a.sarif"], "observer=0");
    assert!(errors.contains("there is none: observer=0"), "{errors}");
}
