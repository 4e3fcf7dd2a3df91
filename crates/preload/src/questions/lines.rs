//! Which lines of a program's own language a thread is in, whichever language that is: here is what they have in
//! common, and each has a file of its own.
//!
//! A process has one of them. Python's lines are read out of its memory, of any thread and at any instruction
//! (`python.rs`). The others are said by the interpreter itself, in the thread that asks. What runs more than
//! a few reads for it runs as if the program had called it (`runtime/outside.rs`).
//!
//! To be asked where no lock of the library's is held.

use crate::questions::line::{Line, Room};
use crate::questions::{interrupted, java, node, php, python, ruby};
use crate::runtime::outside::outside;
use crate::runtime::pages;
use epshim_check::options::Interpreter;
use epshim_interpreters::user::{self, Owner};
use std::collections::BTreeSet;
use std::ffi::c_int;
use std::sync::OnceLock;

static INTERPRETER: OnceLock<Interpreter> = OnceLock::new();

/// Before the checking starts: looks for the language that the program is in, among these.
pub fn prepare(wanted: &BTreeSet<Interpreter>) {
    for &one in wanted {
        let is_there = match one {
            Interpreter::Python => {
                python::prepare();
                python::is_there()
            }
            Interpreter::Node => {
                node::prepare();
                node::is_there()
            }
            Interpreter::Ruby => {
                ruby::prepare();
                ruby::is_there()
            }
            Interpreter::Php => {
                php::prepare();
                php::is_there()
            }
            Interpreter::Java => {
                java::prepare();
                java::is_there()
            }
        };
        if is_there {
            let _ = INTERPRETER.set(one);
            return;
        }
    }
}

/// Whether the program is in a language whose lines can be had.
pub fn are_there() -> bool {
    INTERPRETER.get().is_some()
}

/// Whether waits may have lines: elsewhere a loop waits where no line of the user's is known.
pub fn are_of_waits() -> bool {
    matches!(INTERPRETER.get(), Some(Interpreter::Python | Interpreter::Php | Interpreter::Java))
}

/// Whether an event loop registers descriptors while none of the program's functions runs.
pub fn are_deferred() -> bool {
    INTERPRETER.get() == Some(&Interpreter::Node)
}

/// Whether only the thread that makes a call can say its lines, and not at any time: a call without lines may be one that was
/// made later than the user's code asked for it.
pub fn are_of_the_caller() -> bool {
    INTERPRETER.get().is_some_and(|&one| one != Interpreter::Python)
}

/// The language's name.
pub fn language() -> &'static str {
    INTERPRETER.get().map_or("", |one| one.language().name())
}

/// Why the lines of the interpreter that is there cannot be had: one line.
pub fn unknown() -> Option<String> {
    let of_all = [python::unknown, node::unknown, ruby::unknown, php::unknown, java::unknown];
    of_all.into_iter().find_map(|unknown| unknown())
}

/// Hands on the lines that the calling thread is in, in a call that returns to `site`: none where it runs no code of
/// this language.
pub fn of_this_thread<R>(site: usize, found: impl FnOnce(&[Line]) -> R) -> R {
    match INTERPRETER.get() {
        None => found(&[]),
        Some(Interpreter::Python) => python::of_this_thread(found),
        Some(_) if pages::is_out() || interrupted::is_elsewhere() => found(&[]),
        Some(Interpreter::Node) => found(&said(|room| outside(|| node::read(room)))),
        Some(Interpreter::Ruby) => found(&said(ruby::read)),
        Some(Interpreter::Php) => found(&said(php::read)),
        Some(Interpreter::Java) => found(&said(|room| outside(|| java::read(site, room)))),
    }
}

#[inline(never)]
fn said(read: impl FnOnce(&mut Room)) -> Vec<Line> {
    let mut room = Room::new();
    read(&mut room);
    room.lines()
}

/// The lines of another thread, which sleeps in a call.
pub fn of_thread<R>(tid: c_int, found: impl FnOnce(&[Line]) -> R) -> R {
    match INTERPRETER.get() {
        Some(Interpreter::Python) => python::of_thread(tid, found),
        _ => found(&[]),
    }
}

/// Whose a line is.
pub fn owner(line: &Line) -> Owner {
    match INTERPRETER.get() {
        Some(Interpreter::Node) => user::of_node(&line.file),
        Some(Interpreter::Ruby) => user::of_ruby(&line.file),
        Some(Interpreter::Php) => user::of_php(&line.file),
        Some(Interpreter::Java) => user::of_java(line.line, &line.function),
        _ => user::of_python(&line.file, &line.function),
    }
}

/// Before fork(3): takes what guards the lines. False: a thread does not give it back.
pub fn before_fork() -> bool {
    python::before_fork()
}

/// After fork(3), in both processes: gives it back.
pub fn after_fork() {
    python::after_fork();
}

/// In a forked child.
pub fn forked() {
    python::forked();
    node::forked();
}
