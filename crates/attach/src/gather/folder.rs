//! `/proc/PID`, open: what is read below it is of that process, or of none.

use rustix::fs::{
    AtFlags, CWD, Mode, OFlags, RawDir, SeekFrom, Stat, openat, readlinkat_raw, seek, statat,
};
use rustix::io::{Errno, pread, retry_on_intr};
use std::ffi::CStr;
use std::fmt::Display;
use std::io::{Cursor, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

/// An open folder of /proc.
#[derive(Debug)]
pub struct Folder {
    folder: OwnedFd,
    path: String,
}

/// Reads begin with this much; a list of registrations doubles it.
const FIRST: usize = 16 << 10;

impl Folder {
    /// Opens a process's folder.
    pub fn of(pid: i32) -> Result<Self, Errno> {
        Self::open(CWD, &format!("/proc/{pid}"))
    }

    /// Opens the folder of its descriptors alone.
    pub(crate) fn descriptors(pid: i32) -> Result<Self, Errno> {
        Self::open(CWD, &format!("/proc/{pid}/fd"))
    }

    /// Opens `/proc`.
    pub fn all() -> Result<Self, Errno> {
        Self::open(CWD, "/proc")
    }

    /// Opens a folder below.
    pub fn below(&self, name: &str) -> Result<Self, Errno> {
        let mut below = Self::open(&self.folder, name)?;
        below.path = format!("{}/{name}", self.path);
        Ok(below)
    }

    fn open(at: impl std::os::fd::AsFd, name: &str) -> Result<Self, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = openat(at, name, flags, Mode::empty())?;
        Ok(Self { folder, path: name.to_owned() })
    }

    /// Its path, for what takes no descriptor.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Opens a file.
    pub fn file(&self, name: &str) -> Result<OwnedFd, Errno> {
        openat(&self.folder, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
    }

    /// Reads a whole file into the buffer, which keeps its room.
    pub fn read<'b>(&self, name: &str, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], Errno> {
        whole(&self.file(name)?, buffer)
    }

    /// Reads a file that the kernel writes at once into the buffer: a read that does not fill it has given all.
    pub fn read_short<'b>(
        &self,
        name: impl Display,
        buffer: &'b mut Vec<u8>,
    ) -> Result<&'b [u8], Errno> {
        let mut space = [0; 64];
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let file = openat(&self.folder, c_name(&name, &mut space)?, flags, Mode::empty())?;
        buffer.resize(buffer.len().max(FIRST), 0);
        match retry_on_intr(|| pread(&file, &mut buffer[..], 0))? {
            length if length < buffer.len() => Ok(&buffer[..length]),
            _ => whole(&file, buffer),
        }
    }

    /// Reads a link into the buffer.
    pub fn link<'b>(
        &self,
        name: impl Display,
        buffer: &'b mut [u8; 4096],
    ) -> Result<&'b [u8], Errno> {
        let mut space = [0; 64];
        let name = c_name(&name, &mut space)?;
        let length = readlinkat_raw(&self.folder, name, &mut buffer[..])?;
        Ok(&buffer[..length])
    }

    /// What a link leads to; nothing is opened.
    pub fn stat(&self, name: impl Display) -> Result<Stat, Errno> {
        let mut space = [0; 64];
        statat(&self.folder, c_name(&name, &mut space)?, AtFlags::empty())
    }

    /// The names here that are numbers, ascending.
    pub fn numbers(&self) -> Result<Vec<i32>, Errno> {
        seek(&self.folder, SeekFrom::Start(0))?;
        let mut space = [MaybeUninit::uninit(); 32 << 10];
        let mut entries = RawDir::new(&self.folder, &mut space);
        let mut numbers = Vec::new();
        while let Some(entry) = entries.next() {
            let entry = entry?;
            numbers
                .extend(entry.file_name().to_str().ok().and_then(|name| name.parse::<i32>().ok()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }
}

/// Reads an open file from its beginning. The kernel keeps the room that it needed for a text as long as the file is
/// open: a long list is made once then, and not again and again for twice the room.
pub(crate) fn whole<'b>(file: &OwnedFd, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], Errno> {
    let mut length = 0;
    loop {
        if buffer.len() < length + FIRST {
            buffer.resize((length * 2).max(FIRST), 0);
        }
        match retry_on_intr(|| pread(file, &mut buffer[length..], length as u64))? {
            0 => return Ok(&buffer[..length]),
            count => length += count,
        }
    }
}

/// A name as the kernel takes it, without an allocation.
fn c_name<'s>(name: &impl Display, space: &'s mut [u8; 64]) -> Result<&'s CStr, Errno> {
    let mut cursor = Cursor::new(&mut space[..]);
    write!(cursor, "{name}\0").map_err(|_| Errno::NAMETOOLONG)?;
    let length = usize::try_from(cursor.position()).map_err(|_| Errno::NAMETOOLONG)?;
    CStr::from_bytes_with_nul(&space[..length]).map_err(|_| Errno::INVAL)
}
