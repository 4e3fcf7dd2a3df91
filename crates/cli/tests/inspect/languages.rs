//! The same in other languages, whose runtimes make their system calls themselves or have threads of their own:
//! Python and Go (static, without libc). Their findings have the user's own lines.

use crate::answer::{Found, look, look_until};
use crate::command::ask;
use crate::command::epshim;
use crate::stuck::{Way, has_noticed_nothing, what_it_saw};
use epshim_harness::deadline;
use epshim_harness::process::{Process, run};
use epshim_harness::products::folder;
use epshim_harness::tools::{is_installed, skip};
use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// epoll_wait(2), where the machine has it.
#[cfg(target_arch = "x86_64")]
const WAIT: i64 = libc::SYS_epoll_wait;
#[cfg(not(target_arch = "x86_64"))]
const WAIT: i64 = libc::SYS_epoll_pwait;

const PYTHON: [Way; 26] = [
    ("edge", "edge-not-drained", "suspected", &[]),
    ("edge_unix", "edge-not-drained", "suspected", &[]),
    ("edge_listener", "edge-not-drained", "suspected", &["backlog-waiting"]),
    ("oneshot", "oneshot-not-rearmed", "suspected", &[]),
    ("eof", "eof-unread", "certain", &[]),
    ("eof_edge", "eof-unread", "certain", &[]),
    ("ghost", "ghost", "certain", &[]),
    ("ghost_fork", "ghost", "certain", &[]),
    ("close_wait", "level-spin", "certain", &[]),
    ("unread", "level-spin", "certain", &[]),
    ("eventfd", "level-spin", "certain", &[]),
    ("out", "level-spin", "suspected", &[]),
    ("reset", "level-spin", "suspected", &[]),
    ("zero", "sub-ms-spin", "note", &[]),
    ("accept_spin", "accept-spin", "certain", &["descriptor-limit"]),
    ("blocking", "blocking-fd", "certain", &[]),
    ("elsewhere", "loop-blocked", "certain", &[]),
    ("sleeps", "loop-blocked", "certain", &[]),
    ("computes", "loop-blocked", "suspected", &[]),
    ("nobody", "no-waiter", "certain", &[]),
    ("nobody_idle", "no-waiter", "note", &[]),
    ("backlog", "backlog-waiting", "certain", &[]),
    ("inherited", "epfd-inherited", "note", &[]),
    ("fork_shared", "fork-shared", "note", &[]),
    ("crowd", "crowd", "note", &[]),
    ("closed", "epfd-misuse", "certain", &[]),
];

/// What lies on an edge is a note, since Go's own poller leaves edges in the kernel rightly.
const GO: [Way; 23] = [
    ("edge", "edge-not-drained", "note", &[]),
    ("edge_unix", "edge-not-drained", "note", &[]),
    ("oneshot", "oneshot-not-rearmed", "suspected", &[]),
    ("eof", "eof-unread", "certain", &[]),
    ("eof_edge", "eof-unread", "note", &[]),
    ("ghost", "ghost", "certain", &[]),
    ("close_wait", "level-spin", "certain", &[]),
    ("unread", "level-spin", "certain", &[]),
    ("eventfd", "level-spin", "certain", &[]),
    ("out", "level-spin", "suspected", &[]),
    ("reset", "level-spin", "suspected", &[]),
    ("zero", "sub-ms-spin", "note", &[]),
    ("blocking", "blocking-fd", "certain", &[]),
    ("elsewhere", "loop-blocked", "certain", &[]),
    ("sleeps", "loop-blocked", "certain", &[]),
    // No runtime takes a listener's edge for its own.
    ("edge_listener", "edge-not-drained", "suspected", &["backlog-waiting"]),
    ("backlog", "backlog-waiting", "certain", &[]),
    ("accept_spin", "accept-spin", "certain", &["descriptor-limit"]),
    ("ghost_fork", "ghost", "certain", &[]),
    ("inherited", "epfd-inherited", "note", &[]),
    ("crowd", "crowd", "note", &[]),
    ("closed", "epfd-misuse", "certain", &[]),
    ("nobody_idle", "no-waiter", "note", &[]),
];

pub fn started(name: &str, command: &mut Command) -> Process {
    let mut process = Process::start(name, command);
    let line = process.next_line(deadline()).expect("in time");
    assert_eq!(line.as_deref(), Some("stuck"), "{name}: {}", process.stderr());
    process
}

/// A way of a program in this language: the rule, its certainty, the user's own line, and that nothing was noticed.
fn is_named(language: &str, source: &str, command: &mut Command, way: Way) {
    let (way, rule, certainty, beside) = way;
    let process = started(way, command.arg(way));
    let found = look_until(process.id(), rule, certainty, &[]);
    let graves = found.certain_or_suspected();
    let is_known = |other: &&str| *other == rule || beside.contains(other);
    assert!(graves.iter().all(is_known), "{language}, {way}: {graves:?}: {:#}", found.object);
    if matches!(way, "edge" | "edge_unix" | "oneshot" | "eof" | "eof_edge" | "backlog") {
        is_not_woken(&process, language, way);
    }
    if certainty != "note" {
        has_own_line(&found, language, source);
    }
    let is_edge = matches!(way, "edge" | "edge_unix" | "edge_listener" | "oneshot");
    if language == "go" {
        // The signal itself interrupts the wait, and Go sends its own threads some.
        let line = what_it_saw(&mut { process });
        let interrupted = ["interrupted 0 ", "interrupted 1 "];
        let has_seen_it_once = interrupted.map(|head| format!("{head}delivered 1")).contains(&line);
        assert!(!is_edge || has_seen_it_once, "{way}: {line}");
    } else {
        has_noticed_nothing(process, way, is_edge.then_some("1"));
    }
    eprintln!("{language}: {way}: {rule} [{certainty}]");
}

