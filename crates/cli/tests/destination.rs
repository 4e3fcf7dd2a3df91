//! `--json` and `--log`: each place works as in every other tool, or is refused before the program starts. The
//! library's own side of it is in crates/preload/tests/reporting/places.rs.

mod command;

use command::{Answer, json, watching};
use epshim_harness::c_compiler::compile_text;
use epshim_harness::deadline;
use epshim_harness::process::{Process, run};
use epshim_harness::products::{chmod, folder};
use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Makes a mistake, and says which descriptors it was started with if it is asked to.
const PROGRAM: &str = "#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    printf(\"its own\");
    for (int fd = 0; argc > 1 && fd < 100; fd++)
        if (fcntl(fd, F_GETFD) != -1)
            printf(\" %d\", fd);
    puts(\"\");
    int epfd = epoll_create1(0);
    epoll_ctl(epfd, EPOLL_CTL_DEL, 999, 0);
    return 5;
}
";

fn program(folder: &Path) -> PathBuf {
    compile_text(folder, "wrong", PROGRAM, &[])
}

/// What bash says of a script in this folder, with `$epshim` and `$program`.
#[track_caller]
fn bash(folder: &Path, script: &str) -> Answer {
    let command = watching(&[]);
    let mut shell = Command::new("bash");
    shell.args(["-c", script]).env("epshim", command.get_program()).current_dir(folder);
    shell.env("program", folder.join("wrong"));
    for (name, _) in command.get_envs() {
        shell.env_remove(name);
    }
    // Names of functions are looked up elsewhere.
    shell.env("EPSHIM_OPTIONS", "symbolize=0");
    let mut process = Process::start("bash", &mut shell);
    let (status, out, errors) = process.finish(deadline()).expect("it ends");
    let lines = |lines: Vec<String>| lines.iter().map(|line| format!("{line}\n")).collect();
    Answer { code: status.code().expect("it ends by itself"), out: lines(out), err: lines(errors) }
}

/// The kinds of the JSON lines in a text.
fn kinds(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| line.starts_with('{'));
    lines.map(|line| json(line)["kind"].as_str().unwrap().to_owned()).collect()
}

const FOUND: &str = "SUMMARY: epshim: ctl-error";

#[test]
fn a_report_may_go_to_standard_output() {
    let folder = folder("destination-stdout");
    program(&folder);
    for place in ["-", "/dev/stdout", "/dev/fd/1"] {
        let there = bash(&folder, &format!("\"$epshim\" check --json {place} \"$program\""));
        assert_eq!(there.code, 5, "{there:?}");
        assert_eq!(kinds(&there.out), ["finding", "summary"], "{there:?}");
        assert!(there.out.contains("its own\n") && there.err.contains(FOUND), "{there:?}");
        let there = bash(&folder, &format!("\"$epshim\" check --quiet --log {place} \"$program\""));
        assert!(there.code == 5 && there.err.is_empty() && there.out.contains(FOUND), "{there:?}");
    }
    let there = bash(&folder, "\"$epshim\" check --log /dev/stderr \"$program\"");
    assert!(there.out == "its own\n" && there.err.contains(FOUND), "{there:?}");
    let there = bash(&folder, "\"$epshim\" check --json ./- \"$program\" && exit; cat ./-; exit 5");
    assert_eq!(kinds(&there.out), ["finding", "summary"], "a file of that name: {there:?}");
}

#[test]
fn a_report_may_go_to_a_descriptor_of_the_shell_s() {
    let folder = folder("destination-descriptor");
    program(&folder);
    for (redirected, then) in [
        ("--json /dev/fd/7 \"$program\" 7> file", "cat file"),
        ("--json /dev/fd/7 \"$program\" 7>> file", "cat file"),
        ("--json /proc/self/fd/7 \"$program\" 7>&1", ":"),
        ("--json >(cat > file; : > done) \"$program\"", "until [ -e done ]; do :; done; cat file"),
    ] {
        let script =
            format!("rm -f file; \"$epshim\" check {redirected}; code=$?; {then}; exit $code");
        let there = bash(&folder, &script);
        assert_eq!(there.code, 5, "{redirected}: {there:?}");
        assert_eq!(kinds(&there.out), ["finding", "summary"], "{redirected}: {there:?}");
    }
}

/// A child that has another standard output does not write what its parent would take for its answer.
#[test]
fn what_a_program_reads_of_its_children_is_not_written_to() {
    let folder = folder("destination-children");
    program(&folder);
    fs::write(folder.join("run.sh"), "answer=$(\"$program\" 7> own); echo \"<$answer>\"\n")
        .unwrap();
    for place in ["-", "/dev/fd/7"] {
        // The child's 7 is a file of its parent's.
        let script = format!("\"$epshim\" check --trace-children --json {place} bash run.sh 7>&1");
        let there = bash(&folder, &script);
        assert!(there.out.contains("<its own>\n"), "{there:?}");
        assert_eq!(
            kinds(&there.out).iter().filter(|kind| *kind == "finding").count(),
            1,
            "{there:?}"
        );
        assert_eq!(fs::read_to_string(folder.join("own")).unwrap(), "", "{there:?}");
    }
}

