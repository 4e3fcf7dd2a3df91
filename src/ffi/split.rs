//! The layout-free functions: no caller of these ever declares `struct epoll_event`.
//!
//! They are for Python, Node, Java and every other language whose FFI has integers and arrays but
//! no good way to say "packed on x86-64, and only there".

use crate::EventFlags;
use crate::layout::{EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, Event, EventData};
use crate::sys::{self, Timespec};
use core::mem::MaybeUninit;
use core::ptr;
use libc::c_int;

/// The most deliveries one [`epshim_wait_split`] returns: they pass through its stack frame.
const BATCH: usize = 256;

/// Registers `fd` with the interest `events` and the user data `data`.
#[unsafe(no_mangle)]
pub extern "C" fn epshim_add(epfd: c_int, fd: c_int, events: u32, data: u64) -> c_int {
    ctl(epfd, EPOLL_CTL_ADD, fd, events, data)
}

/// Replaces the interest in `fd` and its user data.
#[unsafe(no_mangle)]
pub extern "C" fn epshim_modify(epfd: c_int, fd: c_int, events: u32, data: u64) -> c_int {
    ctl(epfd, EPOLL_CTL_MOD, fd, events, data)
}

/// Ends the registration of `fd`.
#[unsafe(no_mangle)]
pub extern "C" fn epshim_delete(epfd: c_int, fd: c_int) -> c_int {
    // SAFETY: the kernel reads no event for EPOLL_CTL_DEL.
    unsafe { sys::epoll_ctl(epfd, EPOLL_CTL_DEL, fd, ptr::null_mut()) }
}

fn ctl(epfd: c_int, op: c_int, fd: c_int, events: u32, data: u64) -> c_int {
    let flags = EventFlags::from_bits_retain(events);
    let mut event = Event::new(flags, EventData::from_u64(data));
    // SAFETY: the event lives through the call.
    unsafe { sys::epoll_ctl(epfd, op, fd, &raw mut event) }
}

/// Waits, and writes the deliveries into two plain arrays of `maxevents` elements each. Returns
/// how many, at most 256 a call; the rest stays ready for the next call.
///
/// `timeout_ns` is in nanoseconds; negative waits without limit. `EFAULT` if an array is null,
/// `EINVAL` if `maxevents` is not positive; the arrays are then not touched, nor on any other
/// failure.
///
/// # Safety
///
/// Both arrays must be writable for `maxevents` elements. They need not be aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epshim_wait_split(
    epfd: c_int,
    events: *mut u32,
    data: *mut u64,
    maxevents: c_int,
    timeout_ns: i64,
) -> c_int {
    // The kernel, too, looks at maxevents before it looks at anything else.
    let error = if maxevents <= 0 { libc::EINVAL } else { libc::EFAULT };
    if maxevents <= 0 || events.is_null() || data.is_null() {
        sys::set_errno(error);
        return -1;
    }
    let mut batch = [MaybeUninit::<Event>::uninit(); BATCH];
    let timeout = timeout(timeout_ns);
    let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
    let room = maxevents.min(BATCH as c_int);
    // SAFETY: the batch is ours and has room for as many events.
    let ready =
        unsafe { sys::epoll_pwait2(epfd, batch.as_mut_ptr().cast(), room, timeout, ptr::null()) };
    for (i, event) in batch.iter().take(ready.max(0) as usize).enumerate() {
        // SAFETY: the kernel wrote the first `ready` events, and ready <= room <= maxevents, for
        // which the caller made both arrays writable.
        unsafe {
            let event = event.assume_init();
            events.add(i).write_unaligned(event.events);
            data.add(i).write_unaligned(event.data.u64());
        }
    }
    ready
}

/// Nanoseconds as a timespec; none for a negative number.
fn timeout(nanoseconds: i64) -> Option<Timespec> {
    const SECOND: u64 = 1_000_000_000;
    let nanoseconds = u64::try_from(nanoseconds).ok()?;
    Some(sys::timespec(nanoseconds / SECOND, (nanoseconds % SECOND) as u32))
}
