//! The slots of all descriptors: a table, indexed by the descriptor's number, that any thread uses at
//! any time, in a signal handler too.
//!
//! [`update`] also keeps the bits of `runtime/watched.rs` in step, by which the hooks know what to report.
//!
//! Surprising: a call on a descriptor whose number is too high is not recorded; it is counted.

use crate::books::chunks::{Chunks, Zeroed};
use crate::books::slot::{Slot, State, name, named};
use crate::books::{counts, room_waits};
use crate::questions::descriptor;
use crate::runtime::watched;
use epshim_observe::Io;
use epshim_observe::{Descriptor, Descriptors, Kind, Partner, Site};
use std::ffi::c_int;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

static SLOTS: Chunks<Slot> = Chunks::new();

// SAFETY: a slot is atomics, for which any bytes are valid.
unsafe impl Zeroed for Slot {}

/// The slot of a descriptor; `None` where the number is too high, or there is no memory.
pub fn slot(fd: c_int) -> Option<&'static Slot> {
    SLOTS.of(fd)
}

/// The slot of a descriptor whose file is known: see [`State::is_known`].
pub fn known(fd: c_int) -> Option<&'static Slot> {
    slot(fd).filter(|slot| slot.get().is_known())
}

/// Makes the slots of all descriptors below this number.
pub fn prepare(end: c_int) {
    SLOTS.prepare(end);
}

/// Changes a descriptor's slot, and whether the hooks report its calls.
pub fn update(fd: c_int, change: impl FnMut(&mut State)) {
    let Some(slot) = slot(fd) else {
        counts::WITHOUT_SLOT.add_one();
        return;
    };
    slot.update(change);
    set_watched(fd, slot);
}

/// Another thread may change the slot after this thread has read it, and before it has set the bit:
/// then the slot is read again.
fn set_watched(fd: c_int, slot: &Slot) {
    let mut is_reported = slot.get().is_reported();
    loop {
        watched::watch(fd, is_reported);
        let now = slot.get().is_reported();
        if now == is_reported {
            return;
        }
        is_reported = now;
    }
}

/// This thread has read from one descriptor, and now wrote to another.
pub fn exchanged(source: u32, fd: c_int, written: &Slot) {
    let Some((from, _)) = named(source).filter(|&(from, _)| from != fd) else { return };
    written.exchanged(source);
    if let Some(slot) = slot(from) {
        slot.exchanged(name(fd, written.get().generation));
    }
}

fn partner(stored: u32) -> Option<Partner> {
    let (fd, _) = named(stored)?;
    let is_closed = slot(fd).is_none_or(|slot| name(fd, slot.get().generation) != stored);
    Some(Partner { fd, is_closed })
}

/// The table, as the model asks it.
#[derive(Debug)]
pub struct Table;

impl Descriptors for Table {
    fn state(&self, fd: c_int) -> (u32, Io) {
        slot(fd).map_or((0, Io::default()), |slot| (slot.get().generation, slot.io()))
    }

    fn get(&self, fd: c_int) -> Descriptor {
        let Some(slot) = slot(fd) else { return Descriptor::default() };
        let site = |site: &AtomicU64| Site(site.load(Relaxed));
        Descriptor {
            generation: slot.get().generation,
            io: slot.io(),
            read: site(&slot.read),
            error: i32::from(slot.error.load(Relaxed)),
            written: site(&slot.written),
            closed: site(&slot.closed),
            duplicated: site(&slot.duplicated),
            partners: slot.partners().map(partner),
        }
    }

    fn kind(&self, fd: c_int) -> Kind {
        slot(fd).map_or(Kind::Unknown, |slot| slot.kind(|| descriptor::kind(fd)))
    }

    fn may_block(&self, fd: c_int) -> bool {
        slot(fd).is_some_and(|slot| slot.may_block(|| descriptor::may_block(fd)))
    }

    fn is_room_awaited(&self, fd: c_int) -> bool {
        room_waits::is_awaited(fd)
    }

    fn hung_up(&self, fd: c_int) {
        if let Some(slot) = slot(fd) {
            slot.did(Io::hung_up);
        }
    }

    fn tell_reads(&self, fd: c_int, tell: bool) {
        if let Some(slot) = slot(fd) {
            slot.tells_reads.store(tell, Relaxed);
        }
    }

    fn in_batch(&self, fd: c_int, tid: c_int) {
        let Some(slot) = slot(fd) else { return };
        slot.batch.store(tid, Relaxed);
        if slot.get().is_stale {
            update(fd, |state| state.is_stale = false);
        }
    }
}
