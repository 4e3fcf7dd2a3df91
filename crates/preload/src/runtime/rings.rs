//! The rings through which the threads of this process hand records to the observer (`epshim-ring`), and the
//! calling thread's own.
//!
//! Their memory is mapped in the constructor as the page is, or not at all: then nothing is recorded. After that
//! it is memory: a thread takes a ring at its first record, and no call here allocates, waits or opens anything.
//!
//! Surprising: the memory is shared with forked children too, whose threads are other ones. A child knows that
//! it is one by the page that the kernel wipes (`process.rs`), before its first record. So where the kernel
//! has no such page, nothing is recorded.

use crate::runtime::process;
use crate::runtime::shared_page::{self, open_memory};
use crate::runtime::thread::{self, FIRST_UNKNOWN};
use epshim_ring::{FEW_RINGS, Header, RINGS, Ring, rings_in, size};
use rustix::fd::{AsFd as _, OwnedFd};
use rustix::fs::fstat;
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap};
use rustix::process::{Resource, getrlimit};
use std::ffi::c_int;
use std::ptr;
use std::slice;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::Relaxed};

static HEADER: AtomicPtr<Header> = AtomicPtr::new(ptr::null_mut());
/// How many rings are mapped.
static COUNT: AtomicUsize = AtomicUsize::new(0);
/// A thread that found no ring counts this number of records as lost before it looks for one again.
const UNTIL_NEXT_TRY: u32 = 1000;

/// Maps the rings that descriptor `number` of process `observer` is. In the constructor.
pub fn map(observer: c_int, number: c_int) {
    if !process::is_marked() {
        return;
    }
    if let Some(file) = open_memory(observer, number, b"/memfd:epshim-rings (deleted)") {
        map_file(&file);
        shared_page::close_now(file);
    }
    // Another program was in this process: its threads are gone.
    for ring in all().map_or(&[][..], |(_, rings)| rings) {
        if ring.owner().is_some_and(|(pid, _)| pid == process::id()) {
            ring.leave();
        }
    }
}

fn map_file(file: &OwnedFd) {
    let Ok(length) = fstat(file).map(|stat| usize::try_from(stat.st_size).unwrap_or(0)) else {
        return;
    };
    let most = if getrlimit(Resource::As).current.is_some() { FEW_RINGS } else { RINGS };
    let count = rings_in(length).min(most);
    if count == 0 {
        return;
    }
    let size = size(count);
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    let flags = MapFlags::SHARED | MapFlags::NORESERVE;
    // SAFETY: a new mapping at an address of the kernel's choice, which is never unmapped. It is no longer than
    // the file, which cannot shrink: the command has sealed it.
    let mapped = unsafe { mmap(ptr::null_mut(), size, protection, flags, file.as_fd(), 0) };
    let Ok(memory) = mapped else { return };
    // SAFETY: the mapping that was just made. The advice changes what a core file has, and nothing else.
    let _ = unsafe { madvise(memory, size, Advice::LinuxDontDump) };
    COUNT.store(count, Relaxed);
    HEADER.store(memory.cast(), Relaxed);
    if all().is_none_or(|(header, _)| !header.is_one()) {
        HEADER.store(ptr::null_mut(), Relaxed);
    }
}

fn all() -> Option<(&'static Header, &'static [Ring])> {
    let header = HEADER.load(Relaxed);
    // SAFETY: null, or the mapping of `map_file`, which is never unmapped: the header, and this number of rings
    // behind it, all of them atomics, for which any bytes are valid.
    unsafe {
        let rings = slice::from_raw_parts(
            header.as_ref().map(|_| header.add(1).cast())?,
            COUNT.load(Relaxed),
        );
        Some((&*header, rings))
    }
}

/// Whether this process is recorded. One load.
#[inline]
pub fn is_recording() -> bool {
    !HEADER.load(Relaxed).is_null()
}

/// Uses the calling thread's ring. Where there is none, what it would have written is counted. Only within the
/// guard: the ring is not to be changed by a signal handler meanwhile.
#[inline]
pub fn with_own(write: impl FnOnce(&Ring)) {
    let Some((header, rings)) = all() else { return };
    if header.is_over.load(Relaxed) != 0 {
        return;
    }
    let place = thread::ring();
    if let Some(ring) = rings.get((place as usize).wrapping_sub(1)) {
        return write(ring);
    }
    if place > u32::MAX - UNTIL_NEXT_TRY {
        thread::set_ring(place.wrapping_add(1));
        header.lost.fetch_add(1, Relaxed);
        return;
    }
    match take(header, rings) {
        Some(ring) => write(ring),
        None => {
            thread::set_ring(u32::MAX - UNTIL_NEXT_TRY + 1);
            header.lost.fetch_add(1, Relaxed);
        }
    }
}

#[cold]
fn take(header: &Header, rings: &'static [Ring]) -> Option<&'static Ring> {
    // The observer frees the rings of threads that it does not find.
    let tid = Some(thread::tid()).filter(|&tid| tid < FIRST_UNKNOWN)?;
    let (place, ring) = header.take(rings, process::id(), tid)?;
    thread::set_ring(place as u32 + 1);
    Some(ring)
}

/// This thread is about to execute another program, and has written its last record if it succeeds. From a signal
/// handler too.
pub fn leave() {
    let place = thread::ring() as usize;
    thread::set_ring(0);
    if let Some(ring) = all().and_then(|(_, rings)| rings.get(place.wrapping_sub(1))) {
        ring.leave();
    }
}

/// In a forked child: its thread has no ring yet. A child that the observer does not know is not recorded, for
/// its threads would seem to have ended.
pub fn forked() {
    thread::set_ring(0);
    if let Some((header, _)) = all().filter(|_| !shared_page::is_known()) {
        header.unrecorded.fetch_add(1, Relaxed);
        HEADER.store(ptr::null_mut(), Relaxed);
    }
}
