//! Node under load, while V8 collects as often as it can be made to: no line is wrong, and the program does what it
//! does without the checker.

use crate::found::{self, Found, QUICK, program};
use crate::node::{NODE, known};
use epshim_harness::c_compiler::compile_text;
use epshim_harness::interpreters::Interpreter;
use epshim_harness::process::stdout_of;
use epshim_harness::products::folder;
use serde_json::Value;
use std::process::Command;

/// Connections, each of which is closed under libuv's feet: a call that fails, of which the line is asked for.
const LOAD: &str = r#"
const net = require('net'), fs = require('fs');
const TOTAL = 1000;
let done = 0, sum = 0, keep = [];

function litter(n) {
  const ring = [];
  for (let i = 0; i < 40; i++) ring.push({ n: n + i, text: 'x' + i, ring });
  keep[n % 64] = ring;
  return ring.length;
}
function deep(n, what) { return n ? deep(n - 1, what) : what(); }
function vanish(socket) {
  fs.closeSync(socket._handle.fd);
  socket.destroy();  // destroy
}
const server = net.createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    sum = (sum * 31 + bytes.length + bytes[0] + litter(done)) >>> 0;
    deep(done % 5, () => socket.write('hello'));
    if (done % 16 === 0) gc({ type: done % 32 ? 'minor' : 'major' });
    deep(done % 5, () => vanish(socket));
  });
});
function one() {
  const end = net.connect(server.address().port, '127.0.0.1');
  end.on('error', () => {});
  end.write(Buffer.from([done & 127, 1, 2]));
  end.on('data', (bytes) => { sum = (sum * 31 + bytes.length) >>> 0; });
  end.on('close', () => {
    if (++done < TOTAL) one();
    else { console.log(done, sum); server.close(); }
  });
}
server.listen(0, '127.0.0.1', one);
"#;

const COLLECTING: [&[&str]; 3] = [
    &["--expose-gc"],
    &["--expose-gc", "--stress-scavenge=50", "--max-semi-space-size=1"],
    &["--expose-gc", "--stress-compaction", "--max-semi-space-size=1"],
];

#[test]
fn no_line_is_wrong_while_v8_collects_and_the_program_does_what_it_did() {
    for node in known() {
        let file = program(NODE, &node.path, "plain", LOAD);
        for flags in COLLECTING {
            let plain = stdout_of(Command::new(&node.path).args(flags).arg(&file));
            let found = check(&node, flags, "load", LOAD);
            assert_eq!(found.output, plain, "{}", found.report);
            // A call with another line, or without one, would be a finding of its own: there are five depths.
            let destroy = found.line("// destroy");
            assert_eq!(found.blamed("ctl-error"), [destroy; 5], "{}", found.report);
            assert_eq!(found.seen("ctl-error"), 1000, "{}", found.report);
        }
    }
}

fn check(node: &Interpreter, flags: &[&str], name: &str, text: &'static str) -> Found {
    found::check(NODE, (&node.path, flags), (name, text), QUICK, |_| {})
}

/// Calls in C: from JavaScript, in a handler of signals, and in the midst of collections.
const ADDON: &str = r#"
process.dlopen({ exports: {} }, process.env.EPSHIM_TEST_ADDON);  // calls
let sum = 0;
for (let round = 0; round < 200; round++) {
  const litter = [];
  for (let i = 0; i < 100; i++) litter.push({ i, text: 'x' + i });
  gc({ type: round % 8 ? 'minor' : 'major' });
  sum += litter.length;
}
console.log(sum);
"#;

#[test]
fn a_handler_has_no_line_and_a_collection_is_not_harmed() {
    let source = include_str!("addon.c");
    let addon = compile_text(&folder("node-addon"), "addon.node", source, &["-shared", "-fPIC"]);
    for node in known() {
        let set = |command: &mut Command| _ = command.env("EPSHIM_TEST_ADDON", &addon);
        let flags = ["--expose-gc"];
        let found = found::check(NODE, (&node.path, &flags), ("addon", ADDON), QUICK, set);
        assert_eq!(found.output, "20000\n", "{}", found.report);
        assert_eq!(found.summary["seen"]["checker_failed"], false, "{}", found.report);
        let of = |fd: u64| found.findings.iter().filter(move |finding| finding["fd"] == fd);
        let frames = |finding: &Value| {
            finding["sites"][0]["frames"].as_array().expect("frames").clone().into_iter()
        };
        let is_line = |frame: &Value| frame["language"] == NODE.name;
        let called: Vec<_> = of(901).collect();
        assert_eq!(called.len(), 1, "{}", found.report);
        let line = frames(called[0]).filter(is_line).find(|frame| frame["function"] == "");
        assert_eq!(found.line_of(&line.expect("a line")), found.line("// calls"));
        let handled: Vec<_> = of(902).collect();
        assert_eq!(handled.len(), 1, "{}", found.report);
        assert!(!frames(handled[0]).any(|frame| is_line(&frame)), "{}", found.report);
        assert!(of(903).count() > 0, "{}", found.report);
    }
}

/// A worker has an isolate and a thread of its own: no line is asked for there.
const WORKER: &str = r#"
const { Worker, isMainThread } = require('worker_threads');
const net = require('net'), fs = require('fs');
if (isMainThread) {
  new Worker(__filename);
} else {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => { fs.closeSync(socket._handle.fd); socket.destroy(); });
  });
  server.listen(0, '127.0.0.1', () => {
    const end = net.connect(server.address().port, '127.0.0.1', () => end.write('x'));
    end.on('error', () => {});
    end.on('close', () => server.close());
  });
}
"#;

#[test]
fn a_worker_has_no_line() {
    for node in known() {
        let found = check(&node, &[], "worker", WORKER);
        assert_eq!(found.findings.len(), 1, "{}", found.report);
        assert_eq!(found.findings[0]["blame"]["language"], Value::Null, "{}", found.report);
    }
}
