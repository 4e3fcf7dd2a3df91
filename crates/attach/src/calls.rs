//! System calls in which threads block: their names, and what their arguments say.
//!
//! A call that is not here is shown by its number; a thread that sleeps for longer than a moment is in one of
//! these. The numbers are libc's for the architecture that this is built for.

use crate::look::Call;
use epshim_observe::Listed;
use libc::c_long;

/// What the first argument, or all of them, are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A wait on an epoll, the first argument.
    Wait,
    /// It reads, accepts or receives from the descriptor that is the first argument.
    Reads,
    /// It writes or sends to it, or connects it.
    Writes,
    /// It waits for descriptors of an array of `struct pollfd`.
    Poll,
    /// It waits for descriptors of bit sets.
    Select,
    /// It waits for another thread, or for a lock.
    Futex,
    /// It sleeps until a time.
    Sleep,
    /// It waits for a signal.
    Signal,
    /// It waits for a child.
    Child,
    /// Something of a file's: fsync, flock.
    File,
    /// Through an io_uring.
    Ring,
    /// Anything else.
    Other,
}

/// A call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub shape: Shape,
}

macro_rules! calls {
    ($($shape:ident: $($name:ident)*;)*) => {
        &[$($((libc::$name, stringify!($name), Shape::$shape),)*)*]
    };
}

#[rustfmt::skip]
const CALLS: &[(c_long, &str, Shape)] = calls! {
    Wait: SYS_epoll_pwait SYS_epoll_pwait2;
    Reads: SYS_read SYS_readv SYS_pread64 SYS_preadv SYS_recvfrom SYS_recvmsg SYS_recvmmsg SYS_accept SYS_accept4;
    Writes: SYS_write SYS_writev SYS_pwrite64 SYS_pwritev SYS_sendto SYS_sendmsg SYS_sendmmsg SYS_connect
        SYS_sendfile;
    Poll: SYS_ppoll;
    Select: SYS_pselect6;
    Futex: SYS_futex;
    Sleep: SYS_nanosleep SYS_clock_nanosleep;
    Signal: SYS_rt_sigtimedwait SYS_rt_sigsuspend;
    Child: SYS_wait4 SYS_waitid;
    File: SYS_fsync SYS_fdatasync SYS_flock SYS_fcntl SYS_ioctl SYS_openat SYS_ftruncate SYS_fallocate SYS_close;
    Ring: SYS_io_uring_enter;
    Other: SYS_splice SYS_tee SYS_vmsplice SYS_msgrcv SYS_msgsnd SYS_semop SYS_semtimedop SYS_mq_timedreceive
        SYS_mq_timedsend SYS_io_getevents SYS_restart_syscall SYS_sync SYS_getrandom;
};

#[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
const OLDER: &[(c_long, &str, Shape)] = calls! {
    Wait: SYS_epoll_wait;
    Poll: SYS_poll;
    Select: SYS_select;
    Signal: SYS_pause;
    File: SYS_open;
};
#[cfg(not(any(target_arch = "x86_64", target_arch = "x86")))]
const OLDER: &[(c_long, &str, Shape)] = &[];

/// The call of a number.
#[must_use]
pub fn known(number: i64) -> Option<Known> {
    let mut all = CALLS.iter().chain(OLDER);
    let &(_, name, shape) = all.find(|&&(its, ..)| wide(its) == number)?;
    Some(Known { name: name.trim_start_matches("SYS_"), shape })
}

/// C's long has 32 bits on some machines.
fn wide(number: impl Into<i64>) -> i64 {
    number.into()
}

/// Whether a call is input or output on a descriptor that an epoll has.
#[must_use]
pub fn is_on_registered(number: i64, fd: i32, registrations: &[Listed]) -> bool {
    let is_io =
        known(number).is_some_and(|known| matches!(known.shape, Shape::Reads | Shape::Writes));
    is_io && registrations.iter().any(|one| one.fd == fd)
}

/// The epoll that a call waits on.
#[must_use]
pub fn waited(call: &Call) -> Option<i32> {
    let &Call::In { number, arguments: [first, ..], .. } = call else { return None };
    (known(number)?.shape == Shape::Wait).then_some(first as i32)
}

/// A call as it is written: `read(6)`, `futex(0x7f..., WAIT)`, `epoll_wait(4, timeout 100 ms)`.
#[must_use]
pub fn words(number: i64, arguments: [u64; 6]) -> String {
    let Some(Known { name, shape }) = known(number) else {
        return format!("system call {number}");
    };
    let [first, second, third, fourth, ..] = arguments;
    // The kernel takes the lower half of what is an int.
    let (fd, timeout) = (first as i32, |word: u64| match word as i32 {
        ..0 => "no timeout".to_owned(),
        ms => format!("timeout {ms} ms"),
    });
    match shape {
        Shape::Wait if name == "epoll_pwait2" => format!("{name}({fd})"),
        Shape::Wait => format!("{name}({fd}, {})", timeout(fourth)),
        Shape::Reads | Shape::Writes | Shape::File if name != "openat" && name != "open" => {
            format!("{name}({fd})")
        }
        Shape::Poll if name == "poll" => {
            format!("{name}({second} descriptors, {})", timeout(third))
        }
        Shape::Poll => format!("{name}({second} descriptors)"),
        Shape::Futex => format!("{name}({first:#x}, {})", futex(second)),
        Shape::Child if fd == -1 => format!("{name}(any child)"),
        _ => name.to_owned(),
    }
}

/// The command of futex(2), without its flags.
fn futex(command: u64) -> &'static str {
    match command & 0x7f {
        0 => "WAIT",
        6 => "LOCK_PI",
        9 => "WAIT_BITSET",
        11 => "WAIT_REQUEUE_PI",
        13 => "LOCK_PI2",
        _ => "other",
    }
}
