//! Which file and line of PHP the program is at: what the engine says itself (`zend_get_executed_filename` and its
//! like), by the functions that it exports.
//!
//! They read a few words and allocate nothing; the engine calls them in a signal handler of its own
//! (`zend_timeout_handler`). All the same no handler asks here.
//!
//! There is one line, the innermost of the user's code, and in place of a function's name that of the function that
//! the line calls. A PHP of many threads (ZTS) has none: `executor_globals` are each thread's own there.
//!
//! Surprising: which PHP it is, is known when its engine has started, long after the checking. So it is asked
//! at the first line.

use crate::questions::interrupted;
use crate::questions::line::{LONGEST, Room};
use crate::questions::names::{address_of, function};
use crate::runtime::{process, thread};
use std::ffi::c_char;
use std::sync::OnceLock;

/// The versions that were tried: the engine 4.2 is that of PHP 8.2.
const TRIED: [&[u8]; 1] = [b"Zend Engine v4.2."];
/// How far above the call a handler is looked for.
const FURTHEST: usize = 16 << 10;

/// What the engine says where no code of the user's is run.
const NO_FILE: &[u8] = b"[no active file]";

struct Functions {
    version: unsafe extern "C" fn() -> *const c_char,
    is_running: unsafe extern "C" fn() -> bool,
    file: unsafe extern "C" fn() -> *const c_char,
    line: unsafe extern "C" fn() -> u32,
    function: unsafe extern "C" fn() -> *const c_char,
}

static PHP: OnceLock<Functions> = OnceLock::new();
/// Why it has no lines; nothing: it has. Not set: it was not asked.
static UNKNOWN: OnceLock<Option<String>> = OnceLock::new();

/// Before the checking starts: looks for PHP.
pub fn prepare() {
    let is_of_one_thread = address_of(c"executor_globals").is_some();
    if let Some(functions) = functions().filter(|_| is_of_one_thread && interrupted::prepare()) {
        let _ = PHP.set(functions);
    }
}

/// Whether there is a PHP whose lines can be had, as far as that is known.
pub fn is_there() -> bool {
    PHP.get().is_some() && unknown().is_none()
}

/// Why the lines of the PHP that is there cannot be had.
pub fn unknown() -> Option<String> {
    UNKNOWN.get().cloned().flatten()
}

fn functions() -> Option<Functions> {
    // SAFETY: `Zend/zend.h` and `Zend/zend_execute.h` declare them so.
    unsafe {
        Some(Functions {
            version: function(c"get_zend_version")?,
            is_running: function(c"zend_is_executing")?,
            file: function(c"zend_get_executed_filename")?,
            line: function(c"zend_get_executed_lineno")?,
            function: function(c"get_active_function_name")?,
        })
    }
}

/// Adds the line that the calling thread is at, if it is PHP's.
#[inline(never)]
pub fn read(room: &mut Room) {
    let Some(functions) = PHP.get() else { return };
    let here = (&raw const functions).addr();
    // The engine has one thread, whose globals these are.
    if thread::tid() != process::id() || interrupted::may_be(here, here + FURTHEST) {
        return;
    }
    // SAFETY: the engine's only thread, outside of a handler. The functions read the frame that runs, and what it
    // names is there while it runs; while none runs they are not called.
    unsafe {
        if !(functions.is_running)() || !functions.is_tried() {
            return;
        }
        let file = text((functions.file)());
        if file != NO_FILE {
            room.add(file, text((functions.function)()), (functions.line)());
        }
    }
}

impl Functions {
    /// # Safety
    /// The engine runs code.
    unsafe fn is_tried(&self) -> bool {
        let unknown = UNKNOWN.get_or_init(|| {
            // SAFETY: as the caller has it: the string was made when the engine started.
            let version = unsafe { text((self.version)()) };
            let is_tried = TRIED.iter().any(|tried| version.starts_with(tried));
            let name = version.split(|&byte| byte == b',').next().unwrap_or_default();
            let name = String::from_utf8_lossy(name);
            (!is_tried).then(|| {
                format!("PHP with {name}: its files and lines are not shown, for it was not tried")
            })
        });
        unknown.is_none()
    }
}

/// # Safety
/// A string that ends in a 0 and lives on, or null.
unsafe fn text<'a>(string: *const c_char) -> &'a [u8] {
    if string.is_null() {
        return &[];
    }
    // SAFETY: as the caller has it.
    unsafe { std::slice::from_raw_parts(string.cast(), libc::strnlen(string, LONGEST)) }
}
