//! A copy of a part of the stack. A read of each word would cost a system call; a walk that needs six
//! callers needs one or two windows.
//!
//! Surprising: the copy is of one moment. A thread that walks its own stack does not change it
//! meanwhile; a walk through a stack that another thread changes sees it as it was.

use crate::process::Process;

/// More than most stacks of a few calls. It is read whole: 4 KiB cost little more than 8 bytes.
const SIZE: usize = 4096;

#[derive(Debug)]
pub(crate) struct Window {
    bytes: Vec<u8>,
    start: u64,
    length: usize,
}

impl Window {
    /// `None`: no memory.
    pub(crate) fn new() -> Option<Self> {
        Some(Self { bytes: zeroed(SIZE)?, start: 0, length: 0 })
    }

    /// What was copied is no longer so.
    pub(crate) fn forget(&mut self) {
        self.length = 0;
    }

    /// The word at an address of the stack.
    pub(crate) fn word(&mut self, process: &mut dyn Process, address: u64) -> Option<u64> {
        if self.kept(address).is_none() {
            self.start = address;
            self.length = 0;
            self.length = process.read(address, &mut self.bytes).min(SIZE);
        }
        self.kept(address)
    }

    fn kept(&self, address: u64) -> Option<u64> {
        let offset = usize::try_from(address.checked_sub(self.start)?).ok()?;
        let bytes = self.bytes.get(..self.length)?.get(offset..offset.checked_add(8)?)?;
        Some(u64::from_le_bytes(bytes.try_into().ok()?))
    }
}

/// A buffer of zeros. `None`: no memory.
pub(crate) fn zeroed(size: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(size).ok()?;
    bytes.resize(size, 0);
    Some(bytes)
}
