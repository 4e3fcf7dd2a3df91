//! The slots of all descriptors: a table, indexed by the descriptor's number, that any thread uses at
//! any time, in a signal handler too.
//!
//! Memory comes in chunks, straight from the kernel, and is never given back. [`update`] also keeps
//! the bits of `runtime/watched.rs` in step, by which the hooks know what to report.
//!
//! Surprising: a call on a descriptor whose number is too high is not recorded; it is counted.

use crate::books::slot::{Slot, State, name, named};
use crate::books::{counts, room_waits};
use crate::questions::descriptor;
use crate::runtime::pages;
use crate::runtime::watched::{self, WATCHABLE};
use epshim_check::Io;
use epshim_check::ports::{self, Descriptors, Kind, Partner, Site};
use rustix::mm::MapFlags;
use std::ffi::c_int;
use std::mem::size_of;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering, Ordering::Relaxed};

const CHUNK_SLOTS: usize = 1024;

type Chunk = [Slot; CHUNK_SLOTS];

static CHUNKS: [AtomicPtr<Chunk>; WATCHABLE / CHUNK_SLOTS] =
    [const { AtomicPtr::new(ptr::null_mut()) }; WATCHABLE / CHUNK_SLOTS];

/// The slot of a descriptor; `None` where the number is too high, or there is no memory.
pub fn slot(fd: c_int) -> Option<&'static Slot> {
    let fd = usize::try_from(fd).ok()?;
    let place = CHUNKS.get(fd / CHUNK_SLOTS)?;
    let mut chunk = place.load(Ordering::Acquire);
    if chunk.is_null() {
        chunk = new_chunk(place)?;
    }
    // SAFETY: a chunk is a mapping of its size, zeroed by the kernel, which is a valid value of the
    // atomics in it; it is never unmapped once it is in its place.
    Some(unsafe { &(*chunk)[fd % CHUNK_SLOTS] })
}

/// Makes the slots of all descriptors below this number.
pub fn prepare(end: c_int) {
    (0..end).step_by(CHUNK_SLOTS).for_each(|fd| _ = slot(fd));
}

fn new_chunk(place: &AtomicPtr<Chunk>) -> Option<*mut Chunk> {
    let size = size_of::<Chunk>();
    let memory = pages::map(size, MapFlags::PRIVATE)?;
    let chunk: *mut Chunk = memory.cast();
    let null = ptr::null_mut();
    match place.compare_exchange(null, chunk, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => Some(chunk),
        Err(earlier) => {
            // SAFETY: the mapping is the one made above, and no other thread has its address.
            unsafe { pages::unmap(memory, size) };
            Some(earlier)
        }
    }
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
    let mut is_known = slot.get().is_known();
    loop {
        watched::watch(fd, is_known);
        let now = slot.get().is_known();
        if now == is_known {
            return;
        }
        is_known = now;
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

    fn get(&self, fd: c_int) -> ports::Descriptor {
        let Some(slot) = slot(fd) else { return ports::Descriptor::default() };
        let site = |site: &AtomicU64| Site(site.load(Relaxed));
        ports::Descriptor {
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
}
