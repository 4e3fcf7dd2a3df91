//! Each CPython that is here: those of pyenv, of Debian, and what `EPSHIM_PYTHONS` names.

use crate::remote::{Remote, Spoiled};
use epshim_harness::process::{Process as Child, stdout_of};
use epshim_harness::{deadline, products, tools, wait_for};
use epshim_interpreters::files::File;
use epshim_interpreters::python::{Interpreter, Reader, Table, Unknown, line_at};
use epshim_interpreters::user;
use std::fs;
use std::ops::ControlFlow::Continue;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// How often each Python is looked at.
const LOOKS: u32 = 2000;

/// One thread waits in recv(2), one computes without end, one makes and collects garbage.
const PROGRAM: &str = r#"# -*- coding: utf-8 -*-
import socket, sys, threading, gc
a, b = socket.socketpair()
def busy():
    x = 0
    while True:
        for i in range(100):
            x = (x * 31 + i) % 1000003
def garbage():
    while True:
        c = [[n] for n in range(50)]
        c.append(c)
        gc.collect(0)
class Verbindung:
    def empfängt(self, conn):
        return conn.recv(1)  # here
def 日本(conn):
    v = Verbindung()
    for part in (v.empfängt(conn) for _ in range(1)):
        print(part)
sys.setswitchinterval(0.0001)
for f in (busy, garbage):
    threading.Thread(target=f, daemon=True).start()
t = threading.Thread(target=日本, args=(a,), daemon=True)
t.start()
print("ready", flush=True)
t.join()
"#;

/// The Pythons that run, each once.
pub fn pythons() -> Vec<PathBuf> {
    epshim_harness::pythons::pythons().into_iter().map(|python| python.path).collect()
}

/// Its version, as it says.
fn version(python: &Path) -> String {
    let text = "import sys; print('%d.%d' % sys.version_info[:2])";
    stdout_of(Command::new(python).args(["-c", text])).trim().to_owned()
}

fn is_known(version: &str) -> bool {
    let minor: u32 = version.trim_start_matches("3.").parse().expect("a version 3");
    (8..=15).contains(&minor)
}

fn find(remote: &mut Remote) -> Result<Interpreter, Unknown> {
    let has_runtime = |file: &File<'_>| file.symbol("_PyRuntime").is_some();
    let Some(loaded) = remote.file(has_runtime) else { return Err(Unknown::NoPython) };
    let file = File::parse(&loaded.bytes).expect("a file");
    let moved_by = loaded.moved_by(file.first_address().expect("a segment"));
    Interpreter::find(remote, |name| Some(file.symbol(name)?.wrapping_add(moved_by)))
}

/// All frames of a state: file, function, line.
fn frames(reader: &mut Reader, remote: &mut Remote, state: u64) -> Vec<(String, String, u32)> {
    let mut frames = Vec::new();
    reader.frames(remote, state, &mut |frame| {
        let line = frame.line.unwrap_or(0);
        frames.push((frame.file.to_owned(), frame.function.to_owned(), line));
        Continue(())
    });
    frames
}

#[test]
fn a_thread_blocked_in_recv_is_at_its_line_while_others_compute() {
    let folder = products::folder("interpreters-python");
    for (number, python) in pythons().into_iter().enumerate() {
        let version = version(&python);
        if !is_known(&version) {
            continue;
        }
        let path = folder.join(format!("прог-{number}.py"));
        fs::write(&path, PROGRAM).expect("a file");
        look_at(&python, &version, &path);
    }
}

fn look_at(python: &Path, version: &str, path: &Path) {
    let mut command = Command::new(python);
    command.arg(path).env("PYTHONUTF8", "1");
    let mut child = Child::start("python", &mut command);
    let ready = child.next_line(deadline()).expect("it runs");
    assert_eq!(ready.as_deref(), Some("ready"), "{}: {}", python.display(), child.stderr());
    let mut remote = Remote { pid: child.id() };
    let interpreter = find(&mut remote).expect("a known Python");
    assert_eq!(interpreter.version.to_string(), version);
    let mut reader = Reader::new(interpreter).expect("memory");
    const RECVFROM: u64 = 45;
    let thread = wait_for("a thread in recv", || {
        let threads = remote.threads();
        threads.into_iter().find(|&one| matches!(remote.blocked(one), Some((RECVFROM, ..))))
    });
    let line = line_of("# here");
    let start = Instant::now();
    for look in 0..LOOKS {
        let what = format!("{} look {look}", python.display());
        let state = interpreter.thread_of(&mut remote, thread).expect(&what).state;
        let frames = frames(&mut reader, &mut remote, state);
        let (file, function, at) = frames.first().expect(&what);
        assert_eq!(Path::new(file), path, "{what}");
        assert_eq!(*at, line, "{what}: {frames:?}");
        let expected =
            if interpreter.version.minor >= 11 { "Verbindung.empfängt" } else { "empfängt" };
        assert_eq!(function, expected, "{what}");
        assert!(user::is_python(file), "{what}");
        assert!(frames.iter().any(|(_, function, _)| function == "日本"), "{what}: {frames:?}");
        let (last, ..) = frames.last().expect(&what);
        assert!(last.ends_with("threading.py") && !user::is_python(last), "{what}: {frames:?}");
    }
    let each = start.elapsed() / LOOKS;
    let state = interpreter.thread_of(&mut remote, thread).expect("a state").state;
    let mut spoiled = Spoiled { process: remote, seed: 0x9e37_79b9_7f4a_7c15 };
    let (mut whole, mut broken) = (0, 0);
    for _ in 0..LOOKS {
        interpreter.threads(&mut spoiled, |_| {});
        let ended = reader.frames(&mut spoiled, state, &mut |_| Continue(()));
        if ended { whole += 1 } else { broken += 1 }
    }
    assert!(whole > 0 && broken > 0, "of spoiled memory {whole} ended, {broken} did not");
    eprintln!("{version} {}: 0 of {LOOKS} wrong, {each:?} a look", python.display());
}

