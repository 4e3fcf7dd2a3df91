//! The allocator of a library without std: the C library's, and so the program's own where it has one
//! before libc's.
//!
//! It never ends the process: memory that is refused is a null pointer, which `epshim` makes an `ENOMEM`
//! of.

use core::alloc::{GlobalAlloc, Layout};
use core::ptr;

/// malloc(3) and its family.
pub struct Malloc;

/// What malloc aligns its memory to at least: fit for every type of C that has room in it (malloc(3)). Rust's own
/// allocator counts on as much (library/std/src/sys/alloc.rs, `MIN_ALIGN`).
const ALIGNED_TO: usize = 2 * size_of::<usize>();

/// Whether malloc's own alignment does for a block of this size. Of a smaller one than the alignment nothing is
/// promised: jemalloc aligns 8 bytes to 8.
const fn is_aligned(align: usize, size: usize) -> bool {
    align <= ALIGNED_TO && align <= size
}

// SAFETY: what it returns is memory of libc's allocator with the size and the alignment of the layout, or
// null; free(3) and realloc(3) take what malloc and posix_memalign returned (posix_memalign(3)). None of these
// functions unwinds.
unsafe impl GlobalAlloc for Malloc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_aligned(layout.align(), layout.size()) {
            // SAFETY: takes a number.
            return unsafe { libc::malloc(layout.size()) }.cast();
        }
        let mut place = ptr::null_mut();
        let align = layout.align().max(size_of::<usize>());
        // SAFETY: it writes an address into `place`; the alignment is a power of two (`Layout`), and a
        // multiple of a pointer's size, as it is no less.
        match unsafe { libc::posix_memalign(&raw mut place, align, layout.size()) } {
            0 => place.cast(),
            _ => ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, place: *mut u8, _: Layout) {
        // SAFETY: the caller's contract: it came from this allocator, and is used no more.
        unsafe { libc::free(place.cast()) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if is_aligned(layout.align(), size) {
            // SAFETY: the caller's contract: it came from this allocator, and `size` is not 0.
            return unsafe { libc::realloc(old.cast(), size) }.cast();
        }
        // SAFETY: the caller's contract: with this alignment `size` does not overflow; both blocks have at least
        // the shorter size, and they do not overlap, for both are live.
        unsafe {
            let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !new.is_null() {
                ptr::copy_nonoverlapping(old, new, layout.size().min(size));
                self.dealloc(old, layout);
            }
            new
        }
    }
}

#[cfg(not(test))]
#[global_allocator]
static MALLOC: Malloc = Malloc;

#[cfg(test)]
mod tests {
    use super::{GlobalAlloc, Layout, Malloc};

    /// Fills a block of 100 bytes, has it moved to another size, and looks at what it has kept.
    fn keeps_its_bytes(align: usize, size: usize) {
        let layout = |size| Layout::from_size_align(size, align).unwrap();
        // SAFETY: within the sizes that were asked for, and freed once with the last of them.
        unsafe {
            let block = Malloc.alloc(layout(100));
            assert!(!block.is_null() && block.addr() % align == 0);
            block.write_bytes(7, 100);
            let moved = Malloc.realloc(block, layout(100), size);
            assert!(!moved.is_null() && moved.addr() % align == 0);
            let kept = std::slice::from_raw_parts(moved, size.min(100));
            assert!(kept.iter().all(|&byte| byte == 7));
            Malloc.dealloc(moved, layout(size));
        }
    }

    #[test]
    fn blocks_are_aligned_and_keep_their_bytes_when_they_grow_and_shrink() {
        for align in [1, 8, 16, 64, 4096] {
            for size in [1, 10, 100, 100_000] {
                keeps_its_bytes(align, size);
            }
        }
    }

    #[test]
    fn what_cannot_be_had_is_null() {
        for align in [1, 4096] {
            let layout = Layout::from_size_align(isize::MAX as usize - align, align).unwrap();
            // In 32 bits there may be room for one of them; never for three, each of half the address space.
            // SAFETY: the layout has a size; what was had is freed with it, once.
            unsafe {
                let blocks = [(); 3].map(|()| Malloc.alloc(layout));
                let had = blocks.into_iter().filter(|block| !block.is_null());
                had.for_each(|block| Malloc.dealloc(block, layout));
                assert!(blocks[2].is_null());
            }
        }
    }
}
