//! One fault that was made.

use epshim_observe::fault::{Fault, Name, Subject};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// A fault that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Which.
    pub name: Name,
    /// What the program asked for.
    pub asked: u64,
    /// What it got: see [`Planned::gives`](epshim_observe::fault::Planned::gives).
    pub gives: u64,
    /// The error that it was told; 0: none.
    pub errno: i32,
    /// The descriptor.
    pub fd: i32,
    /// The place in the program; `None`: there are too many.
    pub site: Option<u32>,
    /// The process.
    pub pid: u32,
    /// The other end, as much as fits of its address, in text.
    pub peer: String,
}

/// Bytes of a peer: the longest address of IPv6 with its port.
const PEER: usize = 48;

/// One in the memory.
#[derive(Debug)]
#[repr(C)]
pub struct Entry {
    offset: AtomicU64,
    asked: AtomicU64,
    gives: AtomicU64,
    peer: [AtomicU64; PEER / 8],
    process: AtomicU32,
    number: AtomicU32,
    errno: AtomicU32,
    fd: AtomicU32,
    site: AtomicU32,
    pid: AtomicU32,
    /// Fault, subject, and that all else is written.
    what: AtomicU32,
    spare: AtomicU32,
}

const WRITTEN: u32 = 1 << 31;

impl Entry {
    pub(crate) fn set(&self, made: &Made) {
        let relaxed = Ordering::Relaxed;
        self.offset.store(made.name.offset, relaxed);
        self.asked.store(made.asked, relaxed);
        self.gives.store(made.gives, relaxed);
        let mut bytes = [0; PEER];
        let peer = made.peer.as_bytes();
        let length = peer.len().min(PEER);
        bytes[..length].copy_from_slice(&peer[..length]);
        for (word, chunk) in self.peer.iter().zip(bytes.chunks_exact(8)) {
            word.store(u64::from_ne_bytes(chunk.try_into().unwrap_or_default()), relaxed);
        }
        self.process.store(made.name.process, relaxed);
        self.number.store(made.name.number, relaxed);
        self.errno.store(made.errno as u32, relaxed);
        self.fd.store(made.fd as u32, relaxed);
        self.site.store(made.site.map_or(0, |site| site + 1), relaxed);
        self.pid.store(made.pid, relaxed);
        let what = u32::from(made.name.fault as u8) | u32::from(made.name.subject as u8) << 8;
        self.what.store(what | WRITTEN, Ordering::Release);
    }

    pub(crate) fn get(&self) -> Option<Made> {
        let what = self.what.load(Ordering::Acquire);
        if what & WRITTEN == 0 {
            return None;
        }
        let relaxed = Ordering::Relaxed;
        let name = Name {
            fault: Fault::of_number(what as u8)?,
            process: self.process.load(relaxed),
            subject: Subject::of_number((what >> 8) as u8)?,
            number: self.number.load(relaxed),
            offset: self.offset.load(relaxed),
        };
        let peer: Vec<u8> =
            self.peer.iter().flat_map(|word| word.load(relaxed).to_ne_bytes()).collect();
        let length = peer.iter().position(|&byte| byte == 0).unwrap_or(PEER);
        Some(Made {
            name,
            asked: self.asked.load(relaxed),
            gives: self.gives.load(relaxed),
            errno: self.errno.load(relaxed) as i32,
            fd: self.fd.load(relaxed) as i32,
            site: self.site.load(relaxed).checked_sub(1),
            pid: self.pid.load(relaxed),
            peer: String::from_utf8_lossy(&peer[..length]).into_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_half_an_entry_is_none() {
        let zeros = || std::array::from_fn(|_| AtomicU64::new(0));
        let new = || AtomicU32::new(0);
        let entry = Entry {
            offset: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            gives: AtomicU64::new(0),
            peer: zeros(),
            process: new(),
            number: new(),
            errno: new(),
            fd: new(),
            site: new(),
            pid: new(),
            what: new(),
            spare: new(),
        };
        assert_eq!(entry.get(), None);
        let name = Name {
            fault: Fault::ShortWrite,
            process: 2,
            subject: Subject::Connection,
            number: 4,
            offset: 129_151,
        };
        let made = Made {
            name,
            asked: 4004,
            gives: 1,
            errno: -1,
            fd: 6,
            site: Some(0),
            pid: 4711,
            peer: "[2001:db8:1111:2222:3333:4444:5555:6666]:51234".to_owned(),
        };
        entry.set(&made);
        assert_eq!(entry.get(), Some(made));
    }
}
