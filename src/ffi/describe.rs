//! What the library says of itself: the layout it was built with, and its version.

use crate::layout::{Event, EventData};
use crate::sys;
use libc::{c_char, c_int};
use std::ffi::CStr;
use std::mem::{align_of, offset_of, size_of};

/// C's `struct epshim_layout`: where `struct epoll_event` has what, in bytes.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpshimLayout {
    /// `sizeof(struct epoll_event)`.
    pub size: u32,
    /// `_Alignof(struct epoll_event)`.
    pub align: u32,
    /// `offsetof(struct epoll_event, events)`.
    pub events_offset: u32,
    /// `offsetof(struct epoll_event, data)`.
    pub data_offset: u32,
    /// `sizeof(epoll_data_t)`.
    pub data_size: u32,
    /// `_Alignof(epoll_data_t)`.
    pub data_align: u32,
    /// 1 if the structure is packed, 0 if it has the natural layout of its fields.
    pub packed: u32,
}

impl EpshimLayout {
    /// The layout on this target, proved at compile time.
    pub const HOST: Self = Self {
        size: size_of::<Event>() as u32,
        align: align_of::<Event>() as u32,
        events_offset: offset_of!(Event, events) as u32,
        data_offset: offset_of!(Event, data) as u32,
        data_size: size_of::<EventData>() as u32,
        data_align: align_of::<EventData>() as u32,
        packed: (align_of::<Event>() < align_of::<EventData>()) as u32,
    };
}

const VERSION: &CStr = {
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => panic!("a version has no NUL byte"),
    }
};

/// Writes the layout of `struct epoll_event` into `out`. Returns 0, or -1 and `EFAULT` for null.
///
/// # Safety
///
/// `out` is null or writable for one [`EpshimLayout`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epshim_layout(out: *mut EpshimLayout) -> c_int {
    if out.is_null() {
        sys::set_errno(libc::EFAULT);
        return -1;
    }
    // SAFETY: not null, and so writable by the caller's contract.
    unsafe { out.write_unaligned(EpshimLayout::HOST) };
    0
}

/// The version of the library, `MAJOR.MINOR.PATCH`, as a static string.
#[unsafe(no_mangle)]
pub extern "C" fn epshim_version() -> *const c_char {
    VERSION.as_ptr()
}
