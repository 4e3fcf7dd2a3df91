//! The ledger, as it is mapped into this process, and what is looked up for an entry of it.
//!
//! Mapped in the constructor, and shared with forked children. No descriptor of it is kept.

use crate::output::frames;
use crate::questions::fd::FdNumber;
use crate::runtime::shared_page::close_now;
use epshim_ledger::{Ledger, Place, SIZE};
use rustix::fd::AsFd as _;
use rustix::fs::{CWD, Mode, OFlags, fstat, openat};
use rustix::mm::{MapFlags, ProtFlags, mmap};
use rustix::net::getpeername;
use std::ffi::c_int;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

static LEDGER: AtomicPtr<Ledger> = AtomicPtr::new(ptr::null_mut());

/// Maps the file. False: there is none of that size.
pub fn map(path: &str) -> bool {
    let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let Ok(file) = openat(CWD, path, flags, Mode::empty()) else { return false };
    let is_whole = fstat(&file).is_ok_and(|stat| stat.st_size as usize == SIZE);
    let (protection, shared) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED);
    // SAFETY: a new mapping at an address of the kernel's choice, which is never unmapped, of a file of this
    // length that the command made, in a folder of its own, and does not shrink.
    let mapped = is_whole
        .then(|| unsafe { mmap(ptr::null_mut(), SIZE, protection, shared, file.as_fd(), 0) }.ok());
    close_now(file);
    let Some(memory) = mapped.flatten() else { return false };
    LEDGER.store(memory.cast(), Relaxed);
    true
}

/// The ledger, if there is one.
pub fn ledger() -> Option<&'static Ledger> {
    // SAFETY: null, or the mapping of `map`, which is never unmapped: atomics, for which any bytes are valid.
    unsafe { LEDGER.load(Relaxed).as_ref() }
}

/// The place of a call.
pub fn place(address: usize) -> Option<Place> {
    let frame = frames::locate(&[address]).into_iter().next()?;
    Some(Place { module: frame.module, offset: frame.offset })
}

/// The other end of a connection, in text; of one that has no address, nothing.
pub fn peer(fd: c_int) -> String {
    let address = FdNumber::new(fd).and_then(|fd| getpeername(fd).ok().flatten());
    address
        .and_then(|address| std::net::SocketAddr::try_from(address).ok())
        .map_or_else(String::new, |address| address.to_string())
}
