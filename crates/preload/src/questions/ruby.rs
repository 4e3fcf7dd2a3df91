//! Which files, lines and functions of Ruby a thread is in: what the interpreter says itself
//! (`rb_profile_frames`, which profilers call), by the functions that libruby exports.
//!
//! It allocates nothing and counts no reference. It is asked only in a thread of Ruby's that holds the lock of all
//! (`ruby_thread_has_gvl_p`), while the collector does not run: then no other thread can move what is read. So a call that
//! Ruby makes without the lock, as those that may block, has no line.
//!
//! A signal handler is not to ask, although profilers do: the stack is looked through for one.
//!
//! Surprising: the frames are those of the running fiber. That is what is wanted: a loop's own fiber is another.

use crate::questions::interrupted;
use crate::questions::line::{LONGEST, MOST_LINES, Room};
use crate::questions::names::{address_of, function};
use std::ffi::{CStr, c_char, c_int};
use std::sync::OnceLock;

/// The versions that were tried.
const TRIED: [&str; 1] = ["3.1."];
/// How far above the call a handler is looked for.
const FURTHEST: usize = 16 << 10;

type Value = usize;
/// Below this a value is no object, in any version: `nil`, `false`.
const FIRST_OBJECT: Value = 0x40;
/// `struct RBasic` begins with flags, whose lowest bits are the type.
const TYPE: usize = 0x1f;
const STRING: usize = 5;

struct Functions {
    is_of_ruby: unsafe extern "C" fn() -> c_int,
    has_lock: unsafe extern "C" fn() -> c_int,
    collects: unsafe extern "C" fn() -> c_int,
    frames: unsafe extern "C" fn(c_int, c_int, *mut Value, *mut c_int) -> c_int,
    path: unsafe extern "C" fn(Value) -> Value,
    label: unsafe extern "C" fn(Value) -> Value,
    bytes: unsafe extern "C" fn(*mut Value) -> *const c_char,
}

static RUBY: OnceLock<Result<Functions, String>> = OnceLock::new();

/// Before the checking starts: looks for Ruby.
pub fn prepare() {
    let Some(version) = address_of(c"ruby_version") else { return };
    // SAFETY: `const char ruby_version[]`: a string that never changes.
    let version = unsafe { CStr::from_ptr(version as *const c_char) };
    let version = version.to_string_lossy();
    let tried = TRIED.iter().any(|tried| version.starts_with(tried));
    let functions = if tried && interrupted::prepare() { functions() } else { None };
    let _ = RUBY.set(functions.ok_or_else(|| {
        format!("Ruby {version}: its files and lines are not shown, for it was not tried")
    }));
}

/// Whether there is a Ruby whose lines can be had.
pub fn is_there() -> bool {
    matches!(RUBY.get(), Some(Ok(_)))
}

/// Why the lines of the Ruby that is there cannot be had.
pub fn unknown() -> Option<String> {
    RUBY.get()?.as_ref().err().cloned()
}

fn functions() -> Option<Functions> {
    // SAFETY: `ruby/debug.h`, `ruby/thread.h` and `ruby/internal/intern/string.h` declare them so.
    unsafe {
        Some(Functions {
            is_of_ruby: function(c"ruby_native_thread_p")?,
            has_lock: function(c"ruby_thread_has_gvl_p")?,
            collects: function(c"rb_during_gc")?,
            frames: function(c"rb_profile_frames")?,
            path: function(c"rb_profile_frame_path")?,
            label: function(c"rb_profile_frame_label")?,
            bytes: function(c"rb_string_value_ptr")?,
        })
    }
}

/// Adds the lines that the calling thread is in: none where Ruby must not be asked.
#[inline(never)]
pub fn read(room: &mut Room) {
    let Some(Ok(functions)) = RUBY.get() else { return };
    let mut frames: [Value; MOST_LINES] = [0; MOST_LINES];
    let mut numbers: [c_int; MOST_LINES] = [0; MOST_LINES];
    let here = (&raw const frames).addr();
    // SAFETY: the first two may be called by any thread. With the lock of all the third may be, and this thread's frames stay
    // as they are, and what they name; there is room for what is filled in.
    let count = unsafe {
        let may_be_asked = (functions.is_of_ruby)() != 0
            && (functions.has_lock)() != 0
            && (functions.collects)() == 0
            && !interrupted::may_be(here, here + FURTHEST);
        if !may_be_asked {
            return;
        }
        let most = MOST_LINES as c_int;
        (functions.frames)(0, most, frames.as_mut_ptr(), numbers.as_mut_ptr())
    };
    let count = usize::try_from(count).unwrap_or(0).min(MOST_LINES);
    for (&frame, &line) in frames[..count].iter().zip(&numbers) {
        // SAFETY: a frame that Ruby has filled in; nothing since then may have collected.
        let (path, label) = unsafe { ((functions.path)(frame), (functions.label)(frame)) };
        let line = u32::try_from(line).unwrap_or(0);
        // A method in C has no file.
        let Some(path) = functions.text(path) else { continue };
        if !room.add(path, functions.text(label).unwrap_or_default(), line) {
            break;
        }
    }
}

impl Functions {
    /// A string's bytes, which end in a 0. `None`: it is none.
    fn text<'a>(&self, mut value: Value) -> Option<&'a [u8]> {
        // SAFETY: an object that is alive, since a frame names it; of a string the function returns what is there, and of
        // others it would raise an exception. A string of Ruby's ends in a 0 (`TERM_FILL`). Nothing changes it: files and
        // labels of code are frozen.
        unsafe {
            let is_object = value >= FIRST_OBJECT && value.is_multiple_of(size_of::<Value>());
            if !is_object || *(value as *const usize) & TYPE != STRING {
                return None;
            }
            let bytes = (self.bytes)(&raw mut value);
            Some(std::slice::from_raw_parts(bytes.cast(), libc::strnlen(bytes, LONGEST)))
        }
    }
}
