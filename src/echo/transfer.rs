//! The three calls that a message takes, epoll_wait(2), recv(2) and send(2) on a socket that does not
//! block, made where they stand: no function lies between, and so no return from one. After a system
//! call such a return is often mispredicted on processors with the mitigation "Safe RET"
//! (`spec_rstack_overflow` in `/sys/devices/system/cpu/vulnerabilities`), and after a sleep nearly
//! always. That is why everything that a turn usually does is `inline(always)`. What it brings:
//! `docs/design.md`, The echo servers. What it costs: no wait here can be cancelled
//! (pthread_cancel(3)), which nobody does.
//!
//! Whoever preloads a library, such as the checker, may want to see the calls: then epshim and libc
//! make them, as they do on other architectures.

use epshim::{Epoll, Event, EventBuffer};
use std::ffi::c_int;
use std::io;
use std::mem::MaybeUninit;
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::time::Duration;

/// How to make the calls.
#[derive(Debug, Clone, Copy)]
pub struct Transfer {
    through_libc: bool,
}

impl Transfer {
    /// As suits this process.
    pub fn of_this_process() -> Self {
        // SAFETY: a C string. Nothing changes the environment of this program, so that what is found
        // stays.
        let list = unsafe { libc::getenv(c"LD_PRELOAD".as_ptr()) };
        // SAFETY: not null, and then a string, which has a first byte.
        Self { through_libc: !list.is_null() && unsafe { *list } != 0 }
    }

    /// Waits until something is ready, or until the timeout has passed, in milliseconds rounded up.
    #[inline(always)]
    pub fn wait(
        self,
        epoll: &Epoll,
        events: &mut EventBuffer,
        timeout: Option<Duration>,
    ) -> io::Result<usize> {
        if !INLINED || self.through_libc {
            return epoll.wait(events, timeout);
        }
        let timeout = timeout.map_or(-1, |timeout| {
            timeout.as_nanos().div_ceil(1_000_000).try_into().unwrap_or(c_int::MAX)
        });
        // Without a signal mask epoll_pwait is epoll_wait, which aarch64 has not.
        let wait = |room: &mut [MaybeUninit<Event>]| {
            let (room, size) = (room.as_mut_ptr().cast(), room.len());
            // SAFETY: the room is ours alone, and writable for as many events as is said.
            result(unsafe {
                inlined::call(libc::SYS_epoll_pwait, epoll.as_raw_fd(), room, size, timeout)
            })
        };
        // SAFETY: the kernel returns how many events it has written (epoll_wait(2)).
        unsafe { events.fill_with(wait) }
    }

    /// Receives into `room`. Tries again where a signal came between.
    #[inline(always)]
    pub fn receive(self, stream: &TcpStream, room: &mut [u8]) -> io::Result<usize> {
        loop {
            // SAFETY: the room is ours alone, and writable for as many bytes as is said.
            let got = unsafe {
                if INLINED && !self.through_libc {
                    let number = libc::SYS_recvfrom;
                    inlined::call(number, stream.as_raw_fd(), room.as_mut_ptr(), room.len(), 0)
                } else {
                    negated(libc::recv(stream.as_raw_fd(), room.as_mut_ptr().cast(), room.len(), 0))
                }
            };
            if got != INTERRUPTED {
                return result(got);
            }
        }
    }

    /// Sends of `bytes` what can be sent now, 0 if nothing. Tries again where a signal came between.
    #[inline(always)]
    pub fn send(self, stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        const FLAGS: c_int = libc::MSG_NOSIGNAL;
        loop {
            // SAFETY: the bytes are readable, as many as is said, and nothing is written to them.
            let sent = unsafe {
                if INLINED && !self.through_libc {
                    let bytes = (bytes.as_ptr().cast_mut(), bytes.len());
                    inlined::call(libc::SYS_sendto, stream.as_raw_fd(), bytes.0, bytes.1, FLAGS)
                } else {
                    let (start, size) = (bytes.as_ptr().cast(), bytes.len());
                    negated(libc::send(stream.as_raw_fd(), start, size, FLAGS))
                }
            };
            match sent {
                INTERRUPTED => {}
                WOULD_BLOCK => return Ok(0),
                sent => return result(sent),
            }
        }
    }
}

const INTERRUPTED: isize = -(libc::EINTR as isize);
const WOULD_BLOCK: isize = -(libc::EAGAIN as isize);

/// What the kernel returns: a size, or an error's number negated.
#[inline(always)]
fn result(returned: isize) -> io::Result<usize> {
    usize::try_from(returned).map_err(|_| io::Error::from_raw_os_error(-returned as i32))
}

/// What libc has returned, as the kernel says it.
fn negated(returned: isize) -> isize {
    let error = || io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO);
    if returned == -1 { -(error() as isize) } else { returned }
}

const INLINED: bool =
    cfg!(all(any(target_arch = "x86_64", target_arch = "aarch64"), target_pointer_width = "64"));

mod inlined {
    #[cfg(all(
        any(target_arch = "x86_64", target_arch = "aarch64"),
        target_pointer_width = "64"
    ))]
    use std::arch::asm;
    use std::ffi::{c_int, c_long};

    /// recvfrom(2) or sendto(2), without an address, or epoll_pwait(2), without a signal mask. See
    /// syscall(2), architecture calling conventions. Not where [`INLINED`](super::INLINED) is false.
    ///
    /// # Safety
    ///
    /// As for the call of that number.
    #[inline(always)]
    #[cfg_attr(
        not(all(
            any(target_arch = "x86_64", target_arch = "aarch64"),
            target_pointer_width = "64"
        )),
        allow(unused_variables)
    )]
    pub unsafe fn call(
        number: c_long,
        fd: c_int,
        data: *mut u8,
        size: usize,
        flags: c_int,
    ) -> isize {
        let result: isize;
        // SAFETY: the kernel changes rax, rcx, r11 and what the caller answers for.
        #[cfg(all(target_arch = "x86_64", target_pointer_width = "64"))]
        unsafe {
            asm!(
                "syscall",
                inlateout("rax") number as isize => result,
                in("rdi") fd as isize,
                in("rsi") data,
                in("rdx") size,
                in("r10") flags as isize,
                in("r8") 0_usize,
                in("r9") 0_usize,
                lateout("rcx") _,
                lateout("r11") _,
                options(nostack),
            );
        }
        // SAFETY: the kernel changes x0 and what the caller answers for.
        #[cfg(all(target_arch = "aarch64", target_pointer_width = "64"))]
        unsafe {
            asm!(
                "svc 0",
                in("x8") number,
                inlateout("x0") fd as isize => result,
                in("x1") data,
                in("x2") size,
                in("x3") flags as isize,
                in("x4") 0_usize,
                in("x5") 0_usize,
                options(nostack),
            );
        }
        #[cfg(not(all(
            any(target_arch = "x86_64", target_arch = "aarch64"),
            target_pointer_width = "64"
        )))]
        {
            result = -(libc::ENOSYS as isize);
        }
        result
    }
}
