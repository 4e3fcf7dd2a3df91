//! Which process of a family changes which epoll: a page that a forked child shares with its
//! parent (mmap(2), MAP_SHARED), so that each sees that the other did.

use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};
use std::ffi::c_int;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, Ordering::Relaxed};

/// Epolls that are watched for this; one more is not.
const CELLS: usize = 256;

/// What has become of one epoll since it was made. Shared.
struct Cell {
    /// The process that was the first to change it.
    owner: AtomicI32,
    /// How often that one changed it.
    changes: AtomicU32,
    /// The latest other process that changed it.
    other: AtomicI32,
}

static CELLS_AT: AtomicPtr<[Cell; CELLS]> = AtomicPtr::new(ptr::null_mut());
/// Not shared: how often the owner had changed it when this process last looked; in a child, that
/// was before the fork.
static SEEN: [AtomicU32; CELLS] = [const { AtomicU32::new(0) }; CELLS];

/// Before anything is told.
pub fn prepare() {
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    let size = size_of::<[Cell; CELLS]>();
    // SAFETY: a new mapping at an address of the kernel's choice, which is never unmapped.
    let page = unsafe { mmap_anonymous(ptr::null_mut(), size, protection, MapFlags::SHARED) };
    CELLS_AT.store(page.unwrap_or(ptr::null_mut()).cast(), Relaxed);
}

fn cells() -> Option<&'static [Cell; CELLS]> {
    // SAFETY: null, or the mapping of `prepare`: zeroed, of that size, used as atomics only.
    unsafe { CELLS_AT.load(Relaxed).as_ref() }
}

/// An epoll was made: whatever had its number before is another one.
pub fn made(epfd: c_int, process: c_int) {
    if let Some((cell, seen)) = at(epfd) {
        cell.owner.store(process, Relaxed);
        cell.other.store(0, Relaxed);
        seen.store(cell.changes.load(Relaxed), Relaxed);
    }
}

/// Cells go by the descriptor: a child that makes an epoll of its own under a number that it has
/// closed is taken for the owner of a new one, and the parent's is not watched for this any more.
fn at(epfd: c_int) -> Option<(&'static Cell, &'static AtomicU32)> {
    let place = usize::try_from(epfd).ok()?;
    Some((cells()?.get(place)?, SEEN.get(place)?))
}

/// This process changes an epoll: which other one did so since the fork, if any did?
pub fn changed(epfd: c_int, process: c_int) -> Option<c_int> {
    let (cell, seen) = at(epfd)?;
    let owner = cell.owner.load(Relaxed);
    if owner == 0 {
        cell.owner.store(process, Relaxed);
        return None;
    }
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
