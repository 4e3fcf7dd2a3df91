//! Which files, lines and functions of Python a thread of this process is in, read out of CPython's own
//! structures (crates/interpreters).
//!
//! Every word is copied by the kernel (`snapshot.rs`), so that a structure that is being changed is an answer, and
//! no crash; nothing of the interpreter's is called and none of its locks is taken, in a signal handler least
//! of all. A thread that makes a call has its own frames as they are: no other thread changes them.
//!
//! Which CPython it is, is asked once, in the constructor: the loader's lock is not taken later. One that
//! is opened with dlopen(3) after that is not found.
//!
//! Surprising: a thread that finds every reader in use for a tenth of a second does without.

use crate::questions::line::{Line, MOST_LINES};
use crate::questions::names::address_of;
use crate::questions::snapshot::Snapshot;
use crate::runtime::lock::{Locked, PATIENCE};
use epshim_interpreters::python::{self, Interpreter, MOST_FRAMES, Reader, Unknown, Who};
use std::ffi::{CString, c_int};
use std::ops::ControlFlow::{Break, Continue};
use std::sync::OnceLock;

const _: () = assert!(MOST_LINES < MOST_FRAMES);
/// The most threads of Python's among which one is sought.
const MOST_THREADS: usize = 512;
/// How often a thread is sought. Other threads begin and end meanwhile, and the list of all changes.
const TRIES: usize = 3;
/// The number of threads that can read at once.
const READERS: usize = 4;

static INTERPRETER: OnceLock<Result<Interpreter, Unknown>> = OnceLock::new();
static LINES: [Locked<Option<Lines>>; READERS] = [const { Locked::new(None) }; READERS];

struct Lines {
    reader: Reader,
    memory: Snapshot,
    /// The first `count` were found last. The others keep their memory.
    found: Vec<Line>,
    count: usize,
}

/// Before the checking starts: looks for CPython.
pub fn prepare() {
    if cfg!(not(all(target_pointer_width = "64", target_endian = "little"))) {
        return;
    }
    let _ = INTERPRETER.set(Interpreter::find(&mut Snapshot::new(), address));
}

fn address(name: &str) -> Option<u64> {
    Some(address_of(&CString::new(name).ok()?)? as u64)
}

/// Whether there is a CPython whose lines can be had.
pub fn is_there() -> bool {
    matches!(INTERPRETER.get(), Some(Ok(_)))
}

/// Why the lines of the CPython that is there cannot be had: one line.
pub fn unknown() -> Option<String> {
    match INTERPRETER.get()? {
        Ok(_) | Err(Unknown::NoPython) => None,
        Err(unknown) => Some(unknown.to_string()),
    }
}

/// Hands on the lines that the calling thread is in: none where it runs no Python.
pub fn of_this_thread<R>(found: impl FnOnce(&[Line]) -> R) -> R {
    if !is_there() {
        return found(&[]);
    }
    // SAFETY: it takes nothing, and returns the address of the thread's descriptor.
    let id = unsafe { libc::pthread_self() };
    of(Who::Id(id as u64), found)
}

/// The same of another thread, which sleeps in a call.
pub fn of_thread<R>(tid: c_int, found: impl FnOnce(&[Line]) -> R) -> R {
    if !is_there() {
        return found(&[]);
    }
    of(Who::Native(tid.unsigned_abs().into()), found)
}

#[inline(never)]
fn of<R>(who: Who, found: impl FnOnce(&[Line]) -> R) -> R {
    let mut found = Some(found);
    for (place, lines) in LINES.iter().enumerate() {
        // The last one is waited for.
        let patience = if place + 1 == READERS { 1 } else { 0 };
        let result = lines.with(patience, |lines| {
            let lines = ready(lines)?.read(who);
            Some(found.take()?(lines))
        });
        if let Some(Some(result)) = result {
            return result;
        }
    }
    match found.take() {
        Some(found) => found(&[]),
        None => unreachable!("it was called, and its result returned"),
    }
}

/// A reader. `None`: no memory.
fn ready(lines: &mut Option<Lines>) -> Option<&mut Lines> {
    if lines.is_none() {
        *lines = Some(first()?);
    }
    lines.as_mut()
}

#[cold]
#[inline(never)]
fn first() -> Option<Lines> {
    let Some(Ok(interpreter)) = INTERPRETER.get() else { return None };
    let reader = Reader::new(*interpreter)?;
    let found = vec![Line::default(); MOST_LINES];
    Some(Lines { reader, memory: Snapshot::new(), found, count: 0 })
}

impl Lines {
    fn read(&mut self, who: Who) -> &[Line] {
        self.count = 0;
        for _ in 0..TRIES {
            self.try_to_read(who);
            if self.count > 0 {
                break;
            }
        }
        &self.found[..self.count]
    }

    #[inline(never)]
    fn try_to_read(&mut self, who: Who) {
        let Self { reader, memory, found, count } = self;
        memory.forget();
        let state = reader.interpreter().state_of(memory, who, MOST_THREADS);
        let Some(state) = state else { return };
        reader.frames(memory, state, &mut |frame| {
            let Some(line) = found.get_mut(*count) else { return Break(()) };
            set(line, &frame);
            *count += 1;
            if *count == MOST_LINES { Break(()) } else { Continue(()) }
        });
    }
}

fn set(line: &mut Line, frame: &python::Frame<'_>) {
    line.file.clear();
    line.file.push_str(frame.file);
    line.function.clear();
    line.function.push_str(frame.function);
    line.line = frame.line.unwrap_or(0);
}

/// Takes all readers, to fork. False: a thread does not give one back.
pub fn before_fork() -> bool {
    for (place, lines) in LINES.iter().enumerate() {
        if !lines.lock().take(PATIENCE) {
            LINES[..place].iter().for_each(|taken| taken.lock().give());
            return false;
        }
    }
    true
}

/// Gives them back, in both processes.
pub fn after_fork() {
    LINES.iter().for_each(|lines| lines.lock().give());
}

/// In a forked child: a reader that a thread of the parent's was using is made anew.
pub fn forked() {
    LINES.iter().for_each(|lines| lines.renew(|| None));
}
