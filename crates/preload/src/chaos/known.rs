//! What is known of one descriptor, and of one epoll.

use epshim_observe::fault::{Fault, Subject};
use std::ffi::c_int;

/// An entry of an epoll's interest list.
#[derive(Debug, Clone, Copy)]
pub struct Registration {
    pub epfd: c_int,
    /// The epoll's.
    pub generation: u32,
    pub events: u32,
    pub data: u64,
}

/// What is known of one descriptor.
#[derive(Debug)]
pub struct Known {
    /// The slot's, when it came to be known.
    pub generation: u32,
    pub subject: Subject,
    pub number: u32,
    /// Bytes that were read, and written.
    pub moved: [u64; 2],
    /// The offset at which EAGAIN was told last, of reads and of writes; of a listener an error.
    pub told: [Option<u64>; 2],
    /// An end was read, or a hang-up delivered: see `monitor.rs`.
    pub has_ended: bool,
    /// The program has asked how much is there.
    pub was_counted: bool,
    /// How many more accepts in a row find no memory.
    pub exhausted: u64,
    pub registrations: Vec<Registration>,
}

impl Known {
    /// One of which nothing has happened.
    pub const fn new(generation: u32, subject: Subject, number: u32) -> Self {
        Self {
            generation,
            subject,
            number,
            moved: [0; 2],
            told: [None; 2],
            has_ended: false,
            was_counted: false,
            exhausted: 0,
            registrations: Vec::new(),
        }
    }
}

/// What is known of one epoll.
#[derive(Debug, Default)]
pub struct Epoll {
    /// The slot's.
    pub generation: u32,
    pub number: u32,
    /// Another process has it too, and may change it unseen.
    pub is_shared: bool,
    /// Where each fault of waits was made last.
    last: [Option<u64>; 8],
}

impl Epoll {
    /// One of which nothing has happened.
    pub fn new(number: u32, generation: u32) -> Self {
        Self { number, generation, ..Self::default() }
    }

    /// Whether a fault was made here already, an edge twice: the second may come before it was read. Where nothing moves, a wait that fails again and again would be a
    /// loop that chaos itself has made.
    pub fn was_at(&self, fault: Fault, offset: u64) -> bool {
        let place = place(fault);
        let is_twice = fault != Fault::EdgeRepeated || self.last[place + 1] == Some(offset);
        self.last[place] == Some(offset) && is_twice
    }

    /// It is made here.
    pub fn is_at(&mut self, fault: Fault, offset: u64) {
        let place = place(fault);
        let second = usize::from(self.last[place] == Some(offset));
        self.last[place + second] = Some(offset);
    }
}

const fn place(fault: Fault) -> usize {
    match fault {
        Fault::WaitInterrupted => 0,
        Fault::WaitFewer => 1,
        Fault::WaitReordered => 2,
        Fault::WaitLate => 3,
        Fault::DeliverySpurious => 4,
        // The last, for it has two places.
        _ => 6,
    }
}
