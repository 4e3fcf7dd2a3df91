//! What the kernel says of one descriptor: whether it is open, on what, whether it may block, what is
//! ready and what is unread.
//!
//! Each question is a system call or a few, which hold the descriptor's file until they return. A hook may
//! ask them of the descriptor that its own call names. All other threads ask under an announcement:
//! see `hazard.rs`.

use crate::questions::fd::FdNumber;
use crate::questions::proc_path::ProcPath;
use crate::runtime::sandbox::{self, Call};
use epshim_observe::AtFailure;
use epshim_observe::Kind;
use epshim_observe::proc::anonymous_kind;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{
    CWD, FileType, OFlags, fcntl_getfl, fstat, major, minor, readlinkat, readlinkat_raw,
};
use rustix::io::{fcntl_getfd, ioctl_fionread};
use std::ffi::{c_int, c_void};
use std::mem::{MaybeUninit, size_of};

/// The number, for a question. `None`: no descriptor has it, or the program is in a sandbox and nothing is
/// asked.
fn asked(fd: c_int) -> Option<FdNumber> {
    sandbox::may(Call::Descriptors).then(|| FdNumber::new(fd)).flatten()
}

/// Whether the number is open.
pub fn is_open(fd: c_int) -> bool {
    asked(fd).is_some_and(|fd| fcntl_getfd(fd).is_ok())
}

/// Whether it is an epoll; `None`: it is not open, or not known.
pub fn is_epoll(fd: c_int) -> Option<bool> {
    if !is_open(fd) {
        return None;
    }
    with_name(fd, is_eventpoll)
}

fn is_eventpoll(name: &[u8]) -> bool {
    anonymous_kind(name) == Kind::Epoll
}

/// What /proc calls the file (proc_pid_fd(5)); as much of it as tells the kinds apart.
fn with_name<R>(fd: c_int, look: impl FnOnce(&[u8]) -> R) -> Option<R> {
    let mut link = [MaybeUninit::uninit(); 32];
    let path = ProcPath::new("/proc/thread-self/fd/", fd);
    let (name, _) = readlinkat_raw(CWD, path.as_str(), &mut link).ok()?;
    Some(look(name))
}

/// The whole name that /proc has for the file: a path, or `pipe:[63431]` and the like.
pub fn with_whole_name<R>(fd: c_int, look: impl FnOnce(&[u8]) -> R) -> Option<R> {
    let path = ProcPath::new("/proc/thread-self/fd/", fd);
    // Not on the stack: a handler may end the program, on a stack of 8 KiB.
    let name = readlinkat(CWD, path.as_str(), Vec::with_capacity(256)).ok()?;
    Some(look(name.as_bytes()))
}

/// How many epolls are open under the lower numbers.
pub fn epolls() -> u64 {
    if !sandbox::may(Call::Descriptors) {
        return 0;
    }
    (0..1024).filter(|&fd| is_epoll(fd) == Some(true)).count() as u64
}

/// The state of both descriptors of a call that failed.
pub fn at_failure(errno: c_int, epfd: c_int, fd: c_int) -> AtFailure {
    // Where there is no /proc, as in a chroot, what is open is not known to be none.
    let is_epoll = || with_name(epfd, is_eventpoll).unwrap_or(true);
    let unread = (errno == libc::EPERM).then(|| unread_of_file(fd)).flatten();
    AtFailure { errno, epfd: is_open(epfd).then(is_epoll), fd_is_open: is_open(fd), unread }
}

/// The bytes to be read of a file that is open for that, and not to be appended to as a log is.
fn unread_of_file(fd: c_int) -> Option<u64> {
    let flags = fcntl_getfl(asked(fd)?).ok()?;
    let is_input = !flags.intersects(OFlags::WRONLY | OFlags::APPEND | OFlags::PATH);
    is_input.then(|| unread(fd)).flatten()
}

/// What the descriptor is open on.
pub fn kind(fd: c_int) -> Kind {
    let Some(number) = asked(fd) else { return Kind::Unknown };
    let Ok(stat) = fstat(number) else { return Kind::Unknown };
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Socket => socket_kind(number),
        FileType::Fifo | FileType::CharacterDevice => Kind::Pipe,
        // The inode that eventfd, timerfd, signalfd, inotify and epoll share has no type.
        FileType::Unknown => with_name(fd, anonymous_kind).unwrap_or(Kind::Counter),
        _ => Kind::Unknown,
    }
}

fn socket_kind(fd: FdNumber) -> Kind {
    use rustix::net::{SocketType, sockopt};
    match sockopt::socket_type(fd) {
        Ok(SocketType::STREAM) if sockopt::socket_acceptconn(fd) == Ok(true) => Kind::Listener,
        Ok(SocketType::STREAM) => Kind::Stream,
        Ok(SocketType::SEQPACKET) if sockopt::socket_acceptconn(fd) == Ok(true) => Kind::Listener,
        Ok(_) => Kind::Datagram,
        Err(_) => Kind::Unknown,
    }
}

