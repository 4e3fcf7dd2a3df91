//! The `struct timespec` of the C library that the crate is linked with.

#[cfg(not(all(target_env = "musl", target_pointer_width = "32")))]
pub use libc::timespec as Timespec;

/// The C library's `struct timespec`: since musl 1.2 it has a 64-bit `time_t` on 32-bit targets,
/// which the `libc` crate does not follow yet. `tv_nsec` is a `long` padded to 64 bits; start from
/// all zeroes ([`core::mem::zeroed`]).
#[cfg(all(target_env = "musl", target_pointer_width = "32"))]
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Timespec {
    /// Seconds.
    pub tv_sec: i64,
    #[cfg(target_endian = "big")]
    padding: i32,
    /// Nanoseconds, 0 to 999999999.
    pub tv_nsec: i32,
    #[cfg(target_endian = "little")]
    padding: i32,
}

/// A `Timespec` of seconds and nanoseconds. Seconds that do not fit become the largest that do.
pub(crate) fn timespec(seconds: u64, nanoseconds: u32) -> Timespec {
    // SAFETY: a timespec is made of integers, for which all zeroes is a value.
    let mut time: Timespec = unsafe { core::mem::zeroed() };
    // time_t is signed: all ones shifted right by one is its maximum, in any width.
    let max = (u64::MAX >> 1) >> (64 - 8 * size_of_val(&time.tv_sec));
    time.tv_sec = seconds.min(max) as _;
    time.tv_nsec = nanoseconds as _;
    time
}
