//! The memory of the page: a file of the kernel's without a name, mapped here and, through /proc, in every
//! watched process.
//!
//! All of it is there before the program runs, and it can neither grow nor shrink: a process that touches it
//! is never killed for want of it (SIGBUS).

use epshim_page::Page;
use rustix::fs::{
    FallocateFlags, MemfdFlags, SealFlags, fallocate, fcntl_add_seals, ftruncate, memfd_create,
};
use rustix::mm::{MapFlags, ProtFlags, mmap};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::os::fd::{AsFd as _, OwnedFd};
use std::{io, ptr};

/// Makes it. The descriptor is closed by an exec.
pub fn make() -> io::Result<(OwnedFd, &'static Page)> {
    let size = size_of::<Page>();
    let file = memfd_create("epshim", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    with_room_for_files(size as u64, || {
        ftruncate(&file, size as u64)?;
        fallocate(&file, FallocateFlags::empty(), 0, size as u64)
    })?;
    fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping at an address of the kernel's choice, as long as the file, which cannot shrink.
    // It is never unmapped, and any bytes are a page, which is used as atomics only.
    let page = unsafe {
        let at = mmap(ptr::null_mut(), size, protection, MapFlags::SHARED, file.as_fd(), 0)?;
        &*at.cast::<Page>()
    };
    Ok((file, page))
}

/// The limit of file sizes is for files of this kind too, and the signal that comes with it ends a process.
fn with_room_for_files(size: u64, work: impl FnOnce() -> rustix::io::Result<()>) -> io::Result<()> {
    let old = getrlimit(Resource::Fsize);
    let is_enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= size);
    if is_enough(old.current) {
        return Ok(work()?);
    }
    if !is_enough(old.maximum) {
        return Err(io::Error::from_raw_os_error(libc::EFBIG));
    }
    setrlimit(Resource::Fsize, Rlimit { current: old.maximum, maximum: old.maximum })?;
    let done = work();
    setrlimit(Resource::Fsize, old)?;
    Ok(done?)
}
