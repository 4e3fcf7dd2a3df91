//! The memory of a process, through `/proc/PID/mem`: the thread is not stopped, and an address that is not there
//! is an error and no fault.
//!
//! It needs the right to attach, as process_vm_readv(2) does; the kernel looks at it once, when the file is opened.

use super::folder::Folder;
use rustix::io::{Errno, pread};
use std::os::fd::OwnedFd;

/// Memory that can be read.
#[derive(Debug)]
pub struct Memory {
    file: OwnedFd,
}

impl Memory {
    /// Opens it.
    pub fn of(process: &Folder) -> Result<Self, Errno> {
        Ok(Self { file: process.file("mem")? })
    }

    /// Copies bytes, and returns how many there are without a gap.
    pub fn read(&self, address: u64, to: &mut [u8]) -> usize {
        let mut done = 0;
        while done < to.len() {
            match pread(&self.file, &mut to[done..], address.wrapping_add(done as u64)) {
                Ok(0) | Err(_) => break,
                Ok(count) => done += count,
            }
        }
        done
    }

    /// Copies all bytes, or none.
    #[must_use]
    pub fn bytes(&self, address: u64, length: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; length];
        (self.read(address, &mut bytes) == length).then_some(bytes)
    }
}
