//! What a program can see of the observer: nothing, but where it looks for it.

use super::{check, program, run};
use crate::command::watching;
use epshim_harness::process::Process;
use epshim_harness::{deadline, sys, wait_for};
use std::fs;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::Command;

/// Its descriptors, parent, children, signals and limits are those of a program without it.
#[test]
fn the_program_knows_the_same_of_itself() {
    let (_, plain, _) = run(Command::new(program()).arg("facts"));
    for options in [&[][..], &["--trace-children"]] {
        let (_, checked, errors) = run(&mut check(options, &["facts"]));
        assert_eq!(checked, plain, "{errors}");
    }
}

/// The observer has no exit signal, and only `__WALL` finds it: then it leaves, and is not found.
#[test]
fn a_program_that_waits_for_every_kind_of_child_finds_its_own() {
    let (_, plain, _) = run(Command::new(program()).arg("all children"));
    assert!(plain.starts_with("ended 1, errno 10"), "{plain}");
    let (status, checked, errors) = run(&mut check(&[], &["all children"]));
    assert_eq!((status.code(), checked), (Some(5), plain), "{errors}");
    assert_eq!(errors.matches("the observer leaves").count(), 1, "{errors}");
    assert_eq!(errors.matches("not seen: ").count(), 1, "{errors}");
}

/// ^C, ^Z and `kill -9 -PGID`: the terminal's signals, and a shell's, go to a group.
#[test]
fn a_signal_to_the_group_is_the_program_s_and_not_the_observer_s() {
    let script = "trap 'echo got' INT; echo ready; while :; do sleep 0.01; done";
    let mut command = watching(&["check", "--quiet", "--", "bash", "-c", script]);
    // A shell cannot trap what is ignored where it starts, as SIGINT is in a job in the background.
    sys::with_default_action(&mut command, libc::SIGINT);
    command.process_group(0);
    let mut process = Process::start("bash", &mut command);
    assert_eq!(process.next_line(deadline()).unwrap().as_deref(), Some("ready"));
    let observer = observer_of(process.id()).expect("there is one");
    let group = -i32::try_from(process.id()).unwrap();
    let state = |process: u32| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
        stat.rsplit_once(") ").unwrap().1.chars().next().unwrap()
    };
    signal_group(group, "INT");
    assert_eq!(process.next_line(deadline()).unwrap().as_deref(), Some("got"));
    signal_group(group, "TSTP");
    wait_for("the stop", || (state(process.id()) == 'T').then_some(()));
    assert_eq!(state(observer), 'S');
    signal_group(group, "CONT");
    wait_for("the program", || (state(process.id()) != 'T').then_some(()));
    signal_group(group, "KILL");
    let (status, lines, errors) = process.finish(deadline()).unwrap();
    assert_eq!((status.signal(), lines.len()), (Some(libc_signal::KILL), 0), "once");
    assert!(errors.join("\n").contains("died by SIGKILL"), "{errors:?}");
}

fn signal_group(group: i32, name: &str) {
    let kill = Command::new("kill").args(["-s", name, "--", &group.to_string()]).status();
    assert!(kill.unwrap().success());
}

/// The observer of a process.
fn observer_of(process: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).ok()?;
    children.split_whitespace().find_map(|child| {
        let name = fs::read_to_string(format!("/proc/{child}/comm")).ok()?;
        (name == "epshim-observer\n").then(|| child.parse().ok())?
    })
}

fn sleeper(options: &[&str]) -> Process {
    let mut command = watching(&["check", "--quiet"]);
    let script = "trap 'echo got; exit 4' USR1; echo ready; while :; do sleep 0.01; done";
    command.args(options).args(["--", "bash", "-c", script]);
    let mut process = Process::start("bash", &mut command);
    assert_eq!(process.next_line(deadline()).unwrap().as_deref(), Some("ready"));
    process
}

