//! The buffer that the connections of a thread share.

use crate::memory;
use std::io;

/// What one read takes at most, and so what one connection can own.
pub const BUFFER_SIZE: usize = 512 * 1024;

/// Whole pages: the kernel copies a stream faster into them than into memory of `malloc`, which large
/// blocks begin 16 bytes behind the begin of one.
#[repr(align(4096))]
pub struct Buffer(pub [u8; BUFFER_SIZE]);

impl Buffer {
    /// Never on the stack, which has no room for it.
    pub fn new() -> io::Result<Box<Self>> {
        // SAFETY: zeroes are bytes.
        Ok(unsafe { memory::zeroed::<Self>()?.assume_init() })
    }
}
