//! The devices that sockets and pipes are on: one for all sockets and one for all pipes of the machine, whatever
//! namespace they are of. This process's own have them too.

use crate::look::FileId;
use rustix::fs::{FileType, Stat, fstat};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use rustix::pipe::{PipeFlags, pipe_with};
use std::sync::OnceLock;

/// Their numbers, as the kernel has them inside. `None`: this process may not have one itself.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Devices {
    sockets: Option<u64>,
    pipes: Option<u64>,
}

impl Devices {
    pub(crate) fn get() -> Self {
        static DEVICES: OnceLock<Devices> = OnceLock::new();
        *DEVICES.get_or_init(Self::ask)
    }

    fn ask() -> Self {
        let (family, kind) = (AddressFamily::UNIX, SocketType::STREAM);
        let socket = socket_with(family, kind, SocketFlags::CLOEXEC, None);
        let pipe = pipe_with(PipeFlags::CLOEXEC).map(|(end, _)| end);
        let device = |file: rustix::fd::OwnedFd| fstat(file).map(|stat| id(&stat).device);
        Self { sockets: socket.and_then(device).ok(), pipes: pipe.and_then(device).ok() }
    }

    /// What a file is that is on one of them: no two of them have one inode.
    pub(crate) fn kind(self, id: FileId) -> Option<FileType> {
        match Some(id.device) {
            device if device == self.sockets => Some(FileType::Socket),
            device if device == self.pipes => Some(FileType::Fifo),
            _ => None,
        }
    }
}

/// As fdinfo counts: the kernel's own encoding of the device.
pub(crate) fn id(stat: &Stat) -> FileId {
    let (major, minor) = (rustix::fs::major(stat.st_dev), rustix::fs::minor(stat.st_dev));
    FileId { inode: stat.st_ino, device: u64::from(major) << 20 | u64::from(minor) }
}
