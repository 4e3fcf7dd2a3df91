//! The calls of a blocked thread of Go: from its instruction and stack pointer, by the sizes of the frames.
//!
//! On x86-64 a call leaves its return address above the frame of the function that is called. There is nothing else to
//! know: Go's own stacks have no other marks.
//!
//! Surprising: a thread inside C (cgo) is at no instruction of Go's; then there are no calls.

use crate::Process;
use crate::go::inlined::Inlined;
use crate::go::table::{Place, Table};
use crate::memory::word;

/// The most calls that are found.
pub const MOST_CALLS: usize = 128;

/// A call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call<'a> {
    /// Where the thread is, or where the call returns to.
    pub address: u64,
    /// What that belongs to.
    pub place: Place<'a>,
}

/// The calls of a thread that is at this instruction with this stack pointer, the innermost first, where the
/// program's addresses are moved by `moved_by`. Each inlined call is one too, where it is known what was
/// inlined. On an architecture other than x86-64 it is the innermost function only.
pub fn calls<'a>(
    process: &mut dyn Process,
    table: &Table<'a>,
    inlined: Option<Inlined>,
    moved_by: u64,
    instruction: u64,
    stack: u64,
) -> Vec<Call<'a>> {
    let mut calls = Vec::new();
    let (mut address, mut stack) = (instruction, stack);
    while calls.len() < MOST_CALLS {
        // A call that returns there is the instruction before.
        let back = u64::from(!calls.is_empty());
        let in_file = address.wrapping_sub(moved_by).wrapping_sub(back);
        let Some(function) = table.function(in_file) else { break };
        match inlined {
            Some(inlined) => inlined.places(process, table, function, in_file, |place| {
                calls.push(Call { address, place })
            }),
            None => calls.extend(table.at(in_file).map(|place| Call { address, place })),
        }
        if !cfg!(target_arch = "x86_64") {
            break;
        }
        let Some(size) = table.frame_size(in_file) else { break };
        let Some(end) = stack.checked_add(size) else { break };
        let Some(next) = word(process, end) else { break };
        let Some(above) = end.checked_add(8) else { break };
        (address, stack) = (next, above);
    }
    calls
}
