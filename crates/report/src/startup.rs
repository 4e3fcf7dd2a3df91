//! What is below a program's own code in a stack, and is left out of reports: what the C library and
//! Rust's run time do to reach `main` or a thread's function. It is the same in every stack of every
//! program, and nothing can be learnt from it.
//!
//! Nothing is left out of a stack without names: who reads it will name the frames later.

use crate::glob::glob_matches;
use crate::stack::{Frame, Report, Stack, Symbol};
use epshim_observe::is_part_of_libc;

/// Functions that start a program or a thread.
const STARTS: [&str; 8] = [
    "_start",
    "__libc_start_main*",
    "__libc_start_call_main",
    "start_thread",
    "*clone",
    "*clone3",
    "thread_start",
    "__libc_init_first*",
];

/// Where Rust's own short backtraces end.
const RUST_BEGIN: &str = "__rust_begin_short_backtrace";

impl Report {
    /// Leaves of each stack what is shown: nothing below `main`, and at most this number of functions.
    pub fn shorten(&mut self, functions: usize) {
        for stack in &mut self.stacks {
            stack.leave_out_startup();
            stack.shorten(functions);
        }
    }
}

impl Stack {
    /// Leaves out what is below `main` or below a thread's function. One function is left.
    pub fn leave_out_startup(&mut self) {
        // What starts an interpreter is left out with the interpreter.
        if self.is_interpreted() || self.frames.iter().all(|frame| frame.symbols.is_empty()) {
            return;
        }
        let begins_rust = |symbol: &Symbol| symbol.function.contains(RUST_BEGIN);
        if let Some((frame, symbol)) = self.find(begins_rust) {
            self.keep(frame, symbol);
        }
        if let Some((frame, symbol)) = self.rfind(|symbol| symbol.function == "main") {
            return self.keep(frame, symbol + 1);
        }
        while self.frames.len() > 1 && self.frames.last().is_some_and(is_startup) {
            self.frames.pop();
        }
    }

    fn find(&self, is_it: impl Fn(&Symbol) -> bool) -> Option<(usize, usize)> {
        let mut frames = self.frames.iter().enumerate();
        frames.find_map(|(number, frame)| Some((number, frame.symbols.iter().position(&is_it)?)))
    }

    fn rfind(&self, is_it: impl Fn(&Symbol) -> bool) -> Option<(usize, usize)> {
        let mut frames = self.frames.iter().enumerate().rev();
        frames.find_map(|(number, frame)| Some((number, frame.symbols.iter().rposition(&is_it)?)))
    }

    /// Leaves the frames before this one, and this number of its functions; one function at least.
    fn keep(&mut self, frame: usize, functions: usize) {
        if functions == 0 {
            self.frames.truncate(frame.max(1));
        } else {
            self.frames.truncate(frame + 1);
            self.frames[frame].symbols.truncate(functions);
        }
    }
}

fn is_startup(frame: &Frame) -> bool {
    let starts = |name: &str| STARTS.iter().any(|glob| glob_matches(glob, name));
    match frame.symbols.last() {
        Some(outermost) => starts(&outermost.function),
        // Its symbols are stripped; those that a program calls are always there.
        None => is_part_of_libc(&frame.module),
    }
}
