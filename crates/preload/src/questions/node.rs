//! Which files, lines and functions of JavaScript the main thread of Node is in: what V8 itself says
//! (`v8::StackTrace::CurrentStackTrace`), by the functions that Node exports.
//!
//! It allocates on the program's own heap, and a collection may come of it. So it is asked only where a function in C++
//! that JavaScript has called may do the same: on the main thread, while V8 is entered and has left JavaScript by an
//! exit frame, does not collect, has memory left, and no signal handler stands between that frame and this one.
//! What this cannot be told of is not asked: a V8 of another version than those that were tried, or one whose
//! exports are others, has no lines.
//!
//! Surprising: a call by V8's "fast API" leaves no exit frame, and must not allocate; to V8 it looks as if JavaScript
//! ran. So it has no lines either.

mod functions;

use crate::questions::interrupted;
use crate::questions::line::{LONGEST, MOST_LINES, Room};
use crate::questions::names::function;
use crate::runtime::{process, thread};
use functions::{Functions, Isolate, Sample};
use std::ffi::{CStr, c_char, c_int};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// The versions of V8 that were tried: those of Node 18, 20 and 22.
const TRIED: [&str; 3] = ["10.2.", "11.3.", "12.4."];
/// Where there is less left of V8's heap than this, it is not asked.
const LEAST_LEFT: usize = 16 << 20;
/// The exit frame lies no further above the call than this.
const FURTHEST: usize = 64 << 10;

/// `IsolateAddressId`: where the last exit frame is, or 0.
const C_ENTRY_FP: c_int = 1;
/// `StackTrace::StackTraceOptions`: line, column, script and function.
const OVERVIEW: c_int = 0xf;
/// `StateTag`.
const COLLECTS: u16 = 1;

static NODE: OnceLock<Result<Functions, String>> = OnceLock::new();
/// The main thread is asking. What it makes V8 do may be watched, and is not asked about.
static IS_ASKING: AtomicBool = AtomicBool::new(false);

/// Before the checking starts: looks for Node.
pub fn prepare() {
    let Some(version) = version() else { return };
    let tried = TRIED.iter().any(|tried| version.starts_with(tried));
    let functions = if tried && interrupted::prepare() { Functions::find() } else { None };
    let _ = NODE.set(functions.ok_or_else(|| {
        format!("Node with V8 {version}: its files and lines are not shown, for it was not tried")
    }));
}

/// Whether there is a Node whose lines can be had.
pub fn is_there() -> bool {
    matches!(NODE.get(), Some(Ok(_)))
}

/// Why the lines of the Node that is there cannot be had.
pub fn unknown() -> Option<String> {
    NODE.get()?.as_ref().err().cloned()
}

/// The version of V8. `None`: the program is not Node.
fn version() -> Option<String> {
    // SAFETY: `static const char* V8::GetVersion()`: a string that was there before the program began.
    let version = unsafe {
        let version: extern "C" fn() -> *const c_char = function(c"_ZN2v82V810GetVersionEv")?;
        CStr::from_ptr(version())
    };
    let version = version.to_str().ok()?;
    version.contains("-node").then(|| version.to_owned())
}

/// Adds the lines that the calling thread is in: none where V8 must not be asked. To be called outside of the
/// book-keeping (`runtime/outside.rs`).
#[inline(never)]
pub fn read(room: &mut Room) {
    let Some(Ok(functions)) = NODE.get() else { return };
    if thread::tid() != process::id() || !functions.has_started() || IS_ASKING.swap(true, SeqCst) {
        return;
    }
    let isolate = (functions.current)();
    // SAFETY: the isolate that the calling thread has entered.
    unsafe {
        if !isolate.is_null() && functions.may_be_asked(isolate, (&raw const isolate).addr()) {
            functions.ask(isolate, room);
        }
    }
    IS_ASKING.store(false, SeqCst);
}

/// In a forked child.
pub fn forked() {
    IS_ASKING.store(false, SeqCst);
}

impl Functions {
    /// Whether this is a call from a function in C++ that JavaScript has called.
    ///
    /// # Safety
    /// It is this thread's isolate; `here` is an address of the caller's frame.
    unsafe fn may_be_asked(&self, isolate: Isolate, here: usize) -> bool {
        // SAFETY: the words are the isolate's own, which only this thread changes; the other functions
        // may be called at any instruction, so that profilers call them in signal handlers.
        unsafe {
            let (exit, fast) = (*(self.address)(isolate, C_ENTRY_FP), *(self.fast_caller)(isolate));
            let is_called = exit > here && exit - here < FURTHEST && fast == 0;
            is_called
                && !interrupted::may_be(here, exit)
                && !self.collects(isolate)
                && (self.is_in_context)(isolate)
                && self.left(isolate) >= LEAST_LEFT
        }
    }

    /// # Safety
    /// It is this thread's isolate.
    unsafe fn collects(&self, isolate: Isolate) -> bool {
        let (mut sample, mut frames) = (Sample::default(), [std::ptr::null_mut(); 4]);
        let here = (&raw const sample).addr();
        // Instruction, stack and frame: of code that is not V8's.
        let mut registers = [0; 16];
        registers[1] = here;
        registers[2] = here;
        // SAFETY: as the caller has it; there is room for what is filled in.
        unsafe {
            (self.sample)(isolate, &raw const registers, frames.as_mut_ptr(), 4, &raw mut sample);
        }
        sample.state == COLLECTS
    }

    /// The bytes that the heap may grow by.
    ///
    /// # Safety
    /// It is this thread's isolate, which does not collect.
    unsafe fn left(&self, isolate: Isolate) -> usize {
        let mut statistics = [0; 32];
        // SAFETY: as the caller has it; there is room for what is filled in, of which the fourth is
        // `total_available_size_`.
        unsafe { (self.statistics)(isolate, &raw mut statistics) };
        statistics[3]
    }

    /// # Safety
    /// `may_be_asked`.
    unsafe fn ask(&self, isolate: Isolate, room: &mut Room) {
        let mut handles = [0; 8];
        // SAFETY: the handles that are made live until the scope ends; in between no frame of V8's is left.
        unsafe {
            (self.begin_handles)(&raw mut handles, isolate);
            let trace = (self.trace)(isolate, MOST_LINES as c_int, OVERVIEW);
            let count = if trace.is_null() { 0 } else { (self.count)(trace) };
            for number in 0..count.unsigned_abs() {
                let frame = (self.frame)(trace, isolate, number);
                // The lower half is the line, from 0, or -1.
                let line = ((self.location)(frame) as u32).wrapping_add(1);
                let (script, function) = ((self.script)(frame), (self.function)(frame));
                let is_added = self.with_text(isolate, script, LONGEST, |script| {
                    self.with_text(isolate, function, LONGEST, |function| {
                        room.add(path(script), function, line)
                    })
                });
                if !is_added {
                    break;
                }
            }
            (self.end_handles)(&raw mut handles);
        }
    }
}

/// Modules have URLs.
fn path(script: &[u8]) -> &[u8] {
    script.strip_prefix(b"file://").unwrap_or(script)
}
