//! Pointers, good and bad: an arena of four pages that reads, writes or faults where it should.

use std::ffi::c_void;
use std::ptr;

/// Where an argument points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Readable and writable, aligned.
    Good,
    /// Readable and writable, at an odd address.
    Misaligned,
    /// Readable, not writable.
    ReadOnly,
    /// The first 4 bytes are good, the page after them faults.
    CutOff,
    /// Mapped without any access.
    Forbidden,
    /// Address 0.
    Null,
    /// An address that belongs to the kernel.
    Kernel,
}

pub const PLACES: [Place; 7] = [
    Place::Good,
    Place::Misaligned,
    Place::ReadOnly,
    Place::CutOff,
    Place::Forbidden,
    Place::Null,
    Place::Kernel,
];

/// Two pages to write, one to read, one that faults; in the order read-only, good, faulting.
pub struct Arena {
    start: *mut u8,
    page: usize,
}

impl Arena {
    pub fn new() -> Self {
        // SAFETY: takes an integer.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize; // sparc64: 8 KiB.
        let private = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let write = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a fresh anonymous mapping, placed by the kernel.
        let start = unsafe { libc::mmap(ptr::null_mut(), 4 * page, write, private, -1, 0) };
        assert_ne!(start, libc::MAP_FAILED);
        let start = start.cast::<u8>();
        // SAFETY: the first and the fourth page of our own mapping.
        unsafe {
            assert_eq!(libc::mprotect(start.cast(), page, libc::PROT_READ), 0);
            assert_eq!(libc::mprotect(start.add(3 * page).cast(), page, libc::PROT_NONE), 0);
        }
        Self { start, page }
    }

    /// The address of a place.
    pub fn at<T>(&self, place: Place) -> *mut T {
        match place {
            Place::Good => self.start.wrapping_add(self.page).cast(),
            Place::Misaligned => self.start.wrapping_add(self.page + 1).cast(),
            Place::ReadOnly => self.start.cast(),
            Place::CutOff => self.start.wrapping_add(3 * self.page - 4).cast(),
            Place::Forbidden => self.start.wrapping_add(3 * self.page).cast(),
            Place::Null => ptr::null_mut(),
            // Not in the last 64 KiB: 32-bit Arm programs can read the vector page there.
            Place::Kernel => ptr::without_provenance_mut(usize::MAX - 0x1_ffff),
        }
    }

    /// Puts a value where it can be put: the other places keep what they are.
    pub fn put<T: Copy>(&self, place: Place, value: T) -> *mut T {
        let at = self.at::<T>(place);
        if matches!(place, Place::Good | Place::Misaligned) {
            // SAFETY: both places have two writable pages behind them.
            unsafe { at.write_unaligned(value) };
        }
        at
    }

    /// Fills the writable pages with a pattern that no event has.
    pub fn wipe(&self) {
        // SAFETY: the second and third page are writable and only used through this arena.
        unsafe { self.start.add(self.page).write_bytes(0xa5, 2 * self.page) };
    }

    /// The writable pages, as they are now.
    pub fn contents(&self) -> Vec<u8> {
        // SAFETY: as in `wipe`; the kernel writes only during a call.
        unsafe { std::slice::from_raw_parts(self.start.add(self.page), 2 * self.page) }.to_vec()
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: our own mapping; no pointer into it outlives the test that made it.
        unsafe { libc::munmap(self.start.cast::<c_void>(), 4 * self.page) };
    }
}
