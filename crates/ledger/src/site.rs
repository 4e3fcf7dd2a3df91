//! A place in the program that a fault could happen at: a module, and an offset in it.

use epshim_observe::fault::Fault;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};

/// Bytes of a module's path that are kept, from its end.
const PATH: usize = 240;

const FREE: u32 = 0;
const TAKEN: u32 = 1;
const WRITTEN: u32 = 2;

/// A place in the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The path of the program or library.
    pub module: String,
    /// The address as the file has it.
    pub offset: u64,
}

/// One in the memory.
#[derive(Debug)]
#[repr(C)]
pub struct Site {
    offset: AtomicU64,
    state: AtomicU32,
    could: AtomicU32,
    did: AtomicU32,
    length: AtomicU32,
    path: [AtomicU8; PATH],
}

impl Site {
    /// Whether it is of this place; a free one becomes it.
    pub(crate) fn is(&self, place: &Place) -> bool {
        let take = || {
            let order = (Ordering::Acquire, Ordering::Acquire);
            self.state.compare_exchange(FREE, TAKEN, order.0, order.1).is_ok()
        };
        if take() {
            let bytes = kept(place);
            for (to, &from) in self.path.iter().zip(bytes) {
                to.store(from, Ordering::Relaxed);
            }
            self.length.store(bytes.len() as u32, Ordering::Relaxed);
            self.offset.store(place.offset, Ordering::Relaxed);
            self.state.store(WRITTEN, Ordering::Release);
            return true;
        }
        self.offset.load(Ordering::Relaxed) == place.offset
            && self.place().is_some_and(|own| own.module.as_bytes() == kept(place))
    }

    pub(crate) fn reach(&self, fault: Fault, did: bool) {
        self.could.fetch_or(fault.bit(), Ordering::Relaxed);
        if did {
            self.did.fetch_or(fault.bit(), Ordering::Relaxed);
        }
    }

    pub(crate) fn place(&self) -> Option<Place> {
        if self.state.load(Ordering::Acquire) != WRITTEN {
            return None;
        }
        let length = (self.length.load(Ordering::Relaxed) as usize).min(PATH);
        let bytes: Vec<u8> =
            self.path[..length].iter().map(|byte| byte.load(Ordering::Relaxed)).collect();
        let module = String::from_utf8_lossy(&bytes).into_owned();
        Some(Place { module, offset: self.offset.load(Ordering::Relaxed) })
    }

    pub(crate) fn could(&self) -> u32 {
        self.could.load(Ordering::Relaxed)
    }

    pub(crate) fn did(&self) -> u32 {
        self.did.load(Ordering::Relaxed)
    }
}

/// The end of the path is what tells modules apart.
fn kept(place: &Place) -> &[u8] {
    let bytes = place.module.as_bytes();
    &bytes[bytes.len().saturating_sub(PATH)..]
}
