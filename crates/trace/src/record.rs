//! Records of system calls as the BPF program writes them (`bpf/calls.bpf.c`): bytes in, values out.
//!
//! Each begins with the same head; what follows is told by the call's number and by the length. Bytes that make no
//! record are none: what is read here was written by the kernel, but a mistake there is to be no panic here.

use epshim_observe::{Delivery, Nanos, Pid, Tid};

/// Bytes of the stack that every record has.
pub const NEAR: usize = 64;
/// Bytes before the stack.
const FIXED: usize = 112;
/// What a record has at least.
const HEAD: usize = FIXED + NEAR;
/// Most deliveries of a wait that a record holds.
pub const MOST_DELIVERIES: usize = 128;

/// A system call that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// When, on the monotonic clock.
    pub at: Nanos,
    /// Its process.
    pub pid: Pid,
    /// Its thread.
    pub tid: Tid,
    /// The call.
    pub number: u32,
    /// What it returned; a negative number is an errno.
    pub result: i64,
    /// The bytes that a vector has room for, or a timeout; all ones: not known.
    pub value: u64,
    /// Its arguments.
    pub arguments: [u64; 6],
    /// Where it was made.
    pub place: Place,
    /// What was read beside it: deliveries, an event, an array of `struct pollfd`.
    pub data: Vec<u8>,
}

/// Where a thread was when its call ended: registers, and the bytes of its stack that were copied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The instruction behind the call.
    pub ip: u64,
    /// The stack pointer.
    pub sp: u64,
    /// The frame pointer, or whatever that register is used for.
    pub bp: u64,
    /// The stack, from the stack pointer on.
    pub stack: Vec<u8>,
}

impl Record {
    /// Reads one.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() < HEAD {
            return None;
        }
        let word = |at: usize| bytes[at..at + 8].try_into().map_or(0, u64::from_le_bytes);
        let half = |at: usize| bytes[at..at + 4].try_into().map_or(0, u32::from_le_bytes);
        let size = half(20) as usize;
        let data = bytes.get(HEAD..HEAD.checked_add(size)?)?.to_vec();
        let mut stack = bytes[FIXED..HEAD].to_vec();
        stack.extend(&bytes[HEAD + size..]);
        let argument = |nth: usize| word(40 + nth * 8);
        Some(Self {
            at: word(0),
            pid: half(8) as Pid,
            tid: half(12) as Tid,
            number: half(16),
            result: word(24) as i64,
            value: word(32),
            arguments: [0, 1, 2, 3, 4, 5].map(argument),
            place: Place { ip: word(88), sp: word(96), bp: word(104), stack },
            data,
        })
    }

    /// An argument as the kernel takes an `int`.
    #[must_use]
    pub const fn int(&self, nth: usize) -> i32 {
        self.arguments[nth] as i32
    }

    /// The errno, if it failed. A call that the kernel makes again by itself has none of the program's.
    #[must_use]
    pub const fn errno(&self) -> Option<i32> {
        match self.result {
            -4095..=-1 => Some(-(self.result as i32)),
            _ => None,
        }
    }

    /// Whether a signal came, and the kernel makes the call again, or returns EINTR for it (linux/errno.h, ERESTARTSYS).
    #[must_use]
    pub const fn is_restarted(&self) -> bool {
        matches!(self.result, -516 | -514 | -513 | -512)
    }

    /// What a wait has delivered, as far as it was copied.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        let count = usize::try_from(self.result).unwrap_or(0).min(MOST_DELIVERIES);
        self.data.chunks_exact(12).take(count).map(delivery).collect()
    }

    /// The event that epoll_ctl was given. `None`: it had none that could be read.
    #[must_use]
    pub fn event(&self) -> Option<Delivery> {
        (self.value == 1 && self.data.len() >= 12).then(|| delivery(&self.data[..12]))
    }

    /// What poll(2) was asked and has answered: numbers, events, and what was ready.
    #[must_use]
    pub fn polled(&self) -> Vec<(i32, u32, u32)> {
        let count = usize::try_from(self.arguments[1]).unwrap_or(0);
        let one = |entry: &[u8]| {
            let mask = |at: usize| u32::from(u16::from_le_bytes([entry[at], entry[at + 1]]));
            let number = entry[..4].try_into().map_or(-1, i32::from_le_bytes);
            (number, mask(4), mask(6))
        };
        let all = self.data.chunks_exact(8).take(if self.value == 1 { count } else { 0 });
        all.map(one).collect()
    }
}

/// `struct epoll_event` of x86-64: packed.
fn delivery(bytes: &[u8]) -> Delivery {
    let events = bytes[..4].try_into().map_or(0, u32::from_le_bytes);
    let data = bytes[4..12].try_into().map_or(0, u64::from_le_bytes);
    Delivery { events, data }
}
