//! `_Py_DebugOffsets`: what CPython says of its own structures from 3.13 on, at the beginning of `_PyRuntime`.
//!
//! It is a row of 64-bit words: a cookie, the version, whether there is no global lock, and then, for each
//! structure, its size and the offsets of its fields. Which fields there are depends on the version (its
//! `Include/internal/pycore_debug_offsets.h`); another version's words mean other things.

use crate::memory::u64_at;
use crate::python::layout::Layout;

/// What it begins with.
pub(super) const COOKIE: &[u8; 8] = b"xdebugpy";
/// The most that is read of it.
pub(super) const SIZE: usize = 1024;
/// No structure is larger, but for the interpreter's state.
const LARGEST: u64 = 1 << 12;
const LARGEST_STATE: u64 = 1 << 24;

/// Where a version has its groups of words.
struct Groups {
    interpreter: usize,
    thread: usize,
    /// In the thread's group.
    thread_id: usize,
    frame: usize,
    code: usize,
    bytes: usize,
    unicode: usize,
}

impl Groups {
    fn of_minor(minor: u8) -> Option<Self> {
        let (interpreter, thread_id) = (6, 5);
        Some(match minor {
            13 => Self {
                interpreter,
                thread: 19,
                thread_id,
                frame: 28,
                code: 34,
                bytes: 64,
                unicode: 67,
            },
            14 => Self {
                interpreter,
                thread: 22,
                thread_id,
                frame: 31,
                code: 39,
                bytes: 74,
                unicode: 77,
            },
            15 => Self {
                interpreter,
                thread: 22,
                thread_id: 8,
                frame: 39,
                code: 47,
                bytes: 86,
                unicode: 89,
            },
            _ => return None,
        })
    }
}

/// Whether the interpreter has no global lock, as it says.
pub(super) fn is_free_threaded(words: &[u8]) -> bool {
    u64_at(words, 16) != Some(0)
}

/// The layout that it says. `None`: of a version that is not known, or it cannot be so.
pub(super) fn layout(words: &[u8], minor: u8) -> Option<Layout> {
    let groups = Groups::of_minor(minor)?;
    let word = |place: usize| u64_at(words, place * 8);
    let field = |group: usize, place: usize, largest: u64| {
        let size = word(group).filter(|&size| size <= largest)?;
        let offset = word(group + place).filter(|&offset| offset < size)?;
        usize::try_from(offset).ok()
    };
    let interpreter = |place| field(groups.interpreter, place, LARGEST_STATE);
    let thread = |place| field(groups.thread, place, LARGEST);
    let frame = |place| field(groups.frame, place, LARGEST);
    let code = |place| field(groups.code, place, LARGEST);
    let ascii = usize::try_from(word(groups.unicode + 3).filter(|&size| size <= LARGEST)?).ok()?;
    Some(Layout {
        interpreters: field(3, 2, LARGEST_STATE)?,
        next_interpreter: interpreter(2)?,
        threads: interpreter(3)?,
        next_thread: thread(2)?,
        frame: thread(4)?,
        thread_id: thread(groups.thread_id)?,
        native_id: Some(thread(groups.thread_id + 1)?),
        previous: frame(1)?,
        code: frame(2)?,
        instruction: frame(3)?,
        owner: Some(frame(5)?),
        file: code(1)?,
        name: code(2)?,
        qualified_name: Some(code(3)?),
        table: code(4)?,
        first_line: code(5)?,
        bytecode: Some(code(9)?),
        bytes: field(groups.bytes, 2, LARGEST)?,
        state: field(groups.unicode, 1, LARGEST)?,
        length: field(groups.unicode, 2, LARGEST)?,
        ascii,
        // PyCompactUnicodeObject: two words more.
        wide: ascii + 16,
        ..Layout::later()
    })
}
