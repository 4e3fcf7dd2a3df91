//! A set of places in the program, of a fixed size, that any thread adds to at any time, in a signal
//! handler too: no lock, no allocation.
//!
//! It says whether a place is new. It never forgets one, in a forked child neither; and when it is full,
//! no place is new any more.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The set.
#[derive(Debug)]
pub struct Places<const MOST: usize>([AtomicU64; MOST]);

impl<const MOST: usize> Places<MOST> {
    /// An empty set.
    pub const fn new() -> Self {
        Self([const { AtomicU64::new(0) }; MOST])
    }

    /// Adds a place. Whether it was not there, and there was room. 0 is no place.
    pub fn note(&self, place: u64) -> bool {
        for one in &self.0 {
            match one.compare_exchange(0, place, Relaxed, Relaxed) {
                Ok(_) => return place != 0,
                Err(there) if there == place => return false,
                Err(_) => {}
            }
        }
        false
    }
}
