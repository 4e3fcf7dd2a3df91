//! The page: memory that the watched processes of one `epshim check` and the observer beside them share.
//! The processes write down what they are and what they have found; the observer reads it when one of
//! them has ended without a word.
//!
//! It has counts and texts of a fixed size, all of them atomic, and no address: any bytes are a valid
//! page, and what one process writes can mislead another, but not make it read elsewhere. Nothing here
//! makes a system call: the command makes the memory, the library maps it, and both sleep on its words.
//!
//! Surprising: a process that dies in the middle of a change leaves half of it. So a text is there only
//! when its length is, and no lock is needed to read.

#![forbid(unsafe_code)]

mod loops;
pub mod mail;
mod marks;
mod rules;
mod slot;
mod stall;
mod states;
mod text;

pub use loops::{LOOPS, Loop};
pub use marks::Marks;
pub use rules::Rules;
pub use slot::Slot;
pub use stall::{DEPTH, Seen};
pub use states::{FEW, FIRST, SLOTS, State, States};
pub use text::{Lines, Text};

use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering::Relaxed};

/// The whole of it.
#[derive(Debug)]
#[repr(C)]
pub struct Page {
    identity: AtomicU64,
    /// The observer rises when this changes: a futex.
    pub bell: AtomicU32,
    /// The process that the command was, and becomes.
    pub launched: AtomicI32,
    /// Programs that were started and are not watched.
    pub unwatched: AtomicU32,
    /// Those of them that have not said so yet.
    pub marks: Marks,
    /// Watched processes that have waited, or in which something was found.
    pub processes: AtomicU32,
    /// Different findings of each process, in all.
    pub findings: AtomicU32,
    /// The observer has only what it needs: a futex.
    pub is_ready: AtomicU32,
    /// The observer's thread id, as in a robust futex: the kernel marks it when that has died.
    pub life: AtomicU32,
    /// The observer's process id: a child of that process.
    pub observer: AtomicI32,
    /// The observer is to leave.
    pub is_dismissed: AtomicU32,
    /// The command has given up before the program ran, and said why.
    pub is_given_up: AtomicU32,
    /// Which files the observer holds: a bit for each [`mail::Place`].
    pub held: AtomicU32,
    /// The last lines of the findings of all processes, each once.
    pub summaries: Lines<32>,
    /// The threads that wait on epolls.
    pub loops: [Loop; LOOPS],
    /// For what the observer is to write.
    pub mail: mail::Mail,
    /// What becomes of each slot.
    pub states: States,
    /// The slots.
    pub slots: [Slot; SLOTS],
}

/// "epshim", the version of the layout, and the size: the program may be for another architecture.
const IDENTITY: u64 = 0x6570_7368_696d_0000 | 3 << 40 ^ size_of::<Page>() as u64;

impl Page {
    /// In new memory, which is zero.
    pub fn begin(&self, launched: i32) {
        self.launched.store(launched, Relaxed);
        self.identity.store(IDENTITY, Relaxed);
    }

    /// Whether it has this layout.
    #[must_use]
    pub fn is_one(&self) -> bool {
        self.identity.load(Relaxed) == IDENTITY
    }

    /// Whether the observer lives.
    #[must_use]
    pub fn is_observed(&self) -> bool {
        /// FUTEX_OWNER_DIED of linux/futex.h.
        const DIED: u32 = 0x4000_0000;
        let life = self.life.load(Relaxed);
        life != 0 && life & DIED == 0
    }

    /// The slot of this number.
    #[must_use]
    pub fn slot(&self, number: usize) -> &Slot {
        &self.slots[number % SLOTS]
    }

    /// A process, not the first one, is about to execute something: a program that is not watched, until it
    /// says that it is.
    pub fn starts_program(&self, pid: u32) {
        self.marks.set(pid);
        self.unwatched.fetch_add(1, Relaxed);
    }

    /// It does not, or that is watched.
    pub fn starts_none(&self, pid: u32) {
        if self.marks.take(pid) {
            self.unwatched.fetch_sub(1, Relaxed);
        }
    }

    /// How many programs were started that are not watched: those that are counted, and those of children that
    /// have waited, which are when they have ended.
    #[must_use]
    pub fn not_watched(&self) -> u64 {
        let executing = (FIRST + 1..SLOTS).filter(|&slot| self.states.of(slot) == State::Executing);
        u64::from(self.unwatched.load(Relaxed)) + executing.count() as u64
    }
}
