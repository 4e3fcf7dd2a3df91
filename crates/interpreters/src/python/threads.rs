//! The states of an interpreter's threads, for those that look from outside.
//!
//! The list changes while it is read. It is bounded, and what is read of it is looked at again when frames are:
//! a state that is gone has no frame whose code is code.
//!
//! Surprising: before 3.11 a state has no number of the kernel's, but the address of libc's own structure
//! (`pthread_self`). On x86-64 glibc has the number there; elsewhere it stays unknown.

use crate::Process;
use crate::memory::{field, u64_at, whole};
use crate::python::interpreter::Interpreter;

/// The most interpreters and threads that are looked at.
const MOST_INTERPRETERS: usize = 64;
/// The same of threads in all.
pub const MOST_THREADS: usize = 4096;
/// In glibc's `struct pthread`, on x86-64: `tid` (nptl/descr.h), the same since 2.4.
const NUMBER_IN_GLIBC: u64 = 720;
/// Behind the last field that is read of a state.
const STATE: usize = 192;

/// A thread of Python's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thread {
    /// Its state: what [`super::Reader::frames`] takes.
    pub state: u64,
    /// `pthread_self` of it.
    pub id: u64,
    /// The kernel's number. `None`: not known.
    pub native: Option<u64>,
}

/// Which thread is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The one whose `pthread_self` this is.
    Id(u64),
    /// The one that has this number of the kernel's.
    Native(u64),
}

/// What came of looking at a state.
enum Next {
    Found,
    State(u64),
}

impl Interpreter {
    /// Calls `each` with every thread that has a state.
    pub fn threads(&self, process: &mut dyn Process, mut each: impl FnMut(Thread)) {
        let layout = &self.layout;
        let mut left = MOST_THREADS;
        let mut next = field(process, self.runtime, layout.interpreters);
        for _ in 0..MOST_INTERPRETERS {
            let Some(interpreter) = next.filter(|&interpreter| interpreter != 0) else { return };
            let mut state = field(process, interpreter, layout.threads).unwrap_or(0);
            while state != 0 && left > 0 {
                left -= 1;
                let Some((thread, after)) = self.thread(process, state) else { break };
                each(thread);
                state = after;
            }
            next = field(process, interpreter, layout.next_interpreter);
        }
    }

    /// The state of the thread that has this number.
    pub fn thread_of(&self, process: &mut dyn Process, native: u64) -> Option<Thread> {
        let mut found = None;
        self.threads(process, |thread| {
            if thread.native == Some(native) {
                found = Some(thread);
            }
        });
        found
    }

    /// The state of one thread, where the process has one interpreter: a thread may have a state of each, and
    /// which of them it is in cannot be told. `most`: no more states than these are looked at.
    ///
    /// The list is followed from its head each time: a state that is in it has not been freed.
    pub fn state_of(&self, process: &mut dyn Process, who: Who, most: usize) -> Option<u64> {
        let layout = &self.layout;
        let interpreter = field(process, self.runtime, layout.interpreters)?;
        if field(process, interpreter, layout.next_interpreter)? != 0 {
            return None;
        }
        let mut state = field(process, interpreter, layout.threads)?;
        for _ in 0..most {
            let next = self.if_it_is(process, state, who)?;
            match next {
                Next::Found => return Some(state),
                Next::State(0) => return None,
                Next::State(after) => state = after,
            }
        }
        None
    }

    #[inline(never)]
    fn if_it_is(&self, process: &mut dyn Process, state: u64, who: Who) -> Option<Next> {
        let layout = &self.layout;
        let mut bytes = [0; STATE];
        let bytes = bytes.get_mut(..self.end_of_state())?;
        whole(process, state, bytes)?;
        let id = u64_at(bytes, layout.thread_id)?;
        let is_it = match (who, layout.native_id) {
            (Who::Id(own), _) => own == id,
            (Who::Native(own), Some(offset)) => u64_at(bytes, offset) == Some(own),
            (Who::Native(own), None) => number_in_glibc(process, id) == Some(own),
        };
        let next = u64_at(bytes, layout.next_thread)?;
        Some(if is_it { Next::Found } else { Next::State(next) })
    }

    fn end_of_state(&self) -> usize {
        let layout = &self.layout;
        layout.thread_id.max(layout.native_id.unwrap_or(0)).max(layout.next_thread) + 8
    }

    fn thread(&self, process: &mut dyn Process, state: u64) -> Option<(Thread, u64)> {
        let layout = &self.layout;
        let mut bytes = [0; STATE];
        let bytes = bytes.get_mut(..self.end_of_state())?;
        whole(process, state, bytes)?;
        let id = u64_at(bytes, layout.thread_id)?;
        let native = match layout.native_id {
            Some(offset) => u64_at(bytes, offset),
            None => number_in_glibc(process, id),
        };
        Some((Thread { state, id, native }, u64_at(bytes, layout.next_thread)?))
    }
}

fn number_in_glibc(process: &mut dyn Process, id: u64) -> Option<u64> {
    if !cfg!(target_arch = "x86_64") {
        return None;
    }
    let mut bytes = [0; 4];
    whole(process, id.checked_add(NUMBER_IN_GLIBC)?, &mut bytes)?;
    Some(u64::from(u32::from_le_bytes(bytes)))
}