fn line_of(mark: &str) -> u32 {
    let line = PROGRAM.lines().position(|line| line.ends_with(mark)).expect("it is there");
    u32::try_from(line + 1).expect("a small number")
}

/// Prints, for every code object of some modules, its first line, its table, and what the interpreter's own
/// function says of every instruction.
const TABLES: &str = r#"
import ctypes, sys, types
line = ctypes.pythonapi.PyCode_Addr2Line
line.argtypes, line.restype = [ctypes.py_object, ctypes.c_int], ctypes.c_int
def show(code):
    table = code.co_linetable if sys.version_info >= (3, 10) else code.co_lnotab
    lines = [line(code, at) for at in range(0, len(code.co_code), 2)]
    print(code.co_firstlineno, table.hex() or '-', ' '.join(map(str, lines)))
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            show(const)
import asyncio.base_events, argparse, dataclasses, inspect
for module in (asyncio.base_events, argparse, dataclasses, inspect):
    text = open(module.__file__, encoding='utf-8').read()
    show(compile(text, module.__file__, 'exec'))
far = 'def f():\n' + '\n' * 300 + '  x = 1\n' + '\n' * 70000 + '  return (x +\n' + '\n' * 200 + '   2)\n'
show(compile(far, 'far', 'exec'))
"#;

#[test]
fn every_instruction_of_a_library_has_the_line_that_the_interpreter_says() {
    for python in pythons() {
        let version = version(&python);
        let table = match version.as_str() {
            "3.8" | "3.9" => Table::Pairs,
            "3.10" => Table::Ranges,
            _ if is_known(&version) => Table::Locations,
            _ => continue,
        };
        let output = Command::new(&python).args(["-c", TABLES]).output().expect("it runs");
        if !output.status.success() {
            // A minimal installation has no ctypes.
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(errors.contains("ModuleNotFoundError"), "{}: {errors}", python.display());
            tools::skip(&format!("{}: {errors}", python.display()));
            continue;
        }
        let text = String::from_utf8(output.stdout).expect("text");
        let mut instructions = 0;
        for code in text.lines() {
            instructions += compare(table, code, &version);
        }
        assert!(instructions > 5000, "{}: {instructions}", python.display());
        eprintln!("{version} {}: {instructions} instructions", python.display());
    }
}

fn compare(table: Table, code: &str, version: &str) -> usize {
    let mut words = code.split(' ');
    let first: u32 = words.next().expect("a line").parse().expect("a number");
    let hex = words.next().expect("a table");
    let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("a byte");
    let bytes: Vec<u8> =
        if hex == "-" { Vec::new() } else { (0..hex.len()).step_by(2).map(digits).collect() };
    let lines: Vec<i64> = words.map(|line| line.parse().expect("a number")).collect();
    for (number, &expected) in lines.iter().enumerate() {
        let found = line_at(table, first, number as u64 * 2, bytes.iter().copied());
        let found = found.map_or(-1, i64::from);
        // A module's first instruction has the line 0, which no file has.
        let expected = if expected > 0 { expected } else { -1 };
        assert_eq!(found, expected, "{version}: instruction {number} of {code}");
    }
    lines.len()
}

#[test]
fn a_version_that_is_not_known_says_so_in_a_line() {
    for python in pythons() {
        let version = version(&python);
        if is_known(&version) {
            continue;
        }
        let wait = "print('ready', flush=True); input()";
        let mut command = Command::new(&python);
        command.args(["-c", wait]);
        let mut child =
            Child::start_with_input("python", &mut command, std::process::Stdio::piped());
        child.next_line(deadline()).expect("it runs");
        let unknown = find(&mut Remote { pid: child.id() }).expect_err("an old Python");
        assert!(matches!(unknown, Unknown::Old | Unknown::NoPython), "{version}: {unknown:?}");
        assert!(!unknown.to_string().contains('\n'));
    }
}
