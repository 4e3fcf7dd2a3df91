//! The file of a ledger, and its mapping in this process.

use epshim_ledger::{Ledger, SIZE};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::ptr;

/// A ledger that processes share by its file.
pub struct Shared(*mut Ledger);

impl Shared {
    /// A new one, empty.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create_new(true).mode(0o600).open(path)?;
        file.set_len(SIZE as u64)?;
        let (protection, shared) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED);
        // SAFETY: a new mapping at an address of the kernel's choice, of a file of this length, which nobody cuts:
        // the folder is closed to other users.
        let memory = unsafe { mmap(ptr::null_mut(), SIZE, protection, shared, &file, 0) }?;
        Ok(Self(memory.cast()))
    }

    /// What is in it.
    pub fn get(&self) -> &Ledger {
        // SAFETY: the mapping of `create`, which lives as long as this value: atomics, for which any bytes are
        // valid.
        unsafe { &*self.0 }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: the mapping of `create`, to which no reference is left.
        let _ = unsafe { munmap(self.0.cast(), SIZE) };
    }
}
