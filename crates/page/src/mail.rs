//! What a watched process wants written where only the observer can write: it holds the files of `--log`
//! and `--json` and makes the documents, and a chroot, another user and closed descriptors are nothing to it.
//!
//! One message at a time. The sender takes the lock, writes the bytes, and sets the state; the observer
//! writes them, and answers. A sender that has waited too long takes its message back, unless it is being
//! written.
//!
//! Surprising: a sender may die with the lock. The observer frees it then.

use std::sync::atomic::{AtomicI32, AtomicU8, AtomicU32, Ordering, Ordering::Relaxed};

/// Bytes of the longest message.
pub const ROOM: usize = 64 << 10;

/// Where to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The file of `--log`.
    Text = 0,
    /// The file of `--json`.
    Json = 1,
    /// The lines of JSON of which the observer makes documents.
    Lines = 2,
    /// Nothing: the first process ends, and a profile is to be written before it has.
    Profile = 3,
}

/// There is no message.
pub const EMPTY: u32 = 0;
/// There is one.
pub const SENT: u32 = 1;
/// The observer is writing it.
pub const TAKEN: u32 = 2;
/// It has.
pub const ANSWERED: u32 = 3;

/// One message, and its answer.
#[derive(Debug)]
#[repr(C)]
pub struct Mail {
    /// The process that has the lock; 0: none.
    pub owner: AtomicU32,
    /// The sender sleeps on it.
    pub state: AtomicU32,
    place: AtomicU32,
    length: AtomicU32,
    answer: AtomicI32,
    bytes: [AtomicU8; ROOM],
}

impl Mail {
    /// Takes the lock. False: another thread has it.
    pub fn lock(&self, process: u32) -> bool {
        self.owner.compare_exchange(0, process, Ordering::Acquire, Relaxed).is_ok()
    }

    /// Gives it back.
    pub fn unlock(&self, process: u32) {
        let _ = self.owner.compare_exchange(process, 0, Ordering::Release, Relaxed);
    }

    /// Writes a message. Under the lock. False: it is too long.
    pub fn send(&self, place: Place, text: &[u8]) -> bool {
        if text.len() > ROOM {
            return false;
        }
        for (place, byte) in self.bytes.iter().zip(text) {
            place.store(*byte, Relaxed);
        }
        self.place.store(place as u32, Relaxed);
        self.length.store(text.len() as u32, Relaxed);
        self.state.store(SENT, Ordering::Release);
        true
    }

    /// Takes the message back. False: it is being written, or was.
    pub fn take_back(&self) -> bool {
        self.state.compare_exchange(SENT, EMPTY, Ordering::AcqRel, Relaxed).is_ok()
    }

    /// The answer, an errno or 0, if there is one. The message is gone then.
    pub fn answer(&self) -> Option<i32> {
        let is_answered = self.state.load(Ordering::Acquire) == ANSWERED;
        is_answered.then(|| {
            let answer = self.answer.load(Relaxed);
            self.state.store(EMPTY, Ordering::Release);
            answer
        })
    }

    /// For the observer: the message, if there is one, which it must answer.
    pub fn take(&self) -> Option<(Place, Vec<u8>)> {
        self.state.compare_exchange(SENT, TAKEN, Ordering::AcqRel, Relaxed).ok()?;
        let length = (self.length.load(Relaxed) as usize).min(ROOM);
        let text = self.bytes[..length].iter().map(|byte| byte.load(Relaxed)).collect();
        let place = match self.place.load(Relaxed) {
            0 => Place::Text,
            1 => Place::Json,
            2 => Place::Lines,
            _ => Place::Profile,
        };
        Some((place, text))
    }

    /// For the observer: 0, or the errno that kept it from writing.
    pub fn reply(&self, answer: i32) {
        self.answer.store(answer, Relaxed);
        self.state.store(ANSWERED, Ordering::Release);
    }

    /// For the observer: the process that has the lock has died with it.
    pub fn owner_has_died(&self, process: u32) {
        self.state.store(EMPTY, Ordering::Release);
        self.unlock(process);
    }
}
