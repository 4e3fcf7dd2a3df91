//! The goroutine that a thread runs, and where it has last called the runtime: of a thread that runs no registers are to
//! be had, but what the scheduler has kept of its goroutine is in memory (`runtime.g`, `src/runtime/runtime2.go`).
//!
//! Surprising: what was kept is of the last system call or switch. In a loop that calls all the time it is the place in
//! the loop; whoever walks from there accepts the walk only if it comes to the goroutine's beginning.

use crate::Process;
use crate::memory::{u64_at, whole, word};

/// The most goroutines that are looked at.
const MOST: u64 = 100_000;
/// What is copied of a `runtime.g`.
const HEAD: usize = 72;
/// In a `runtime.g`, the same from Go 1.4 to 1.26: the stack's ends, the thread, the stack pointer, the instruction.
const LOW: usize = 0;
const HIGH: usize = 8;
const THREAD: usize = 48;
const STACK: usize = 56;
const INSTRUCTION: usize = 64;
/// In a `runtime.m`: the kernel's number of the thread; from Go 1.25 on, and before.
const NUMBERS: [u64; 2] = [64, 72];

/// Where a goroutine has last called the runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// The instruction.
    pub instruction: u64,
    /// The stack pointer there.
    pub stack: u64,
}

/// What was kept of the goroutine that a thread runs. `list` is the address of `runtime.allgs`.
pub fn kept(process: &mut dyn Process, list: u64, thread: u64) -> Option<Kept> {
    let is_its = |process: &mut dyn Process, its: u64| {
        let number = |&offset: &u64| its.checked_add(offset).and_then(|place| word(process, place));
        its != 0 && NUMBERS.iter().filter_map(number).any(|number| number == thread)
    };
    let mut found = None;
    goroutines(process, list, |process, its, kept| {
        found = is_its(process, its).then_some(kept);
        found.is_none()
    });
    found
}

/// What was kept of the goroutines that no thread runs: those that wait, and some that have ended. At most `most`.
pub fn waiting(process: &mut dyn Process, list: u64, most: usize) -> Vec<Kept> {
    let mut found = Vec::new();
    goroutines(process, list, |_, its, kept| {
        found.extend((its == 0).then_some(kept));
        found.len() < most
    });
    found
}

/// Hands on the thread of each goroutine, and what was kept of it, until `goes_on` says no.
fn goroutines(
    process: &mut dyn Process,
    list: u64,
    mut goes_on: impl FnMut(&mut dyn Process, u64, Kept) -> bool,
) -> Option<()> {
    let (goroutines, count) = (word(process, list)?, word(process, list.checked_add(8)?)?);
    for nth in 0..count.min(MOST) {
        let goroutine = word(process, goroutines.checked_add(nth * 8)?)?;
        let mut head = [0; HEAD];
        if whole(process, goroutine, &mut head).is_none() {
            continue;
        }
        let field = |offset| u64_at(&head, offset).unwrap_or(0);
        let kept = Kept { instruction: field(INSTRUCTION), stack: field(STACK) };
        let is_in_stack = (field(LOW)..field(HIGH)).contains(&kept.stack);
        if is_in_stack && !goes_on(process, field(THREAD), kept) {
            break;
        }
    }
    Some(())
}
