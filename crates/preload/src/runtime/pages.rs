//! Memory from the kernel: every mapping of the library's own is asked for here.
//!
//! The kernel may refuse, for a program may be short of address space (RLIMIT_AS, RLIMIT_DATA), of
//! mappings (vm.max_map_count) or of memory. That must end the checking and not the program: the refusal
//! is noted, the caller goes on without, or with what the reserve has (`reserve.rs`), and the guard and the
//! monitor give up as soon as their thread holds no lock.
//!
//! Surprising: what is given back may be refused too. A mapping that is cut in two is one more.

use crate::runtime::sandbox::{self, Call};
use rustix::mm::{MapFlags, MremapFlags, ProtFlags, mmap_anonymous, mremap, munmap};
use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// The kernel has refused.
static IS_OUT: AtomicBool = AtomicBool::new(false);
/// Requests until the first one that is refused, for tests; 0: none is.
static REFUSED_FROM: AtomicU64 = AtomicU64::new(0);
/// Requests so far, where a test asks for the above.
static REQUESTS: AtomicU64 = AtomicU64::new(0);

/// Whether memory is out: what the checker knows is still right, but it must not go on.
pub fn is_out() -> bool {
    IS_OUT.load(Relaxed)
}

/// The reserve cannot be kept, or the kernel has refused.
pub fn run_out() {
    IS_OUT.store(true, Relaxed);
}

/// `fail_alloc_after=N`, for tests: the N-th request from now on is refused, and all after it.
pub fn refuse_from(request: u64) {
    REFUSED_FROM.store(request, Relaxed);
}

/// Whether this request is refused without the kernel being asked.
fn is_refused() -> bool {
    let from = REFUSED_FROM.load(Relaxed);
    from != 0 && REQUESTS.fetch_add(1, Relaxed) + 1 >= from
}

/// A new mapping, zeroed, readable and writable, at an address of the kernel's choice. `None`: memory is
/// out, from now on; or the program is in a sandbox, and the kernel was not asked.
pub fn map(size: usize, flags: MapFlags) -> Option<*mut c_void> {
    if !sandbox::may(Call::Memory) {
        return None;
    }
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    let new = (!is_refused())
        // SAFETY: new memory; none that is there is changed.
        .then(|| unsafe { mmap_anonymous(ptr::null_mut(), size, protection, flags) }.ok())
        .flatten();
    if new.is_none() {
        run_out();
    }
    new
}

/// Changes the size of a mapping, which may move it. `None`: it is as it was.
///
/// # Safety
/// The mapping is the caller's, of this size, and no other code has its address.
pub unsafe fn remap(
    block: *mut c_void,
    size: usize,
    new_size: usize,
    can_move: bool,
) -> Option<*mut c_void> {
    if !sandbox::may(Call::Memory) || new_size > size && is_refused() {
        return None;
    }
    let flags = if can_move { MremapFlags::MAYMOVE } else { MremapFlags::empty() };
    // SAFETY: as the caller promises.
    unsafe { mremap(block, size, new_size, flags) }.ok()
}

/// Gives a mapping back, or an end of one. False: it is still there.
///
/// # Safety
/// It is the caller's, and not used any more.
pub unsafe fn unmap(block: *mut c_void, size: usize) -> bool {
    // SAFETY: as the caller promises.
    sandbox::may(Call::Memory) && unsafe { munmap(block, size) }.is_ok()
}
