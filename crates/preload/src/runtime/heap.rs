//! The library's own heap, so that a hook never enters the program's malloc. That malloc may be the
//! caller of the hook, or a signal handler may call the hook in the middle of a malloc.
//!
//! The heap is dlmalloc's, on memory straight from the kernel. Large blocks are mappings of their own:
//! dlmalloc would keep each size that a table has outgrown, which with 10,000 registrations is half
//! of all memory. Where the kernel refuses, the reserve pays (`reserve.rs`): a null would abort the program.
//!
//! Surprising: where a thread left in the middle of a change (siglongjmp(3) out of a handler that
//! interrupted the book-keeping), the heap is given up. From then on every block is a mapping of its
//! own, and small blocks are never given back: the checking ends soon, and the program does not wait.

use crate::runtime::lock::{Lock, PATIENCE};
use crate::runtime::{pages, reserve};
use dlmalloc::{Allocator, Dlmalloc};
use rustix::mm::MapFlags;
use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

#[global_allocator]
static HEAP: Heap = Heap {
    lock: Lock::new(),
    is_lost: AtomicBool::new(false),
    blocks: UnsafeCell::new(Dlmalloc::new_with_allocator(Pages)),
};

struct Heap {
    lock: Lock,
    is_lost: AtomicBool,
    blocks: UnsafeCell<Dlmalloc<Pages>>,
}

// SAFETY: the blocks are used under the lock only.
unsafe impl Sync for Heap {}

/// Holds the heap while the process is forked, so that the copy is whole. Called from
/// pthread_atfork(3)'s handlers.
pub fn before_fork() {
    // In this order: a thread that holds the heap may wait for the reserve.
    if HEAP.take() && !reserve::lock().take(PATIENCE) {
        HEAP.is_lost.store(true, Relaxed);
    }
}

/// Lets the heap go, in the parent and in the child.
pub fn after_fork() {
    if !HEAP.is_lost.load(Relaxed) {
        reserve::lock().give();
        HEAP.lock.give();
    }
}

/// A thread left in the middle of the book-keeping. If it held the heap's lock, the heap is lost.
/// If another thread holds the lock just now, the heap is given up without need, which does no harm.
pub fn abandon() {
    if !HEAP.lock.is_free() || !reserve::lock().is_free() {
        HEAP.is_lost.store(true, Relaxed);
    }
}

/// Whether the heap is given up.
pub fn is_lost() -> bool {
    HEAP.is_lost.load(Relaxed)
}

/// In a copy of the memory. False: the copy was made by clone(2) or `_Fork`, which call no handlers,
/// while another thread was changing the heap. The heap is lost then.
pub fn is_whole() -> bool {
    abandon();
    !is_lost()
}

impl Heap {
    /// False: the thread that holds the lock will not give it back, and the heap is not used again.
    fn take(&self) -> bool {
        if !self.is_lost.load(Relaxed) && self.lock.take(PATIENCE) {
            return true;
        }
        self.is_lost.store(true, Relaxed);
        false
    }

    fn with<R>(&self, work: impl FnOnce(&mut Dlmalloc<Pages>) -> R) -> Option<R> {
        if !self.take() {
            return None;
        }
        // SAFETY: under the lock, which no panic leaves held: dlmalloc calls nothing but `Pages`.
        let result = work(unsafe { &mut *self.blocks.get() });
        self.lock.give();
        Some(result)
    }
}

/// Blocks from this size on are mappings of their own.
const LARGE: usize = 64 << 10;
/// The alignment that every mapping has.
const PAGE: usize = 4096;

fn is_large(size: usize, align: usize) -> bool {
    size >= LARGE && align <= PAGE
}

/// Bytes in large blocks.
static LARGE_BYTES: AtomicUsize = AtomicUsize::new(0);

/// A large block, zeroed: a mapping of its own.
fn large(size: usize) -> *mut u8 {
    let bytes = LARGE_BYTES.fetch_add(size, Relaxed) + size;
    if !reserve::keep_for(bytes) {
        pages::run_out();
    }
    let block = Pages.alloc(size).0;
    if block.is_null() {
        LARGE_BYTES.fetch_sub(size, Relaxed);
    }
    block
}

