//! The library's own heap, so that a hook never enters the program's malloc. That malloc may be the
//! caller of the hook, or a signal handler may call the hook in the middle of a malloc.
//!
//! The heap is dlmalloc's, on memory straight from the kernel. Large blocks are mappings of their own:
//! dlmalloc would keep each size that a table has outgrown, which with 10,000 registrations is half
//! of all memory.
//!
//! Surprising: where a thread left in the middle of a change (siglongjmp(3) out of a handler that
//! interrupted the book-keeping), the heap is given up. From then on every block is a mapping of its
//! own, and small blocks are never given back: the checking ends soon, and the program does not wait.

use crate::runtime::lock::{Lock, PATIENCE};
use dlmalloc::{Allocator, Dlmalloc};
use rustix::mm::{MapFlags, MremapFlags, ProtFlags, mmap_anonymous, mremap, munmap};
use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

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
    HEAP.take();
}

/// Lets the heap go, in the parent and in the child.
pub fn after_fork() {
    if !HEAP.is_lost.load(Relaxed) {
        HEAP.lock.give();
    }
}

/// A thread left in the middle of the book-keeping. If it held the heap's lock, the heap is lost.
/// If another thread holds the lock just now, the heap is given up without need, which does no harm.
pub fn abandon() {
    if !HEAP.lock.is_free() {
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
            return Pages.alloc(layout.size()).0;
        }
        // SAFETY: dlmalloc asks for what this function's caller promises; likewise below.
        self.with(|blocks| unsafe { blocks.malloc(layout.size(), layout.align()) })
            .unwrap_or_else(|| mapped(layout))
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_large(layout.size(), layout.align()) {
            return Pages.alloc(layout.size()).0;
        }
        // SAFETY: as above.
        self.with(|blocks| unsafe { blocks.calloc(layout.size(), layout.align()) })
            .unwrap_or_else(|| mapped(layout))
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if is_large(layout.size(), layout.align()) {
            Pages.free(block, layout.size());
            return;
        }
        // SAFETY: as above.
        self.with(|blocks| unsafe { blocks.free(block, layout.size(), layout.align()) });
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let (old, align) = (layout.size(), layout.align());
        if is_large(old, align) && is_large(size, align) {
            return Pages.remap(block, old, size, true);
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

/// Pages from the kernel.
struct Pages;

// SAFETY: `alloc` returns a new mapping of the size, zeroed by the kernel; the mapping shrinks, moves
// and goes when its owner says so, and at no other time.
unsafe impl Allocator for Pages {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new private mapping at an address of the kernel's choice.
        let memory =
            unsafe { mmap_anonymous(ptr::null_mut(), size, protection, MapFlags::PRIVATE) };
        memory.map_or((ptr::null_mut(), 0, 0), |memory| (memory.cast(), size, 0))
    }

    fn remap(&self, block: *mut u8, size: usize, new_size: usize, can_move: bool) -> *mut u8 {
        let flags = if can_move { MremapFlags::MAYMOVE } else { MremapFlags::empty() };
        // SAFETY: a mapping of dlmalloc's own.
        let memory = unsafe { mremap(block.cast(), size, new_size, flags) };
        memory.map_or(ptr::null_mut(), <*mut _>::cast)
    }

    fn free_part(&self, block: *mut u8, size: usize, new_size: usize) -> bool {
        // SAFETY: as above; it is the end of the mapping, which dlmalloc no longer uses.
        unsafe { munmap(block.wrapping_add(new_size).cast(), size - new_size) }.is_ok()
    }

    fn free(&self, block: *mut u8, size: usize) -> bool {
        // SAFETY: as above.
        unsafe { munmap(block.cast(), size) }.is_ok()
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