/// No wait of the program was woken by a look: some runtimes begin an interrupted one again, and say nothing.
fn is_not_woken(process: &Process, language: &str, way: &str) {
    // Threads that wait for an event for ever, and how often each has slept. Go's own wake at times.
    let asleep = || {
        let tasks = fs::read_dir(format!("/proc/{}/task", process.id())).unwrap().flatten();
        let threads = tasks.filter_map(|task| {
            let call = fs::read_to_string(task.path().join("syscall")).ok()?;
            let [number, _, _, _, timeout, ..] = *call.split(' ').collect::<Vec<_>>() else {
                return None;
            };
            let waits = [libc::SYS_epoll_pwait, WAIT].map(|wait| wait.to_string());
            let is_endless = matches!(timeout, "0xffffffff" | "0xffffffffffffffff");
            let status = fs::read_to_string(task.path().join("status")).ok()?;
            let slept = status.lines().find(|line| line.starts_with("voluntary"))?.to_owned();
            let waits = is_endless && waits.iter().any(|wait| wait == number);
            waits.then(|| (task.file_name(), slept))
        });
        threads.collect::<HashMap<_, _>>()
    };
    let before = asleep();
    assert!(!before.is_empty(), "{language}, {way}: it waits");
    look(process.id(), &["--interval", "0.1"]).expect("it runs");
    let now = asleep();
    let woken = before.iter().filter(|(thread, slept)| now.get(*thread) != Some(slept)).count();
    // Go's own poller has a thread in such a wait too, which a timer may wake.
    let mays = usize::from(language == "go");
    assert!(woken <= mays, "{language}, {way}: {before:?} {now:?}");
}

/// A finding about a thread has its frames in the language, and blames the user's file.
fn has_own_line(found: &Found, language: &str, source: &str) {
    let finding = &found.object["findings"][0];
    let Some(site) = finding["sites"].get(0) else { return };
    assert_eq!(site["language"], language, "{:#}", found.object);
    let (file, line) = (&finding["blame"]["file"], &finding["blame"]["line"]);
    let is_own = file.as_str().is_some_and(|file| file.ends_with(source)) && line.is_u64();
    assert!(is_own, "{:#}", found.object);
}

fn source(name: &str) -> PathBuf {
    epshim_harness::cargo::root().join("crates/cli/tests/inspect").join(name)
}

#[test]
fn python_is_named() {
    if is_installed("python3") {
        for way in PYTHON {
            is_named("python", "stuck.py", Command::new("python3").arg(source("stuck.py")), way);
        }
    }
}

#[test]
fn a_blocked_python_loop_has_the_users_line_in_words() {
    if !is_installed("python3") {
        return;
    }
    let process =
        started("python", Command::new("python3").arg(source("stuck.py")).arg("elsewhere"));
    look_until(process.id(), "loop-blocked", "certain", &[]);
    let text = ask(&mut epshim(&["inspect", &process.id().to_string()])).out;
    let written = fs::read_to_string(source("stuck.py")).unwrap();
    let is_it = |line: &str| line == "    lock.acquire()";
    let number = written.lines().position(is_it).expect("it is there") + 1;
    let own = format!("stuck.py:{number}");
    let line = text.lines().find(|line| line.contains("the program's own line: elsewhere"));
    assert!(line.is_some() && text.contains(&own), "{own}: {text}");
    assert!(text.contains("Python stack of thread"), "{text}");
}

/// A handler that sleeps, with data that it has not read: what a healthy server does.
const GO_THAT_SLEEPS: &str = r#"
package main
import ("fmt"; "net"; "time")
func main() {
    l, _ := net.Listen("tcp", "127.0.0.1:0")
    c, _ := net.Dial("tcp", l.Addr().String())
    s, _ := l.Accept()
    c.Write([]byte("0123456789"))
    go func() { for { other, err := l.Accept(); if err != nil { return }; other.Close() } }()
    s.Read(make([]byte, 4))
    fmt.Println("stuck"); time.Sleep(time.Hour)
}
"#;

/// A program in a folder of its own, with `flags` for the linker.
fn go(name: &str, text: &str, flags: &str) -> PathBuf {
    let folder = folder(name);
    fs::write(folder.join("stuck.go"), text).unwrap();
    let mut build = Command::new("go");
    build.args(["build", "-ldflags", flags, "-o", "stuck", "stuck.go"]).current_dir(&folder);
    run(build.env("CGO_ENABLED", "0").env("GOCACHE", folder.join("cache")).env("GOFLAGS", ""));
    folder.join("stuck")
}

fn has_go() -> bool {
    let found = Command::new("go").arg("version").output().is_ok_and(|go| go.status.success());
    if !found {
        skip("go is not installed");
    }
    found
}

#[test]
fn go_is_named() {
    if !has_go() {
        return;
    }
    let program = go("inspect-go", &fs::read_to_string(source("stuck.go")).unwrap(), "");
    for way in GO {
        is_named("go", "stuck.go", &mut Command::new(&program), way);
    }
}

#[test]
fn a_handler_of_go_that_sleeps_is_a_note_at_most() {
    if !has_go() {
        return;
    }
    let program = go("inspect-go-sleeps", GO_THAT_SLEEPS, "-s -w");
    let process = started("sleeps", &mut Command::new(&program));
    let found = look_until(process.id(), "edge-not-drained", "note", &[]);
    assert_eq!(found.certain_or_suspected(), [""; 0], "{:#}", found.object);
    assert!(look(process.id(), &[]).is_some());
}
