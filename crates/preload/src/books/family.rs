//! Which process of a family changes which epoll: memory that a forked child shares with its parent
//! (mmap(2), MAP_SHARED), so that each sees that the other changes it.
//!
//! Owns a cell for each epoll that the family makes. The cells of all processes are one; which
//! descriptor is which epoll, each process knows for itself.

use crate::runtime::pages;
use rustix::mm::MapFlags;
use std::ffi::c_int;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU16, AtomicU32, Ordering::Relaxed};

/// Epolls that a family may make; later ones are not watched for this.
const CELLS: usize = 1024;
/// Nor are epolls whose descriptor is this number or higher.
const NUMBERS: usize = 1024;

/// What has become of one epoll since it was made. Shared.
struct Cell {
    /// The process that made it.
    owner: AtomicI32,
    /// How often that process changed it.
    changes: AtomicU32,
    /// The latest other process that changed it.
    other: AtomicI32,
}

struct Family {
    made: AtomicU32,
    cells: [Cell; CELLS],
}

static FAMILY: AtomicPtr<Family> = AtomicPtr::new(ptr::null_mut());
/// Not shared: the cell of each epoll, from 1.
static CELL_OF: [AtomicU16; NUMBERS] = [const { AtomicU16::new(0) }; NUMBERS];
/// Not shared: how often the owner had changed it when this process last read the count; in a child,
/// that was before the fork.
static SEEN: [AtomicU32; CELLS] = [const { AtomicU32::new(0) }; CELLS];

/// Before the checking starts.
pub fn prepare() {
    let page = pages::map(size_of::<Family>(), MapFlags::SHARED);
    FAMILY.store(page.unwrap_or(ptr::null_mut()).cast(), Relaxed);
}

fn family() -> Option<&'static Family> {
    // SAFETY: null, or the mapping of `prepare`: zeroed, of that size, used as atomics only.
    unsafe { FAMILY.load(Relaxed).as_ref() }
}

fn cell_of(epfd: c_int) -> Option<&'static AtomicU16> {
    CELL_OF.get(usize::try_from(epfd).ok()?)
}

/// An epoll was made.
pub fn made(epfd: c_int, process: c_int) {
    let (Some(family), Some(place)) = (family(), cell_of(epfd)) else { return };
    let cell = family.made.fetch_add(1, Relaxed) as usize;
    if let Some(new) = family.cells.get(cell) {
        new.owner.store(process, Relaxed);
        place.store(cell as u16 + 1, Relaxed);
    }
}

/// An epoll has another descriptor.
pub fn duplicated(from: c_int, to: c_int) {
    if let (Some(from), Some(to)) = (cell_of(from), cell_of(to)) {
        to.store(from.load(Relaxed), Relaxed);
    }
}

/// An epoll's descriptor was closed.
pub fn closed(epfd: c_int) {
    if let Some(place) = cell_of(epfd) {
        place.store(0, Relaxed);
    }
}

/// This process changes an epoll. Returns another process that did so since the fork, if one did.
pub fn changed(epfd: c_int, process: c_int) -> Option<c_int> {
    let place = usize::from(cell_of(epfd)?.load(Relaxed)).checked_sub(1)?;
    let (cell, seen) = (family()?.cells.get(place)?, SEEN.get(place)?);
    let owner = cell.owner.load(Relaxed);
    if owner == process {
        seen.store(cell.changes.fetch_add(1, Relaxed).wrapping_add(1), Relaxed);
        let other = cell.other.load(Relaxed);
        return (other != 0).then_some(other);
    }
    let other = cell.other.swap(process, Relaxed);
    if other != 0 && other != process {
        return Some(other);
    }
    (cell.changes.load(Relaxed) != seen.load(Relaxed)).then_some(owner)
}
