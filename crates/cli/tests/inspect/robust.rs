//! What a look meets besides: pipes, processes in groups and namespaces of their own, and processes that end or change
//! while they are looked at. There is an answer, or a sentence.

use crate::answer::{look, look_until};
use crate::command::{Answer, ask, epshim};
use crate::stuck::{build, has_noticed_nothing, start};
use epshim_harness::process::Process;
use epshim_harness::{deadline, tools, wait_for};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// How full a pipe is shows on a copy only.
#[test]
fn an_edge_of_a_pipe_is_named_with_copies_and_not_without() {
    let process = start(&build("inspect-pipe", &[]), "edge_pipe");
    let found = look(process.id(), &[]).expect("it runs");
    assert_eq!(found.certain_or_suspected(), [""; 0], "{:#}", found.object);
    let found = look_until(process.id(), "edge-not-drained", "suspected", &["--copies"]);
    let copied = found.object["copied"].as_array().expect("a list");
    let fd = &found.object["findings"][0]["fd"];
    assert_eq!(copied, std::slice::from_ref(fd), "only the pipe is copied: {:#}", found.object);
    let text = ask(&mut epshim(&["inspect", "--copies", &process.id().to_string()])).out;
    assert!(text.contains(&format!("copied for a moment: fd {fd}")), "{text}");
    has_noticed_nothing(process, "edge_pipe", Some("1"));
}

/// A control group that is gone at the end of the test.
struct Group(PathBuf);

impl Group {
    /// In the only tree of groups, or in one of the older ones. `None`: this user may not make one.
    fn make(name: &str) -> Option<Self> {
        let trees = ["", "systemd", "unified", "pids"].into_iter();
        let trees = trees.map(|tree| PathBuf::from("/sys/fs/cgroup").join(tree));
        let mut groups = trees.filter(|tree| tree.join("cgroup.procs").exists());
        let made = groups.find_map(|tree| {
            let group = tree.join(name);
            fs::create_dir(&group).ok().map(|()| Self(group))
        });
        if made.is_none() {
            tools::skip("no control group can be made below /sys/fs/cgroup");
        }
        made
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // It is empty when its process has been reaped.
        let _ = fs::remove_dir(&self.0);
    }
}

/// What systemd and container runtimes call the groups of their processes.
#[test]
fn units_and_containers_are_found_by_their_groups() {
    let own = std::process::id();
    let id = format!("e{own:x}{:0>64}", "")[..64].to_owned();
    let unit = format!("epshim-{own}.service");
    for (group, words) in [
        (unit.clone(), &[&*unit][..]),
        (format!("docker-{id}.scope"), &[&id[..12], &*id]),
        (id.clone(), &[&id[..12]]),
    ] {
        let Some(group) = Group::make(&group) else { return };
        let process = start(&build("inspect-group", &[]), "idle");
        fs::write(group.0.join("cgroup.procs"), process.id().to_string()).unwrap();
        for word in words {
            let answer = ask(&mut epshim(&["inspect", "--json", "--interval", "0.1", word]));
            assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{word}");
            let pid = format!("\"pid\":{}", process.id());
            assert!(answer.out.contains(&pid), "{word}: {}", answer.out);
            assert_eq!(answer.out.lines().count(), 1, "{word}: {}", answer.out);
        }
        drop(process);
    }
}

fn is_an_answer(answer: &Answer) {
    assert!(answer.code <= 2 && !answer.err.contains("panicked"), "{answer:?}");
    if answer.code == 2 {
        let reason = answer.err.lines().next().unwrap_or_default();
        let is_said = ["no such process", "it has ended"].iter().any(|why| reason.contains(why));
        assert!(is_said, "{answer:?}");
    }
}

#[test]
fn a_process_that_ends_between_two_reads_is_a_sentence() {
    let program = build("inspect-ending", &[]);
    let mut has_been = [false; 3];
    for delay in 0..24 {
        let process = start(&program, "many");
        let mut command = epshim(&["inspect", "--interval", "0.1", &process.id().to_string()]);
        let looking = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Each time it ends elsewhere in the looks: a time is what is tried here, not what is waited for.
        std::thread::sleep(Duration::from_millis(delay * 12));
        drop(process);
        let answer = Answer::from(looking.wait_with_output().unwrap());
        is_an_answer(&answer);
        has_been[answer.code as usize] = true;
    }
    assert!(has_been[2], "it ended before the second look at least once");
}