/// Whether it is a socket without connections and without an end: SOCK_DGRAM, and no other type.
pub fn is_of_datagrams(fd: c_int) -> bool {
    use rustix::net::{SocketType, sockopt};
    let kind = asked(fd).and_then(|fd| sockopt::socket_type(fd).ok());
    kind == Some(SocketType::DGRAM)
}

/// Whether programs that are executed have it too: it is not close-on-exec.
pub fn is_inheritable(fd: c_int) -> bool {
    use rustix::io::FdFlags;
    let flags = asked(fd).and_then(|fd| fcntl_getfd(fd).ok());
    flags.is_some_and(|flags| !flags.contains(FdFlags::CLOEXEC))
}

/// Whether `O_NONBLOCK` is off.
pub fn may_block(fd: c_int) -> bool {
    let flags = asked(fd).and_then(|fd| fcntl_getfl(fd).ok());
    flags.is_some_and(|flags| !flags.contains(OFlags::NONBLOCK))
}

/// The file: inode and device.
pub fn file(fd: c_int) -> Option<(u64, u64)> {
    let stat = fstat(asked(fd)?).ok()?;
    let (major, minor) = (major(stat.st_dev), minor(stat.st_dev));
    // As fdinfo has the device: the kernel's own form, 12 bits and 20 (include/linux/kdev_t.h).
    Some((stat.st_ino as u64, u64::from(major) << 20 | u64::from(minor)))
}

/// The number of a socket, which no other socket has; they have 32 bits (fs/inode.c, `get_next_ino`).
pub fn inode_of_socket(fd: c_int) -> Option<u64> {
    let stat = fstat(asked(fd)?).ok()?;
    let is_socket = FileType::from_raw_mode(stat.st_mode) == FileType::Socket;
    is_socket.then_some(u64::from(stat.st_ino as u32))
}

/// The bytes to be read.
pub fn unread(fd: c_int) -> Option<u64> {
    ioctl_fionread(asked(fd)?).ok()
}

/// Which of these events are ready now; `None`: it is not open.
pub fn readiness(fd: c_int, events: u32) -> Option<u32> {
    let fd = asked(fd)?;
    // The low bits are poll's own (include/uapi/linux/eventpoll.h).
    let flags = PollFlags::from_bits_truncate(events as u16);
    let mut asked = [PollFd::new(&fd, flags)];
    poll(&mut asked, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).ok()?;
    let ready = u32::from(asked[0].revents().bits());
    (ready & u32::from(PollFlags::NVAL.bits()) == 0).then_some(ready)
}

/// A number that changes whenever bytes pass, in either direction.
pub fn traffic(fd: c_int) -> u64 {
    let [acked, received] = tcp_bytes(fd).unwrap_or_default();
    let unread = unread(fd).unwrap_or(0);
    acked.wrapping_add(received.rotate_left(20)).wrapping_add(unread.rotate_left(40))
}

/// Bytes that TCP has moved in both directions: tcpi_bytes_acked and tcpi_bytes_received of
/// `struct tcp_info` (linux/tcp.h), two words at 120.
fn tcp_bytes(fd: c_int) -> Option<[u64; 2]> {
    let (info, size) = tcp_info(fd)?;
    (size >= 136).then(|| [info[15], info[16]])
}

/// The state of a TCP socket (include/net/tcp_states.h): tcpi_state, the first byte of `struct tcp_info`.
pub fn tcp_state(fd: c_int) -> Option<u8> {
    tcp_info(fd).map(|(info, _)| info[0].to_ne_bytes()[0])
}

/// Whether a TCP connection is over for more than its peer's last word: the program has shut down its own
/// side, or the peer has reset it.
pub fn is_over(fd: c_int) -> bool {
    const ESTABLISHED: u8 = 1;
    const CLOSE_WAIT: u8 = 8;
    tcp_state(fd).is_some_and(|state| state != ESTABLISHED && state != CLOSE_WAIT)
}

/// The words of `struct tcp_info`, and its size in bytes; `None`: it is no TCP socket.
fn tcp_info(fd: c_int) -> Option<([u64; 32], usize)> {
    asked(fd)?;
    let mut info = [0_u64; 32];
    let mut size = size_of::<[u64; 32]>() as libc::socklen_t;
    let to: *mut c_void = info.as_mut_ptr().cast();
    // SAFETY: `to` is `size` bytes, which the call fills at most; any bytes are valid words.
    let got = unsafe { libc::getsockopt(fd, libc::IPPROTO_TCP, libc::TCP_INFO, to, &mut size) };
    (got == 0 && size > 0).then_some((info, size as usize))
}