#[test]
fn the_observer_has_a_session_a_folder_and_a_name_of_its_own() {
    let process = sleeper(&[]);
    let observer = observer_of(process.id()).expect("there is one");
    let of = |file: &str| fs::read(format!("/proc/{observer}/{file}")).expect("it lives");
    assert_eq!(fs::read_link(format!("/proc/{observer}/cwd")).unwrap().to_str(), Some("/"));
    let arguments = of("cmdline");
    assert!(arguments.starts_with(b"epshim-observer\0"), "{arguments:?}");
    assert!(arguments[15..].iter().all(|&byte| byte == 0), "{arguments:?}");
    let stat = String::from_utf8_lossy(&of("stat")).into_owned();
    let fields: Vec<_> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    assert_eq!((fields[2], fields[3]), (&*observer.to_string(), &*observer.to_string()), "{stat}");
    // Nothing but the page, the pidfd, the bell, standard error and what stands in for 0 to 2.
    let files = fs::read_dir(format!("/proc/{observer}/fd")).unwrap();
    assert_eq!(files.count(), 7);
    process.signal(libc_signal::USR1);
}

mod libc_signal {
    pub const USR1: i32 = 10;
    pub const KILL: i32 = 9;
}

#[test]
fn a_signal_to_the_command_is_the_program_s_and_arrives_once() {
    let mut process = sleeper(&[]);
    process.signal(libc_signal::USR1);
    let (status, lines, _) = process.finish(deadline()).unwrap();
    assert_eq!((status.code(), lines), (Some(4), vec!["got".to_owned()]));
}

#[test]
fn the_observer_ends_with_the_program() {
    let mut process = sleeper(&[]);
    let observer = observer_of(process.id()).expect("there is one");
    process.signal(libc_signal::KILL);
    let (_, _, errors) = process.finish(deadline()).unwrap();
    assert!(errors.join("\n").contains("died by SIGKILL"), "{errors:?}");
    wait_for("the observer's end", || {
        let stat = fs::read_to_string(format!("/proc/{observer}/stat")).unwrap_or_default();
        (stat.is_empty() || stat.contains(") Z ")).then_some(())
    });
}

/// It goes on, and writes its own end.
#[test]
fn a_program_whose_observer_is_killed_is_as_before() {
    let mut process = sleeper(&[]);
    let observer = observer_of(process.id()).expect("there is one");
    epshim_harness::sys::kill(observer, libc_signal::KILL);
    process.signal(libc_signal::USR1);
    let (status, _, errors) = process.finish(deadline()).unwrap();
    assert_eq!(status.code(), Some(4));
    assert_eq!(errors.join("\n").matches("not seen: ").count(), 1, "{errors:?}");
}

#[test]
fn there_is_none_where_none_is_asked_for_and_one_for_nested_commands() {
    let mut command = check(&[], &["kill"]);
    command.env("EPSHIM_OPTIONS", "symbolize=0:observer=0");
    let (_, _, errors) = run(&mut command);
    assert!(!errors.contains("not seen: "), "{errors}");
    let inner = watching(&[]);
    let mut command = watching(&["check", "--"]);
    command.arg(inner.get_program()).args(["check", "--"]).arg(program()).arg("kill");
    let (_, _, errors) = run(command.env("EPSHIM_OPTIONS", "symbolize=0"));
    assert_eq!(errors.matches("not seen: ").count(), 1, "{errors}");
    assert_eq!(errors.matches(": watches ").count(), 2, "{errors}");
}

/// Where there is none, the first line says so, and the way out by `_exit` has its end all the same.
#[test]
fn the_first_line_says_why_there_is_none() {
    let bare = watching(&[]);
    let (epshim, program) = (bare.get_program().to_str().unwrap(), program().display());
    let of = |script: String| {
        let mut command = Command::new("bash");
        run(command.args(["-c", &script]).env("EPSHIM_OPTIONS", "symbolize=0"))
    };
    let (_, _, errors) = of(format!("ulimit -f 8; {epshim} check -- {program} _exit"));
    assert!(errors.contains("no observer") && errors.contains("not seen: "), "{errors}");
    // Process 1 of a namespace, where this user may make one.
    let (status, _, _) = of("unshare -pf true".to_owned());
    if status.success() {
        let (status, _, errors) =
            of(format!("unshare -pf --mount-proc {epshim} check -- {program} _exit"));
        assert_eq!(status.code(), Some(5), "{errors}");
        assert!(errors.contains("no observer") && errors.contains("not seen: "), "{errors}");
    }
}
