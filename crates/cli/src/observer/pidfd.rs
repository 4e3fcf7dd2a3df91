//! What a pidfd is asked beyond what rustix knows (linux/pidfd.h).

use rustix::ioctl::{Opcode, Updater, ioctl, opcode};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::os::fd::{BorrowedFd, OwnedFd};

/// `struct pidfd_info`, in its first size.
#[repr(C)]
#[derive(Default)]
pub struct Info {
    /// What is asked for, and what was answered.
    pub mask: u64,
    cgroup: u64,
    ids: [u32; 11],
    /// As wait(2) has it.
    pub exit_code: i32,
}

/// PIDFD_INFO_EXIT: answered once the process was reaped, since Linux 6.15.
pub const EXIT: u64 = 1 << 3;

/// PIDFD_GET_INFO, with [`EXIT`].
pub fn ask(pidfd: BorrowedFd<'_>) -> rustix::io::Result<Info> {
    let mut info = Info { mask: EXIT, ..Info::default() };
    const PIDFD_GET_INFO: Opcode = opcode::read_write::<Info>(0xff, 11);
    // SAFETY: the kernel writes no more than the size that is part of the number, and any bytes are such a
    // structure.
    unsafe { ioctl(pidfd, Updater::<PIDFD_GET_INFO, Info>::new(&mut info))? };
    Ok(info)
}

/// The pidfd of a process.
pub fn open(pid: i32) -> Option<OwnedFd> {
    pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()
}
