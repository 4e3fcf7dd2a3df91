//! The files of `--log` and `--json`, which the observer holds.

use super::{check, run};
use crate::command::{json, watching};
use epshim_harness::c_compiler::compile_text;
use epshim_harness::deadline;
use epshim_harness::process::Process;
use epshim_harness::products::folder;
use std::fs;
use std::process::{Command, Stdio};

/// Leaves its root, its user and its descriptors, and then makes a mistake.
const LEAVES: &str = "#define _GNU_SOURCE
#include <sys/epoll.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    int epfd = epoll_create1(0);
    if (chroot(argv[1]) != 0 || chdir(\"/\") != 0 || setgid(65534) != 0 || setuid(65534) != 0)
        return 77;
    epoll_ctl(epfd, EPOLL_CTL_DEL, 999, 0);
    return 5;
}
";

/// Only root may.
#[test]
fn a_program_that_leaves_its_root_and_its_user_keeps_its_report() {
    let folder = folder("observer-chroot");
    let program = compile_text(&folder, "leaves", LEAVES, &[]);
    let (log, found, jail) = (folder.join("log"), folder.join("json"), folder.join("jail"));
    fs::create_dir(&jail).unwrap();
    let mut command = watching(&["check", "--quiet", "--log"]);
    command.arg(&log).arg("--json").arg(&found).arg("--").arg(&program).arg(&jail);
    let (status, _, errors) = run(command.env("EPSHIM_OPTIONS", "symbolize=0"));
    if status.code() == Some(77) {
        return;
    }
    assert_eq!((status.code(), &*errors), (Some(5), ""));
    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains("failed with EBADF") && log.contains("not seen: "), "{log}");
    let lines = fs::read_to_string(found).unwrap();
    let kinds: Vec<_> = lines.lines().map(|line| json(line)["kind"].clone()).collect();
    assert_eq!(kinds, ["finding", "summary"], "{lines}");
    assert_eq!(fs::read_dir(jail).unwrap().count(), 0);
}

/// Held, it has one end, and it comes with the program's.
#[test]
fn a_fifo_that_is_read_takes_the_whole_report() {
    let folder = folder("observer-fifo");
    let fifo = folder.join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let mut reader = Command::new("cat");
    let mut reader = Process::start("cat", reader.arg(&fifo).stdout(Stdio::piped()));
    // The command refuses a FIFO that no process reads yet.
    let path = fifo.to_str().unwrap();
    epshim_harness::wait_for("the reader", || {
        let (status, ..) = run(&mut check(&["--json", path], &["workers"]));
        (status.code() == Some(5)).then_some(())
    });
    let (_, lines, _) = reader.finish(deadline()).unwrap();
    let of = |kind: &str| lines.iter().filter(|line| json(line)["kind"] == kind).count();
    assert_eq!((of("finding"), of("summary")), (5, 5), "{lines:?}");
}

#[test]
fn what_a_signal_ends_has_its_end_in_the_file() {
    let folder = folder("observer-json");
    let path = folder.join("found.%p");
    let mut process =
        Process::start("ways", &mut check(&["--json", path.to_str().unwrap()], &["kill"]));
    let id = process.id();
    process.finish(deadline()).unwrap();
    let lines = fs::read_to_string(folder.join(format!("found.{id}"))).unwrap();
    let end = json(lines.lines().last().expect("an end"));
    assert_eq!((end["kind"].as_str(), end["end"]["signal"].as_i64()), (Some("summary"), Some(9)));
    assert_eq!(end["findings"], 1, "{end}");
}
