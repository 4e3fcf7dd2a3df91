//! An event of the program's: `struct epoll_event`, in memory that the program gave to the kernel.

use libc::epoll_event;

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