#[track_caller]
fn refuses(folder: &Path, arguments: &str, reason: &str) {
    for option in ["--json", "--log"] {
        let there = bash(folder, &format!("\"$epshim\" check {option} {arguments}"));
        assert_eq!((there.code, &*there.out), (125, ""), "{arguments}: {there:?}");
        assert!(there.err.starts_with(&format!("epshim: {option} ")), "{arguments}: {there:?}");
        assert!(there.err.contains(reason), "{arguments}: {there:?}");
    }
}

#[test]
fn a_descriptor_that_cannot_be_written_to_is_refused() {
    let folder = folder("destination-refused");
    program(&folder);
    refuses(&folder, "/dev/fd/9 \"$program\"", "descriptor 9 is not open");
    refuses(&folder, "/dev/fd/9 \"$program\" 9< wrong", "descriptor 9 is not open for writing");
    refuses(&folder, "/dev/stdin \"$program\"", "descriptor 0 is not open for writing");
    let mut command = Command::new("bash");
    let script = "\"$epshim\" check --json - \"$program\" >&-";
    command.args(["-c", script]).current_dir(&folder).env("program", folder.join("wrong"));
    command.env("epshim", watching(&[]).get_program());
    let there = Answer::from(command.output().unwrap());
    assert_eq!(there.code, 125, "{there:?}");
    assert!(there.err.contains("descriptor 1 is not open"), "{there:?}");
}

#[test]
fn a_fifo_that_no_process_reads_is_refused() {
    let folder = folder("destination-fifo");
    program(&folder);
    run(Command::new("mkfifo").arg(folder.join("pipe")));
    refuses(&folder, "pipe \"$program\"", "it is a FIFO that no process reads");
    // Without an observer it would be opened and closed for each report.
    let script =
        "cat pipe & \"$epshim\" check --json pipe \"$program\"; code=$?; : > pipe; exit $code";
    let there = bash(&folder, &format!("export EPSHIM_OPTIONS=observer=0; {script}"));
    assert!(there.code == 125 && there.err.contains("/dev/fd/9 9>"), "{there:?}");
    let there = bash(
        &folder,
        "cat pipe & \"$epshim\" check --json /dev/fd/9 \"$program\" 9>pipe; code=$?; wait; exit $code",
    );
    assert_eq!((there.code, kinds(&there.out).len()), (5, 2), "{there:?}");
}

#[test]
fn a_file_that_cannot_be_written_is_refused_and_none_is_made() {
    let folder = folder("destination-file");
    program(&folder);
    refuses(&folder, "no/log \"$program\"", "No such file or directory");
    refuses(&folder, "wrong/log \"$program\"", "Not a directory");
    refuses(&folder, ". \"$program\"", "Is a directory");
    let there = bash(&folder, "\"$epshim\" check --json new.%p no-such-program");
    assert_eq!(there.code, 127, "{there:?}");
    let names = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(names.into_iter().all(|name| !name.to_string_lossy().contains("new")));
    let there =
        bash(&folder, "\"$epshim\" check --quiet --json /dev/null --log /dev/null \"$program\"");
    assert_eq!((there.code, &*there.out, &*there.err), (5, "its own\n", ""));
}

#[test]
fn what_another_user_could_have_put_there_is_refused() {
    let place = folder("destination-shared");
    program(&place);
    let shared = place.join("shared");
    fs::create_dir(&shared).unwrap();
    chmod(&shared, 0o1777);
    fs::write(place.join("target"), "untouched\n").unwrap();
    symlink(place.join("target"), shared.join("link")).unwrap();
    symlink(&place, shared.join("folder")).unwrap();
    for path in ["shared/link", "shared/folder/target", "shared/../shared/link"] {
        refuses(&place, &format!("{path} \"$program\""), "is a symbolic link in a folder");
    }
    let theirs = shared.join("theirs");
    fs::write(&theirs, "").unwrap();
    if chown(&theirs, Some(65534), None).is_ok() {
        refuses(&place, "shared/theirs \"$program\"", "is another user's");
    }
    assert_eq!(fs::read_to_string(place.join("target")).unwrap(), "untouched\n");
    let there =
        bash(&place, "\"$epshim\" check --quiet --log shared/own \"$program\"; cat shared/own");
    assert!(there.out.contains(FOUND) && there.err.is_empty(), "{there:?}");
}

/// What the environment asks for keeps no program from running.
#[test]
fn a_place_of_the_environment_s_is_complained_of_and_the_program_runs() {
    let folder = folder("destination-environment");
    let program = program(&folder);
    let mut command = watching(&["check", "--"]);
    command.arg(program).env("EPSHIM_OPTIONS", "log_path=/no/log:json=-").stdin(Stdio::null());
    let there = Answer::from(command.output().unwrap());
    assert_eq!(there.code, 5, "{there:?}");
    assert!(there.err.starts_with("epshim: EPSHIM_OPTIONS: /no/log: "), "{there:?}");
    assert!(there.err.contains(FOUND), "{there:?}");
    assert_eq!(kinds(&there.out), ["finding", "summary"], "{there:?}");
}

#[test]
fn the_program_gets_no_descriptor_of_a_report() {
    let folder = folder("destination-none");
    program(&folder);
    let plain = bash(&folder, "\"$program\" list 7> file").out;
    for places in ["--json - --log log", "--json /dev/fd/7 --suppressions /dev/null", "--log own"] {
        let there = bash(&folder, &format!("\"$epshim\" check {places} \"$program\" list 7> file"));
        assert!(there.out.contains(&plain), "{places}: {plain} {there:?}");
    }
}
