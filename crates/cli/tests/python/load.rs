//! Under load: other threads compute and collect garbage, and C's signal handler writes at any instruction.

use crate::{QUICK, check, check_with, known};
use epshim_harness::c_compiler::compile_text;
use epshim_harness::products::folder;
use epshim_harness::pythons::Python;
use std::process::Command;

/// Two threads make calls that fail, each from a line of its own, while two others make and collect garbage.
const THREADS: &str = r#"
import gc, select, sys, threading

ep = select.epoll()
over = threading.Event()

def garbage():
    while not over.is_set():
        ring = [[n] for n in range(50)]
        ring.append(ring)
        gc.collect(0)

def one():
    try:
        ep.modify(900, 0)  # one
    except OSError:
        pass

def deep(n):
    if n:
        return deep(n - 1)
    try:
        ep.modify(901, 0)  # other
    except OSError:
        pass

def call(what, times):
    for _ in range(times):
        what()

sys.setswitchinterval(0.00001)
collectors = [threading.Thread(target=garbage) for _ in range(2)]
callers = [threading.Thread(target=call, args=(one, 400)), threading.Thread(target=call, args=(lambda: deep(9), 400))]
for thread in collectors + callers:
    thread.start()
for thread in callers:
    thread.join()
over.set()
for thread in collectors:
    thread.join()
"#;

#[test]
fn no_line_is_wrong_while_other_threads_compute_and_collect() {
    for python in known() {
        let found = check(&python, "threads", THREADS, QUICK);
        let (one, other) = (found.line("# one"), found.line("# other"));
        // A call with another line, or without one, would be a finding of its own.
        assert_eq!(found.blamed("ctl-error"), [one, other], "{}", found.report);
        let seen = found.summary["rules"][0]["occurrences"].as_u64().expect("a number");
        assert!(seen >= 100, "{seen}: {}", found.report);
    }
}

/// The interpreter's own handler of signals, which is C, writes to a socket that is watched: whichever instruction it has
/// interrupted.
const SIGNALS: &str = r#"
import select, signal, socket, time

def handler(number, frame):
    pass

def generator():
    for n in range(50):
        try:
            yield {"n": n}
        except GeneratorExit:
            return

def work():
    total = 0
    for one in generator():
        total += one["n"]
    return sorted([str(total)] * 3)

ep = select.epoll()
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.0003, 0.0003)
end = time.monotonic() + 3
rounds = 0
while time.monotonic() < end:
    a, b = socket.socketpair()
    b.setblocking(False)
    ep.register(b, select.EPOLLIN)
    signal.set_wakeup_fd(b.fileno(), warn_on_full_buffer=False)
    for _ in range(20):
        work()
    signal.set_wakeup_fd(-1)
    ep.unregister(b)
    a.close()
    b.close()
    rounds += 1
signal.setitimer(signal.ITIMER_REAL, 0)
print(rounds)
"#;

#[test]
fn a_handler_that_writes_at_any_instruction_harms_nothing() {
    for python in known() {
        let found = check(&python, "signals", SIGNALS, QUICK);
        assert_eq!(found.findings.len(), 0, "{}", found.report);
        assert_eq!(found.summary["seen"]["checker_failed"], false, "{}", found.report);
    }
}

/// The lines are read in a handler of C's, on a stack of its own.
const DEEP: &str = r#"
import ctypes, os, select, socket

library = ctypes.CDLL(os.environ["EPSHIM_TEST_DEPTH"])
library.depth.restype = ctypes.c_long
ep = select.epoll()
a, b = socket.socketpair()

def deep(n):
    if n:
        return deep(n - 1)
    return library.depth(ep.fileno(), a.fileno())  # handler

for _ in range(2):
    taken = deep(30)
    ep.unregister(a)
    assert 0 < taken <= 4608, taken
"#;

/// As for other programs: the kernel takes 3.5 of the 8 KiB where there is AVX-512.
#[test]
fn a_signals_stack_of_8_kib_is_enough_to_read_the_lines() {
    let folder = folder("python-depth");
    let source = include_str!("depth.c");
    let library = compile_text(&folder, "depth.so", source, &["-shared", "-fPIC"]);
    for python in known().filter(Python::has_ctypes) {
        let set = |command: &mut Command| _ = command.env("EPSHIM_TEST_DEPTH", &library);
        let found = check_with(&python, "depth", DEEP, QUICK, &[], set);
        assert_eq!(found.findings.len(), 1, "{}", found.report);
        // The library in C has made the call: it is blamed, and the line that called it follows.
        let frames = found.findings[0]["sites"][0]["frames"].as_array().expect("frames");
        let python = frames.iter().find(|frame| frame["language"] == "Python").expect("a line");
        assert_eq!(found.line_of(python), found.line("# handler"), "{}", found.report);
    }
}
