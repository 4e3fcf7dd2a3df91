//! A process tree: children that are there, and children that are made later.

use crate::engine::{attach, can_attach, file, is_privileged, outcome, run};
use crate::nginx::{self, get};
use epshim_harness::misuse::{Variant, programs};
use epshim_harness::ports::connect;
use epshim_harness::products::folder;
use epshim_harness::tools::{are_there, is_installed};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::thread;
use std::time::{Duration, Instant};

/// A master and two workers; at a HUP it makes two new ones, which have other ids.
#[test]
fn a_master_its_workers_and_those_that_it_makes_later_are_watched() {
    if !are_there(&["nginx"]) || !can_attach() {
        return;
    }
    let user =
        if fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0) { "user root;" } else { "" };
    let (server, port) = nginx::start("attached-tree", &format!("{user} worker_processes 2;"));
    drop(connect(port));
    let to = file();
    let engine = attach(server.id(), &["--children", "--for", "12s"], &to);
    let begun = Instant::now();
    let mut answers = 0;
    let mut work = |until: u64| {
        while begun.elapsed() < Duration::from_secs(until) {
            // A worker that ends may refuse one.
            answers += usize::from(get(port).is_ok_and(|it| it.starts_with(b"HTTP/1.1 200")));
            thread::sleep(Duration::from_millis(1));
        }
    };
    work(4);
    server.signal(libc::SIGHUP);
    work(10);
    let outcome = outcome(engine, &to, Vec::new());
    assert!(answers > 100, "{answers}");
    assert_eq!(outcome.findings().count(), 0, "{}", outcome.err);
    let ends = outcome.json.iter().filter(|line| line["kind"] == "summary");
    let waited = ends.filter(|line| line["seen"]["waits"].as_u64().is_some_and(|waits| waits > 0));
    let pids: BTreeSet<u64> = waited.map(|line| line["pid"].as_u64().unwrap()).collect();
    assert!(pids.len() >= 3 && !pids.contains(&u64::from(server.id())), "{pids:?} {}", outcome.err);
}

/// The parent is attached to before it forks, and not told of its child by anything but the kernel.
#[test]
fn a_change_by_a_child_is_told_with_both_ids() {
    if !can_attach() {
        return;
    }
    let is_it = |it: &Variant| it.name == "fork-shared/child_cleans_up" && !it.is_right();
    let program = programs().into_iter().find(is_it).unwrap();
    let outcome = run(&program.build("-tree", &[]), &["--children"]);
    let found = outcome.findings().find(|line| line["rule"] == "fork-shared");
    let found = found.unwrap_or_else(|| panic!("{}", outcome.err));
    assert_eq!(found["certainty"], "certain");
    let other = found["what"].as_str().unwrap().split("process ").nth(1).unwrap();
    let other: u64 = other.split(|it: char| !it.is_ascii_digit()).next().unwrap().parse().unwrap();
    assert_ne!(found["pid"].as_u64(), Some(other));
    let line = found["sites"][0]["frames"][0]["line"].as_u64().unwrap();
    assert!(program.findings().contains(&line), "{}", outcome.err);
}

/// Seen from the machine, whose ids the kernel tells; clone(2) returns others there.
#[test]
fn children_in_a_container_are_followed_too() {
    if !is_privileged() || !can_attach() || !is_installed("unshare") {
        return;
    }
    let program = programs().into_iter().find(|it| it.name == "ctl-error/already_added").unwrap();
    let built = program.build("-contained", &["-static"]);
    let script = folder("attached-contained").join("start");
    let text = format!("#!/bin/sh\nexec unshare --pid --fork {}\n", built.display());
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let outcome = run(&script, &["--children"]);
    let found: Vec<_> = outcome.findings().map(|line| line["rule"].as_str().unwrap()).collect();
    assert_eq!(found, ["ctl-error"], "{}", outcome.err);
}
