//! What becomes of each slot: which process has it, and whether it runs. Apart from the slots, so that to
//! look for a free one touches little memory.

use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering, Ordering::Relaxed};

/// Processes that have a slot at a time. Others write their own ends only.
pub const SLOTS: usize = 128;
/// Where no more than this are free, the observer frees those of dead processes.
pub const FEW: usize = 32;
/// The slot of the process that the command was.
pub const FIRST: usize = 0;

/// What becomes of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is no process's.
    Free = 0,
    /// A process that is about to fork has it, for its child.
    Reserved = 1,
    /// The process runs.
    Running = 2,
    /// It is about to execute another program, or has.
    Executing = 3,
    /// It has written its end.
    Ended = 4,
    /// A forked child has taken it, and is about to write down its id.
    Taken = 5,
}

#[derive(Debug)]
#[repr(C)]
struct Entry {
    state: AtomicU32,
    pid: AtomicI32,
    /// When it started, as /proc/PID/stat has it; 0: not known.
    started: AtomicU64,
}

/// The states of all slots.
#[derive(Debug)]
#[repr(C)]
pub struct States([Entry; SLOTS]);

impl States {
    /// The state of a slot.
    #[must_use]
    pub fn of(&self, slot: usize) -> State {
        match self.0[slot % SLOTS].state.load(Ordering::Acquire) {
            1 => State::Reserved,
            2 => State::Running,
            3 => State::Executing,
            4 => State::Ended,
            5 => State::Taken,
            _ => State::Free,
        }
    }

    /// The process that has it.
    #[must_use]
    pub fn process(&self, slot: usize) -> i32 {
        self.0[slot % SLOTS].pid.load(Relaxed)
    }

    /// When that process started; 0: not known.
    #[must_use]
    pub fn started(&self, slot: usize) -> u64 {
        self.0[slot % SLOTS].started.load(Relaxed)
    }

    /// Sets the state.
    pub fn set(&self, slot: usize, state: State) {
        self.0[slot % SLOTS].state.store(state as u32, Ordering::Release);
    }

    /// Sets it where it is what was expected. Returns whether it was.
    pub fn change(&self, slot: usize, from: State, to: State) -> bool {
        let state = &self.0[slot % SLOTS].state;
        state.compare_exchange(from as u32, to as u32, Ordering::AcqRel, Relaxed).is_ok()
    }

    /// The slot is this process's from now on.
    pub fn give(&self, slot: usize, pid: i32, started: u64, state: State) {
        let entry = &self.0[slot % SLOTS];
        entry.pid.store(pid, Relaxed);
        entry.started.store(started, Relaxed);
        self.set(slot, state);
    }

    /// A slot that was free and is reserved from now on.
    #[must_use]
    pub fn reserve(&self) -> Option<usize> {
        (1..SLOTS).find(|&slot| self.change(slot, State::Free, State::Reserved))
    }

    /// Whether a process has the slot.
    #[must_use]
    pub fn is_used(&self, slot: usize) -> bool {
        matches!(self.of(slot), State::Running | State::Executing | State::Ended)
    }

    /// The slot that a process of this id has.
    #[must_use]
    pub fn find(&self, pid: i32) -> Option<usize> {
        (0..SLOTS).filter(|&slot| self.is_used(slot)).find(|&slot| self.process(slot) == pid)
    }
}
