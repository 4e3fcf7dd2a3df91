//! The memory of the page: a file of the kernel's without a name, mapped here and, through /proc, in every
//! watched process.
//!
//! All of it is there before the program runs, and it can neither grow nor shrink: a process that touches it
//! is never killed for want of it (SIGBUS).

use epshim_page::Page;
use epshim_ring::{FEW_RINGS, Header, RINGS, Ring};
use rustix::fs::{
    FallocateFlags, MemfdFlags, SealFlags, fallocate, fcntl_add_seals, ftruncate, memfd_create,
};
use rustix::mm::{MapFlags, ProtFlags, mmap};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::os::fd::{AsFd as _, OwnedFd};
use std::{io, ptr, slice};

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

/// The rings of a recording.
#[derive(Debug, Clone, Copy)]
pub struct Rings {
    pub header: &'static Header,
    pub rings: &'static [Ring],
}

/// Makes them, likewise: they take memory when they are used. Where files cannot be long there are few.
pub fn make_rings() -> io::Result<(OwnedFd, Rings)> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let file = memfd_create("epshim-rings", flags)?;
    let of_size = |rings: usize| {
        let size = epshim_ring::size(rings) as u64;
        with_room_for_files(size, || ftruncate(&file, size)).map(|()| rings)
    };
    let count = of_size(RINGS).or_else(|_| of_size(FEW_RINGS))?;
    fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
    let (size, protection) = (epshim_ring::size(count), ProtFlags::READ | ProtFlags::WRITE);
    let flags = MapFlags::SHARED | MapFlags::NORESERVE;
    // SAFETY: as above: a header and this number of rings behind it, all of them atomics.
    let rings = unsafe {
        let at = mmap(ptr::null_mut(), size, protection, flags, file.as_fd(), 0)?;
        let header = at.cast::<Header>();
        Rings { header: &*header, rings: slice::from_raw_parts(header.add(1).cast(), count) }
    };
    rings.header.begin();
    Ok((file, rings))
}

/// For the observer alone, whose recording is no file of the program's: as long as this user may make files.
pub fn allow_long_files() {
    let maximum = getrlimit(Resource::Fsize).maximum;
    let _ = setrlimit(Resource::Fsize, Rlimit { current: maximum, maximum });
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
