//! kcmp(2): whether two descriptors are one open file, also in different processes.
//!
//! It needs the right to read both processes, and a kernel with CONFIG_KCMP; container runtimes refuse it without
//! CAP_SYS_PTRACE.

use rustix::io::Errno;
use std::ffi::c_long;

const FILE: c_long = 0;
const EPOLL_TARGET: c_long = 7;

/// `struct kcmp_epoll_slot` (linux/kcmp.h).
#[repr(C)]
struct Slot {
    epfd: u32,
    fd: u32,
    /// Which of those that are registered under this number.
    nth: u32,
}

/// How the first is to the second: 0 the same, 1 before, 2 behind it, in an order of the kernel's.
pub(crate) fn order(first: (i32, i32), second: (i32, i32)) -> Result<c_long, Errno> {
    let number = |fd: i32| c_long::from(fd);
    // SAFETY: five numbers.
    let result = unsafe {
        let (first_pid, second_pid) = (number(first.0), number(second.0));
        let (first_fd, second_fd) = (number(first.1), number(second.1));
        libc::syscall(libc::SYS_kcmp, first_pid, second_pid, FILE, first_fd, second_fd)
    };
    answer(result)
}

/// Whether two descriptors, each a process and a number, are one open file.
pub(crate) fn is_same(first: (i32, i32), second: (i32, i32)) -> Result<bool, Errno> {
    Ok(order(first, second)? == 0)
}

/// Whether a descriptor is the file that is registered: the `nth` under number `fd` of an epoll.
pub(crate) fn is_registered(
    descriptor: (i32, i32),
    epoll: (i32, i32),
    fd: i32,
    nth: u32,
) -> Result<bool, Errno> {
    let slot = Slot { epfd: epoll.1.unsigned_abs(), fd: fd.unsigned_abs(), nth };
    // SAFETY: the last argument is the address of a structure that the kernel reads (fs/kcmp.c,
    // kcmp_epoll_target) and that lives through the call; the others are numbers.
    let result = unsafe {
        libc::syscall(
            libc::SYS_kcmp,
            c_long::from(descriptor.0),
            c_long::from(epoll.0),
            EPOLL_TARGET,
            c_long::from(descriptor.1),
            &raw const slot,
        )
    };
    Ok(answer(result)? == 0)
}

fn answer(result: c_long) -> Result<c_long, Errno> {
    if result < 0 {
        let error = std::io::Error::last_os_error();
        return Err(Errno::from_io_error(&error).unwrap_or(Errno::INVAL));
    }
    Ok(result)
}
