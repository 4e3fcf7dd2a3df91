//! An event of the program's: `struct epoll_event`, in memory that the program gave to the kernel.

use crate::runtime::process;
use crate::runtime::sandbox::{self, Call};
use libc::{epoll_event, iovec};

/// The interest, the data, and the padding between them on targets that have some.
///
/// # Safety
/// `event` is readable.
pub unsafe fn read(event: *const epoll_event) -> (u32, u64, Option<u32>) {
    // The padding may be uninitialised: it is read as the kernel reads it, byte by byte.
    const HAS_PADDING: bool = size_of::<epoll_event>() == 16;
    // SAFETY: readable, as the caller promises; the fields may be unaligned, and the padding is
    // within the structure.
    unsafe {
        let events = (&raw const (*event).events).read_unaligned();
        let data = (&raw const (*event).u64).read_unaligned();
        let padding = event.cast::<u32>().wrapping_add(1);
        (events, data, HAS_PADDING.then(|| padding.read_volatile()))
    }
}

/// Writes an event where the kernel could have: it copies the bytes. False: it could not.
pub fn put(event: *mut epoll_event, events: u32, data: u64) -> bool {
    if !sandbox::may(Call::CopyMemory) {
        return false;
    }
    let value = epoll_event { events, u64: data };
    let size = size_of::<epoll_event>();
    let from = iovec { iov_base: (&raw const value).cast_mut().cast(), iov_len: size };
    let to = iovec { iov_base: event.cast(), iov_len: size };
    // SAFETY: the kernel reads the value, and writes to memory that is the program's array, or fails.
    let written = unsafe { libc::process_vm_writev(process::id(), &from, 1, &to, 1, 0) };
    written == size as isize
}