#[test]
fn numbers_that_are_given_again_are_no_ghosts() {
    let program = build("inspect-churn", &[]);
    for way in ["churn", "churn_ghost"] {
        let process = start(&program, way);
        for _ in 0..10 {
            let found = look(process.id(), &["--interval", "0.1"]).expect("it runs");
            assert_eq!(found.certain_or_suspected(), [""; 0], "{way}: {:#}", found.object);
        }
        has_noticed_nothing(process, way, None);
    }
}

/// /proc/PID is that of the first thread, which has neither descriptors nor memory when it has ended.
#[test]
fn a_process_whose_first_thread_has_ended_is_seen_as_others_are() {
    let process = start(&build("inspect-first-ended", &[]), "first_ended");
    let found = look_until(process.id(), "edge-not-drained", "suspected", &[]);
    assert_eq!(found.object["process"]["pid"], process.id());
    let all = ask(&mut epshim(&["inspect", "--all", "--interval", "0.1"]));
    let row = format!("{:>8}  ", process.id());
    assert!(all.out.lines().any(|line| line.starts_with(&row)), "{}", all.out);
    has_noticed_nothing(process, "first_ended", Some("1"));
}

/// An upgrade removes the program that runs: its functions are named all the same.
#[test]
fn a_program_that_was_removed_has_the_names_of_its_functions() {
    let program = build("inspect-removed", &[]);
    let process = start(&program, "elsewhere");
    fs::remove_file(&program).unwrap();
    let found = look_until(process.id(), "loop-blocked", "certain", &[]);
    let frames = &found.object["findings"][0]["sites"][0]["frames"];
    let frames = frames.as_array().expect("a stack");
    assert!(frames.iter().any(|frame| frame["function"] == "main"), "{frames:#?}");
}

/// What a process calls itself, its threads, sockets and program is shown so that a terminal obeys none of it.
#[test]
fn names_that_a_terminal_would_obey_are_written_out() {
    let process = start(&build("inspect-\u{1b}[31mnames", &[]), "names");
    let pid = process.id().to_string();
    look_until(process.id(), "backlog-waiting", "certain", &[]);
    for options in [
        &["inspect", "-v", &pid][..],
        &["inspect", "--json", &pid],
        &["inspect", "--all"],
        &["inspect", "--all", "--openmetrics"],
    ] {
        let answer = ask(&mut epshim(options));
        let is_obeyed = |letter: char| letter.is_control() && letter != '\n';
        assert!(!answer.out.contains(is_obeyed), "{options:?}: {answer:?}");
        assert!(!answer.err.contains(is_obeyed), "{options:?}: {answer:?}");
    }
    has_noticed_nothing(process, "names", None);
}

/// In a pid namespace the numbers of threads are others; the lines are found all the same.
#[test]
fn a_process_in_a_pid_namespace_is_seen_as_others_are() {
    let source = epshim_harness::cargo::root().join("crates/cli/tests/inspect/stuck.py");
    let unshare = ["--pid", "--fork", "--kill-child"];
    let works = Command::new("unshare").args(unshare).arg("true").output();
    if !works.is_ok_and(|output| output.status.success()) {
        return tools::skip("no pid namespace can be made");
    }
    if !tools::is_installed("python3") {
        return;
    }
    let mut command = Command::new("unshare");
    command.args(unshare).arg("python3").arg(source).arg("elsewhere");
    let mut process = Process::start("unshare", &mut command);
    let line = process.next_line(deadline()).expect("in time");
    assert_eq!(line.as_deref(), Some("stuck"), "{}", process.stderr());
    let children = format!("/proc/{0}/task/{0}/children", process.id());
    let child = wait_for("the process inside", || {
        fs::read_to_string(&children).ok()?.split_whitespace().next()?.parse::<u32>().ok()
    });
    let found = look_until(child, "loop-blocked", "certain", &[]);
    let blame = &found.object["findings"][0]["blame"];
    assert_eq!(blame["function"], "elsewhere", "{:#}", found.object);
}
