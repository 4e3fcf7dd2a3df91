//! Node: whose line a finding has.

use crate::found::{self, Found, Language, QUICK};
use epshim_harness::c_compiler::compile_text;
use epshim_harness::interpreters::{Interpreter, nodes};
use epshim_harness::products::folder;
use serde_json::Value;
use std::process::Command;

pub const NODE: Language = Language { name: "JavaScript", file: "app.js" };

/// The versions whose lines can be had.
const KNOWN: [&str; 3] = ["18.", "20.", "22."];

/// The Nodes whose lines can be had.
pub fn known() -> impl Iterator<Item = Interpreter> {
    nodes().into_iter().filter(|node| node.is_one_of(&KNOWN))
}

pub fn check(node: &Interpreter, name: &str, text: &'static str, settings: &str) -> Found {
    found::check(NODE, (&node.path, &[]), (name, text), settings, |_| {})
}

/// Two functions close a descriptor that libuv still watches.
const TWO: &str = r#"
const net = require('net'), fs = require('fs');

function first(socket) {
  fs.closeSync(socket._handle.fd);
  socket.destroy();  // first
}
function second(socket) {
  fs.closeSync(socket._handle.fd);
  setImmediate(() => {});
  socket.destroy();  // second
}
let served = 0;
const server = net.createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', () => (served++ ? second : first)(socket));
});
function connect(then) {
  const end = net.connect(server.address().port, '127.0.0.1', () => end.write('x'));
  end.on('error', () => {});
  end.on('close', then);
}
server.listen(0, '127.0.0.1', () => connect(() => connect(() => server.close())));
"#;

#[test]
fn two_bugs_are_two_findings_each_with_its_line() {
    for node in known() {
        let found = check(&node, "two", TWO, QUICK);
        let lines = [found.line("// first"), found.line("// second")];
        assert_eq!(found.blamed("ctl-error"), lines, "{}", found.report);
        assert_eq!(found.findings[0]["blame"]["function"], "first");
        let suppression = format!("ctl-error:app.js:{}", lines[0]);
        assert_eq!(found.findings[0]["suppression"], suppression.as_str());
        let settings = format!("{QUICK}:suppress=\"{suppression}\"");
        let rest = check(&node, "suppressed", TWO, &settings);
        assert_eq!(rest.blamed("ctl-error"), [lines[1]], "{}", rest.report);
    }
}

#[test]
fn lines_are_of_the_languages_that_are_asked_for() {
    let Some(node) = known().last() else { return };
    for lines in ["0", "python,ruby"] {
        let found = check(&node, "off", TWO, &format!("{QUICK}:lines={lines}"));
        assert!(!found.findings.is_empty(), "{}", found.report);
        assert!(found.findings.iter().all(has_no_line), "{}", found.report);
        assert_eq!(found.summary["seen"]["no_lines"], Value::Null);
    }
    let found = check(&node, "on", TWO, &format!("{QUICK}:lines=node"));
    assert_eq!(found.blamed("ctl-error").len(), 2, "{}", found.report);
}

#[test]
fn a_node_that_was_not_tried_says_so_and_loses_nothing_else() {
    for node in nodes().iter().filter(|node| !node.is_one_of(&KNOWN)) {
        let found = check(node, "unknown", TWO, QUICK);
        assert!(!found.findings.is_empty(), "{}", found.report);
        assert!(found.findings.iter().all(has_no_line), "{}", found.report);
        let why = found.summary["seen"]["no_lines"].as_str().expect("a reason");
        assert!(why.starts_with("Node with V8 "), "{why}");
    }
}

fn has_no_line(finding: &Value) -> bool {
    let sites = finding["sites"].as_array().expect("sites");
    let mut frames = sites.iter().flat_map(|site| site["frames"].as_array().expect("frames"));
    finding["blame"]["language"].is_null() && frames.all(|frame| frame["language"].is_null())
}

/// A read that blocks in the loop's thread, on a connection that the loop has accepted.
const BLOCKS: &str = r#"
const net = require('net'), fs = require('fs'), { spawn } = require('child_process');

function read(fd) {
  return fs.readSync(fd, Buffer.alloc(1));  // blocks
}
const text = `const end = require('net').connect(PORT, '127.0.0.1');
end.on('data', () => setTimeout(() => end.end('x'), 1000));`;
const server = net.createServer((socket) => {
  socket.write('hello');
  socket._handle.setBlocking(true);
  setTimeout(() => { read(socket._handle.fd); socket.destroy(); server.close(); }, 100);
});
server.listen(0, '127.0.0.1', () => {
  spawn(process.execPath, ['-e', text.replace('PORT', server.address().port)]);
});
"#;

#[test]
fn a_read_that_blocks_is_at_its_line() {
    for node in known() {
        let found = check(&node, "blocks", BLOCKS, &format!("{QUICK}:trace_children=0"));
        if sees_registrations(&found) {
            let line = found.line("// blocks");
            assert_eq!(found.blamed("blocking-fd"), [line], "{}", found.report);
        }
    }
}

/// Where libuv has io_uring register what is watched, no call is one on a watched descriptor to the checker.
fn sees_registrations(found: &Found) -> bool {
    let sees = found.summary["seen"]["registrations"] != 0;
    assert!(sees || found.report.contains("io_uring instances"), "{}", found.report);
    sees
}

/// An addon has libuv's epoll report that there is room to write, which libuv passes over, again and again.
const SPINS: &str = r#"
const net = require('net'), fs = require('fs');

function answer(socket) {
  socket.write('hello');  // belongs
}
function spin(socket) {
  const numbers = fs.readdirSync('/proc/self/fd').filter((number) => {
    try {
      return fs.readlinkSync('/proc/self/fd/' + number).endsWith('[eventpoll]');
    } catch { return false; }
  });
  process.env.EPSHIM_TEST_WRITABLE = numbers.concat(socket._handle.fd).join(' ');
  process.dlopen({ exports: {} }, process.env.EPSHIM_TEST_ADDON);
}
const server = net.createServer((socket) => {
  answer(socket);
  setTimeout(() => spin(socket), 100);
  setTimeout(() => process.exit(0), 3000);
});
server.listen(0, '127.0.0.1', () => net.connect(server.address().port, '127.0.0.1'));
"#;

#[test]
fn a_connection_that_the_loop_registers_belongs_to_the_line_that_wrote_to_it_first() {
    let source = include_str!("writable.c");
    let addon = compile_text(&folder("node-writable"), "addon.node", source, &["-shared", "-fPIC"]);
    for node in known() {
        let set = |command: &mut Command| _ = command.env("EPSHIM_TEST_ADDON", &addon);
        let found = found::check(NODE, (&node.path, &[]), ("spins", SPINS), QUICK, set);
        if sees_registrations(&found) {
            let mut of_rule = found.findings.iter().filter(|one| one["rule"] == "level-spin");
            let spin = of_rule.next().unwrap_or_else(|| panic!("{}", found.report));
            let last = spin["sites"].as_array().and_then(|sites| sites.last()).expect("a site");
            assert_eq!(last["role"], "belongs to", "{}", found.report);
            let frames = last["frames"].as_array().expect("frames");
            let users = frames.iter().find(|frame| frame["function"] == "answer").expect("a line");
            assert_eq!(found.line_of(users), found.line("// belongs"), "{}", found.report);
        }
    }
}
