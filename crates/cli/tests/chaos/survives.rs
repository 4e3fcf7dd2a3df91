//! What is right survives: the twins of the planted bugs, our echo servers, and servers as distributions package
//! them, with clients that compare every byte.

use crate::{programs, search, text, turn};
use epshim_harness::c_compiler::{build, c11};
use epshim_harness::cargo;
use epshim_harness::ports::free_port;
use epshim_harness::products::{chmod, folder};
use epshim_harness::tools::{are_there, is_installed};
use std::env;
use std::fs;
use std::thread;

/// Seeds of each, at each level.
fn seeds() -> String {
    env::var("EPSHIM_CHAOS_SEEDS").unwrap_or_else(|_| "4".to_owned())
}

/// It survives, and chaos did nothing that is not legal.
fn survives(name: &str, words: &[&str], program: &[&str]) {
    let _turn = turn();
    let seeds = seeds();
    for level in ["polite", "rough"] {
        let options = ["--seed", "1", "--runs", &seeds, "--level", level];
        let words = [&options[..], words].concat();
        let outcome = search(&format!("{name}-{level}"), &words, program);
        assert_eq!(outcome.code, 0, "{name}, {level}: {}", outcome.err);
        let summary = outcome.line("chaos-summary");
        assert_eq!(summary["illegal"], 0, "{name}, {level}: {}", outcome.err);
        assert!(summary["sites_reached"].as_u64() > Some(0), "{name}, {level}: {}", outcome.err);
    }
}

/// It survives with this client, which gets the port.
fn serves(name: &str, client: &str, port: Option<u16>, program: &[&str]) {
    if !is_installed("python3") {
        return;
    }
    let client = cargo::root().join("crates/cli/tests/chaos").join(client);
    // `listening on ADDRESS` is the first line of ours.
    let written = r#"$(sed -n 's/^listening on .*://p' "$EPSHIM_CHAOS_OUTPUT")"#.to_owned();
    let is_said = port.is_none();
    let port = port.map_or(written, |port| port.to_string());
    // -B: what they have in common is not written beside them, compiled.
    let test = format!("python3 -B '{}' {port}", text(&client));
    // It registers its listener before it says where that is.
    let ready: &[&str] = if is_said { &["--ready", "listening on "] } else { &[] };
    survives(name, &[&["--test", &test], ready].concat(), program);
}

#[test]
fn the_twins_of_the_planted_bugs_survive() {
    thread::scope(|scope| {
        for program in programs() {
            scope.spawn(move || {
                let path = program.build(true);
                survives(&format!("{}-right", program.name), &[], &[text(&path)]);
            });
        }
    });
}

#[test]
fn our_echo_server_in_c_survives() {
    let root = cargo::root().join("c_tests");
    let sources = ["echo", "echo_program"].into_iter().flat_map(|part| {
        let entries = fs::read_dir(root.join(part)).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().is_some_and(|end| end == "c")).collect::<Vec<_>>()
    });
    let mut command = c11();
    command.args(["-g", "-O1", "-pthread", "-DEPSHIM_ORACLE"]).args(sources);
    command.arg(format!("-I{}", cargo::root().join("include").display()));
    command.arg(format!("-I{}", root.display()));
    let server = build(&mut command, "chaos-echo-c");
    serves("echo-c", "echo_client.py", None, &[text(&server), "--port", "0"]);
}

#[test]
fn our_echo_server_in_rust_survives() {
    let server = cargo::example("epshim", "echo", &[]).unwrap();
    serves("echo-rust", "echo_client.py", None, &[text(&server), "--port", "0"]);
}

#[test]
fn our_echo_server_on_the_reactor_survives() {
    let root = cargo::root().join("c_tests");
    let entries =
        fs::read_dir(root.join("echo_program")).unwrap().map(|entry| entry.unwrap().path());
    let sources = entries.filter(|path| path.extension().is_some_and(|end| end == "c"));
    let library = cargo::built("epshim-capi", "libepshim.so");
    let library = library.parent().unwrap();
    let mut command = c11();
    command.args(["-g", "-O1", "-pthread"]).arg(root.join("echo_reactor.c")).args(sources);
    command.arg(format!("-I{}", cargo::root().join("include").display()));
    command.arg(format!("-I{}", root.display())).arg(format!("-L{}", library.display()));
    command.args(["-lepshim", &format!("-Wl,-rpath,{}", library.display())]);
    let server = build(&mut command, "chaos-echo-reactor");
    serves("echo-reactor", "echo_client.py", None, &[text(&server), "--port", "0"]);
}

#[test]
fn redis_survives() {
    if are_there(&["redis-server"]) {
        let port = free_port().unwrap();
        let number = port.to_string();
        let words = ["redis-server", "--port", &number, "--save", "", "--appendonly", "no"];
        serves("redis", "redis_client.py", Some(port), &words);
    }
}

#[test]
fn memcached_survives() {
    if are_there(&["memcached"]) {
        let port = free_port().unwrap();
        let number = port.to_string();
        let words = ["memcached", "-p", &number, "-l", "127.0.0.1", "-U", "0", "-u", "nobody"];
        serves("memcached", "memcached_client.py", Some(port), &words);
    }
}

#[test]
fn nginx_survives() {
    if !are_there(&["nginx"]) {
        return;
    }
    let (port, folder) = (free_port().unwrap(), folder("chaos-nginx-files"));
    // Started by root, it works as another user.
    fs::create_dir(folder.join("files")).unwrap();
    chmod(&folder, 0o777);
    chmod(&folder.join("files"), 0o777);
    let text_of = include_str!("nginx.conf").replace("FOLDER", text(&folder));
    let file = folder.join("nginx.conf");
    fs::write(&file, text_of.replace("PORT", &port.to_string())).unwrap();
    let server = if fs::exists("/usr/sbin/nginx").unwrap() { "/usr/sbin/nginx" } else { "nginx" };
    serves("nginx", "nginx_client.py", Some(port), &[server, "-c", text(&file)]);
}
