//! Paths of `/proc` that end in a number, made without allocation: hooks of frequent calls ask for
//! them.

use std::ffi::c_int;
use std::fmt::Write;

/// A path that ends in a number, or in what is added after it.
pub struct ProcPath {
    text: [u8; 40],
    length: usize,
}

impl ProcPath {
    /// The folder's name ends with a slash.
    pub fn new(folder: &str, number: c_int) -> Self {
        let mut path = Self { text: [0; 40], length: 0 };
        // Both fit: the longest folder has 18 bytes, a number 11, and what may follow 4.
        let _ = write!(path, "{folder}{number}");
        path
    }

    /// The path, so far.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.text[..self.length]).unwrap_or_default()
    }
}

impl Write for ProcPath {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let room =
            self.text.get_mut(self.length..self.length + text.len()).ok_or(std::fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length += text.len();
        Ok(())
    }
}
