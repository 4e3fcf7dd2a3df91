//! A thread, as one look sees it.

use serde::{Deserialize, Serialize};

/// A thread of the process.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// Its id.
    pub tid: i32,
    /// Its name.
    pub name: String,
    /// The letter of its state: S, R, D, T, Z.
    pub state: char,
    /// When this was read, in nanoseconds of the monotonic clock.
    pub at: u64,
    /// What it does.
    pub call: Call,
    /// How often it gave the processor up itself.
    pub sleeps: Option<u64>,
    /// How often it was taken the processor.
    pub preempted: Option<u64>,
    /// Nanoseconds that it ran.
    pub ran: Option<u64>,
    /// Nanoseconds that it waited for a processor.
    pub queued: Option<u64>,
    /// Ticks in the program, and in the kernel for it.
    pub ticks: Option<(u64, u64)>,
    /// Page faults that needed no disk.
    pub faults: Option<u64>,
    /// Of a thread in poll or select: the descriptors that it waits for. `None`: unknown, or another call.
    pub polled: Option<Vec<i32>>,
}

/// What a thread does, by `/proc/PID/task/TID/syscall`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// It could not be asked; where it waits in the kernel, if that could.
    #[default]
    Unknown,
    /// The same, with the kernel's function in which it sleeps.
    Sleeping(String),
    /// It runs or waits for a processor.
    Running,
    /// It is blocked in a system call.
    In {
        /// The call's number, on the architecture of the process.
        number: i64,
        /// Its arguments.
        arguments: [u64; 6],
        /// The stack pointer.
        sp: u64,
        /// The instruction behind the call.
        pc: u64,
    },
    /// It is blocked, and not in a system call: a page fault, for example.
    Blocked {
        /// The stack pointer.
        sp: u64,
        /// The instruction.
        pc: u64,
    },
}

impl Thread {
    /// Whether it was in the same place, and has not run, between two looks.
    #[must_use]
    pub fn is_unmoved_since(&self, earlier: &Self) -> bool {
        let same_call = match (&self.call, &earlier.call) {
            (Call::Running, _) => false,
            (now, then) => now == then,
        };
        let same = |now: Option<u64>, then: Option<u64>| now.is_some() && now == then;
        same_call
            && matches!(self.state, 'S' | 'D')
            && same(self.sleeps, earlier.sleeps)
            && same(self.ran, earlier.ran)
    }

    /// Whether a signal or a debugger has stopped it.
    #[must_use]
    pub const fn is_stopped(&self) -> bool {
        matches!(self.state, 'T' | 't')
    }
}
