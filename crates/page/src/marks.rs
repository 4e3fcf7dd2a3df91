//! Processes that are about to execute something: if that is a program into which the library is loaded, it
//! finds the mark, and does not count itself once more.
//!
//! What never says anything, a static program, leaves its mark behind, and a later one may take the place.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

const MARKS: usize = 256;
/// Places that a mark may be in.
const PROBES: usize = 8;

/// The marks, by process id.
#[derive(Debug)]
#[repr(C)]
pub struct Marks([AtomicU32; MARKS]);

impl Marks {
    fn places(&self, pid: u32) -> impl Iterator<Item = &AtomicU32> {
        (0..PROBES).map(move |probe| &self.0[(pid as usize + probe) % MARKS])
    }

    /// Marks a process.
    pub fn set(&self, pid: u32) {
        let is_taken =
            |place: &&AtomicU32| place.compare_exchange(0, pid, Relaxed, Relaxed).is_ok();
        if self.places(pid).find(is_taken).is_none() {
            self.0[pid as usize % MARKS].store(pid, Relaxed);
        }
    }

    /// Takes the mark away. Whether there was one.
    pub fn take(&self, pid: u32) -> bool {
        self.places(pid).any(|place| place.compare_exchange(pid, 0, Relaxed, Relaxed).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_taken_once_and_old_ones_make_room() {
        let marks = Marks([const { AtomicU32::new(0) }; MARKS]);
        for pid in 1..5000 {
            marks.set(pid);
            assert!(marks.take(pid) && !marks.take(pid), "{pid}");
            marks.set(pid); // It stays.
        }
    }
}
