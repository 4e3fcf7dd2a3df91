//! What a report shows of a line; and what it says where it has none.

use crate::{QUICK, check, known};
use epshim_harness::pythons::pythons;

/// A read that blocks in the loop's thread, long enough to be seen while it does, and once for less.
const BLOCKS: &str = r#"
import select, socket, sys, threading, time

ep = select.epoll()
a, b = socket.socketpair()
ep.register(a, select.EPOLLIN)

class Reader:
    def read(self, connection):
        return connection.recv(1)  # blocks

def late(seconds):
    threading.Timer(seconds, lambda: b.send(b"x")).start()

b.send(b"x")
ep.poll()
a.recv(1)
ep.poll(0)
late(1)
Reader().read(a)
"#;

#[test]
fn a_read_that_blocks_is_at_the_line_of_the_thread_that_sleeps_in_it() {
    for python in known() {
        let found = check(&python, "blocks", BLOCKS, "");
        assert_eq!(found.blamed("blocking-fd"), [found.line("# blocks")], "{}", found.report);
        let blame = &found.findings[0]["blame"];
        let name = if python.minor >= 11 { "Reader.read" } else { "read" };
        assert_eq!(blame["function"], name);
        assert_eq!(blame["source"], "return connection.recv(1)  # blocks");
        let shown = format!("{} | return connection.recv(1)", blame["line"]);
        assert!(found.report.contains(&shown), "{}", found.report);
        // Of the interpreter's own functions none is shown.
        let frames = found.findings[0]["sites"][0]["frames"].as_array().expect("frames");
        for frame in frames {
            found.line_of(frame);
        }
    }
}

const FAILS: &str = r#"
import select
try:
    select.epoll().modify(900, 0)  # fails
except (IOError, OSError):
    pass
"#;

#[test]
fn a_python_that_is_not_known_says_so_and_loses_nothing_else() {
    let unknown = pythons().into_iter().filter(|python| python.minor == 7);
    for python in unknown {
        let found = check(&python, "unknown", FAILS, QUICK);
        assert_eq!(found.findings.len(), 1, "{}", found.report);
        assert_eq!(found.findings[0]["blame"]["language"], serde_json::Value::Null);
        let no_lines = found.summary["seen"]["no_lines"].as_str().expect("a reason");
        assert_eq!(no_lines, "Python before 3.8: its files and lines are not shown");
    }
}

#[test]
fn with_lines_0_the_frames_are_the_interpreters() {
    let Some(python) = known().last() else { return };
    let on = check(&python, "with", FAILS, QUICK);
    assert_eq!(on.blamed("ctl-error"), [on.line("# fails")], "{}", on.report);
    let off = check(&python, "without", FAILS, &format!("{QUICK}:lines=0"));
    assert_eq!(off.findings[0]["blame"]["language"], serde_json::Value::Null);
}

/// In another interpreter of the same process: which of a thread's states is meant cannot be told.
const SUBINTERPRETER: &str = r#"
import select
text = "import select\ntry:\n    select.epoll().modify(900, 0)\nexcept OSError:\n    pass\n"
try:
    import _xxsubinterpreters as interpreters
except ImportError:
    import _interpreters as interpreters
one = interpreters.create()
interpreters.run_string(one, text)
"#;

#[test]
fn a_process_of_two_interpreters_has_no_line_rather_than_a_wrong_one() {
    for python in known().filter(|python| (8..=12).contains(&python.minor)) {
        let found = check(&python, "two-interpreters", SUBINTERPRETER, QUICK);
        assert_eq!(found.findings.len(), 1, "{}", found.report);
        assert_eq!(found.findings[0]["blame"]["language"], serde_json::Value::Null);
    }
}
