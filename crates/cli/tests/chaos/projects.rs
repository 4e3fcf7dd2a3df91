//! `cargo test`, `ctest` and `pytest` under chaos: the runners themselves survive, and a bug of a test that they
//! start, which passes without faults, is found.
//!
//! The bug is in the project behind the variable `BUG` of the environment: a message is expected in one read.

use crate::command::{outside_of_cargo, watching};
use crate::survives::seeds;
use crate::{Outcome, answered, text, turn};
use epshim_harness::process::run;
use epshim_harness::products::folder;
use epshim_harness::pythons;
use epshim_harness::tools::{is_installed, skip};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Seeds of a project without a bug.
const SAMPLE: u64 = 2;
/// Seeds in which the bug must be found.
const SEARCHED: u64 = 20;

const RUST: &str = r#"use std::io::{Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;

#[repr(C)]
#[cfg_attr(target_arch = "x86_64", repr(packed))]
struct Event(u32, u64);

extern "C" {
    fn epoll_create1(flags: i32) -> i32;
    fn epoll_ctl(epoll: i32, op: i32, fd: i32, event: *mut Event) -> i32;
    fn epoll_wait(epoll: i32, events: *mut Event, most: i32, timeout: i32) -> i32;
}

#[test]
fn a_message_comes_whole() {
    let (mut reader, mut writer) = UnixStream::pair().unwrap();
    reader.set_nonblocking(true).unwrap();
    let mut event = Event(1, 0);
    let epoll = unsafe { epoll_create1(0) };
    assert_eq!(unsafe { epoll_ctl(epoll, 1, reader.as_raw_fd(), &mut event) }, 0);
    for number in 0..20 {
        writer.write_all(&[number; 100]).unwrap();
        let (mut message, mut got) = ([0; 100], 0);
        while got < message.len() {
            unsafe { epoll_wait(epoll, &mut event, 1, -1) };
            got += reader.read(&mut message[got..]).unwrap_or(0);
            if std::env::var_os("BUG").is_some() {
                assert_eq!(got, message.len());
            }
        }
        assert_eq!(message, [number; 100]);
    }
}
"#;

const PYTHON: &str = r#"import os, select, socket

def test_a_message_comes_whole():
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    epoll = select.epoll()
    epoll.register(reader, select.EPOLLIN)
    for number in range(20):
        writer.sendall(bytes([number]) * 100)
        message = b""
        while len(message) < 100:
            epoll.poll()
            message += reader.recv(100 - len(message))
            assert len(message) == 100 or "BUG" not in os.environ
        assert message == bytes([number]) * 100
"#;

const C: &str = r#"#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
    int ends[2], epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0 ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event) != 0)
        return 2;
    for (int number = 0; number < 20; number++) {
        char sent[100], got[100];
        size_t size = 0;
        memset(sent, number, sizeof sent);
        if (write(ends[1], sent, sizeof sent) != sizeof sent)
            return 2;
        while (size < sizeof got) {
            epoll_wait(epoll, &event, 1, -1);
            ssize_t part = read(ends[0], got + size, sizeof got - size);
            size += part > 0 ? (size_t)part : 0;
            if (getenv("BUG") && size < sizeof got)
                return 1;
        }
        if (memcmp(sent, got, sizeof got) != 0)
            return 1;
    }
    return 0;
}
"#;

const CMAKE: &str = "cmake_minimum_required(VERSION 3.16)
project(loop C)
enable_testing()
add_executable(loop-tests loop-tests.c)
add_test(NAME loop COMMAND loop-tests)
";

#[test]
fn cargo_test() {
    let root = folder("chaos-project-cargo");
    let manifest = "[package]\nname = \"project\"\nedition = \"2021\"\n\n[workspace]\n";
    fs::create_dir(root.join("src")).unwrap();
    fs::write(root.join("Cargo.toml"), manifest).unwrap();
    fs::write(root.join("src/lib.rs"), RUST).unwrap();
    run(outside_of_cargo(Command::new("cargo").args(["test", "--no-run"]).current_dir(&root)));
    assert_eq!(tells_them_apart(&root, &["cargo", "test"]), 5);
}

/// CTest waits for what it starts in a loop of libuv, so that it has faults itself. It and its test register side by
/// side, and have each other's number now and then: a replay may miss.
#[test]
fn ctest() {
    if !is_installed("cmake") || !is_installed("ctest") {
        return;
    }
    let root = folder("chaos-project-ctest");
    fs::write(root.join("CMakeLists.txt"), CMAKE).unwrap();
    fs::write(root.join("loop-tests.c"), C).unwrap();
    run(Command::new("cmake").args(["-S", ".", "-B", "build"]).current_dir(&root));
    run(Command::new("cmake").args(["--build", "build"]).current_dir(&root));
    assert!(tells_them_apart(&root, &["ctest", "--test-dir", "build"]) > 0);
}

#[test]
fn pytest() {
    let has_pytest = |python: &pythons::Python| {
        let tried = Command::new(&python.path).args(["-m", "pytest", "--version"]).output();
        tried.is_ok_and(|output| output.status.success())
    };
    let Some(python) = pythons::pythons().into_iter().find(has_pytest) else {
        return skip("pytest is not installed");
    };
    let root = folder("chaos-project-pytest");
    fs::write(root.join("test_loop.py"), PYTHON).unwrap();
    let runner = [text(&python.path), "-B", "-m", "pytest", "-p", "no:cacheprovider"];
    assert_eq!(tells_them_apart(&root, &runner), 5);
}

/// Nothing breaks without the bug, and with it the bug does, by a short read. Returns how many of 5 replays broke too.
fn tells_them_apart(root: &Path, runner: &[&str]) -> u64 {
    let _turn = turn();
    let right = searched(root, seeds(SAMPLE), runner, false);
    assert_eq!(right.code, 0, "{}", right.err);
    assert_eq!(right.line("chaos-summary")["illegal"], 0, "{}", right.err);
    let wrong = searched(root, SEARCHED, runner, true);
    assert_eq!(wrong.code, 1, "{}", wrong.err);
    let failure = wrong.line("chaos-failure");
    let faults = failure["faults"].as_array().expect("a list");
    let is_it = |fault: &serde_json::Value| fault.as_str().unwrap().starts_with("short-read ");
    assert!(faults.iter().any(is_it), "{}", wrong.err);
    failure["replays_failed"].as_u64().expect("a number")
}

fn searched(root: &Path, seeds: u64, runner: &[&str], has_bug: bool) -> Outcome {
    let mut command = watching(&["chaos", "--json", "lines", "--seed", "1", "--runs"]);
    command.arg(seeds.to_string()).arg("--").args(runner).current_dir(root);
    outside_of_cargo(&mut command).envs(has_bug.then_some(("BUG", "1")));
    answered(&mut command, root.to_owned())
}