/// The same block in another size. Null: it is as it was.
fn resized(block: *mut u8, old: usize, new: usize) -> *mut u8 {
    let bytes = LARGE_BYTES.load(Relaxed);
    if new > old && (reserve::has(block) || !reserve::keep_for(bytes + new - old)) {
        return ptr::null_mut();
    }
    let moved = Pages.remap(block, old, new, true);
    if moved.is_null() && new > old {
        return moved;
    }
    LARGE_BYTES.fetch_add(new.wrapping_sub(old), Relaxed);
    // A block that cannot shrink is larger than it need be.
    if moved.is_null() { block } else { moved }
}

/// The checker has given up, for want of memory: gives back what no block needs.
pub fn release() {
    // SAFETY: it gives back what is free.
    HEAP.with(|blocks| unsafe { blocks.trim(0) });
    reserve::release();
}

/// A mapping for one block, zeroed. None for an alignment that nothing here asks for.
fn mapped(layout: Layout) -> *mut u8 {
    if layout.align() > PAGE { ptr::null_mut() } else { Pages.alloc(layout.size()).0 }
}

// SAFETY: dlmalloc hands out blocks of the size and alignment asked for, and hands none out twice
// before it is given back; the lock makes the calls one after another. The kernel does the same with
// mappings. Which of the two a block is from follows from its size, which its owner names again when
// it gives the block back.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_large(layout.size(), layout.align()) {
            return large(layout.size());
        }
        // SAFETY: dlmalloc asks for what this function's caller promises; likewise below.
        self.with(|blocks| unsafe { blocks.malloc(layout.size(), layout.align()) })
            .unwrap_or_else(|| mapped(layout))
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_large(layout.size(), layout.align()) {
            return large(layout.size());
        }
        // SAFETY: as above.
        self.with(|blocks| unsafe { blocks.calloc(layout.size(), layout.align()) })
            .unwrap_or_else(|| mapped(layout))
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if is_large(layout.size(), layout.align()) {
            LARGE_BYTES.fetch_sub(layout.size(), Relaxed);
            Pages.free(block, layout.size());
            return;
        }
        // SAFETY: as above.
        self.with(|blocks| unsafe { blocks.free(block, layout.size(), layout.align()) });
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let (old, align) = (layout.size(), layout.align());
        if is_large(old, align) && is_large(size, align) {
            let moved = resized(block, old, size);
            if !moved.is_null() {
                return moved;
            }
        }
        if !is_large(old, align) && !is_large(size, align) {
            // SAFETY: as above.
            let moved = self.with(|blocks| unsafe { blocks.realloc(block, old, align, size) });
            if let Some(moved) = moved {
                return moved;
            }
        }
        // SAFETY: as above; the blocks do not overlap, and each has at least the smaller size.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(size, align));
            if !moved.is_null() {
                ptr::copy_nonoverlapping(block, moved, old.min(size));
                self.dealloc(block, layout);
            }
            moved
        }
    }
}

/// Pages from the kernel, or from the reserve.
struct Pages;

// SAFETY: `alloc` returns a new mapping of the size, zeroed by the kernel, or a piece of the reserve that
// was never used; a mapping shrinks, moves and goes when its owner says so, and at no other time.
unsafe impl Allocator for Pages {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        let mapped = pages::map(size, MapFlags::PRIVATE);
        let memory = mapped.map_or_else(|| reserve::take(size), <*mut _>::cast);
        if memory.is_null() { (memory, 0, 0) } else { (memory, size, 0) }
    }

    fn remap(&self, block: *mut u8, size: usize, new_size: usize, can_move: bool) -> *mut u8 {
        if reserve::has(block) {
            return ptr::null_mut();
        }
        // SAFETY: a mapping of dlmalloc's own, or of a large block's owner.
        let moved = unsafe { pages::remap(block.cast(), size, new_size, can_move) };
        moved.map_or(ptr::null_mut(), <*mut _>::cast)
    }

    fn free_part(&self, block: *mut u8, size: usize, new_size: usize) -> bool {
        // SAFETY: as above; it is the end of the mapping, which dlmalloc no longer uses.
        !reserve::has(block)
            && unsafe { pages::unmap(block.wrapping_add(new_size).cast(), size - new_size) }
    }

    fn free(&self, block: *mut u8, size: usize) -> bool {
        // SAFETY: as above.
        !reserve::has(block) && unsafe { pages::unmap(block.cast(), size) }
    }

    fn can_release_part(&self, _flags: u32) -> bool {
        true
    }

    fn allocates_zeros(&self) -> bool {
        true
    }

    /// The largest page that Linux has: its multiples are multiples of every page size.
    fn page_size(&self) -> usize {
        64 << 10
    }
}
