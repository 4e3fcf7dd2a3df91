//! What the kernel is asked, by raw system calls: libc's functions of these names would be our own
//! hooks.

use crate::files::read_file;
use crate::{looking, process};
use epshim_check::ports::{Kernel, Kind, Listed, bits};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fd::BorrowedFd;
use rustix::fs::{FileType, OFlags};
use std::ffi::{CString, c_int, c_void};
use std::fmt::Write;
use std::mem::{MaybeUninit, size_of};

/// Asks this process's kernel.
#[derive(Debug)]
pub struct Asking;

/// Descriptors looked at when another one of the same file is sought.
const LOOKED_AT: c_int = 20_000;

/// A number as rustix wants it, for the length of a call.
fn borrowed(fd: c_int) -> Option<BorrowedFd<'static>> {
    // SAFETY: not -1. It is only used for one system call, which says EBADF if it is not open.
    (fd >= 0).then(|| unsafe { BorrowedFd::borrow_raw(fd) })
}

/// Whether the number is open.
pub fn is_open(fd: c_int) -> bool {
    borrowed(fd).is_some_and(|fd| rustix::io::fcntl_getfd(fd).is_ok())
}

/// Whether it is an epoll; `None`: it is not open.
pub fn is_epoll(fd: c_int) -> Option<bool> {
    if !is_open(fd) {
        return None;
    }
    let mut link = [MaybeUninit::uninit(); 32];
    let path = Path::new("/proc/self/fd/", fd);
    let (target, _) = rustix::fs::readlinkat_raw(rustix::fs::CWD, path.as_str(), &mut link).ok()?;
    Some(target == b"anon_inode:[eventpoll]")
}

/// Whether the program's last thread is gone, and only the library's is left: there are two, and the
/// first, which stays listed until all have ended, has no working directory any more (fs/proc/base.c,
/// proc_cwd_link: a thread that has ended has none).
pub fn program_has_ended() -> bool {
    // A folder's links are its sub-folders, and two.
    let threads = rustix::fs::stat("/proc/self/task").map_or(0, |stat| stat.st_nlink);
    if threads != 4 {
        return false;
    }
    let mut path = Path::new("/proc/self/task/", crate::process::id());
    let _ = path.write_str("/cwd");
    let mut link = [MaybeUninit::uninit(); 1];
    let link = rustix::fs::readlinkat_raw(rustix::fs::CWD, path.as_str(), &mut link);
    matches!(link, Err(rustix::io::Errno::NOENT))
}

/// What it is open on.
pub fn kind(fd: c_int) -> Kind {
    let Some(borrowed) = borrowed(fd) else { return Kind::Unknown };
    let Ok(stat) = rustix::fs::fstat(borrowed) else { return Kind::Unknown };
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Socket => socket_kind(borrowed),
        FileType::Fifo | FileType::CharacterDevice => Kind::Pipe,
        // The inode that eventfd, timerfd, signalfd, inotify and epoll share has no type.
        FileType::Unknown if is_epoll(fd) == Some(true) => Kind::Epoll,
        FileType::Unknown => Kind::Counter,
        _ => Kind::Unknown,
    }
}

fn socket_kind(fd: BorrowedFd<'_>) -> Kind {
    use rustix::net::{SocketType, sockopt};
    match sockopt::socket_type(fd) {
        Ok(SocketType::STREAM) if sockopt::socket_acceptconn(fd) == Ok(true) => Kind::Listener,
        Ok(SocketType::STREAM) => Kind::Stream,
        Ok(SocketType::SEQPACKET) if sockopt::socket_acceptconn(fd) == Ok(true) => Kind::Listener,
        Ok(_) => Kind::Datagram,
        Err(_) => Kind::Unknown,
    }
}

/// Whether `O_NONBLOCK` is off.
pub fn may_block(fd: c_int) -> bool {
    let flags = borrowed(fd).and_then(|fd| rustix::fs::fcntl_getfl(fd).ok());
    flags.is_some_and(|flags| !flags.contains(OFlags::NONBLOCK))
}

/// How often this thread has given up the processor by itself: getrusage(2), ru_nvcsw.
pub fn sleeps() -> u64 {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: it is filled; all zeros, should the call fail, are valid too.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr());
        usage.assume_init()
    };
    usage.ru_nvcsw as u64
}

/// Whether a thread of this process sleeps now (proc_pid_stat(5)).
pub fn is_asleep(tid: c_int) -> bool {
    let path = format!("/proc/{}/task/{tid}/stat", process::id());
    let mut text = Vec::new();
    let is_read = CString::new(path).is_ok_and(|path| read_file(&path, &mut text));
    // The name before it is in brackets, and may have brackets in it.
    let state = text.iter().rposition(|&byte| byte == b')').and_then(|end| text.get(end + 2));
    is_read && matches!(state, Some(b'S' | b'D'))
}

/// How many epolls are open under the lower numbers.
pub fn epolls() -> u64 {
    (0..1024).filter(|&fd| is_epoll(fd) == Some(true)).count() as u64
}

/// The bytes to be read.
pub fn unread(fd: c_int) -> Option<u64> {
    rustix::io::ioctl_fionread(borrowed(fd)?).ok()
}

fn file(fd: c_int) -> Option<(u64, u64)> {
    let stat = rustix::fs::fstat(borrowed(fd)?).ok()?;
    let (major, minor) = (rustix::fs::major(stat.st_dev), rustix::fs::minor(stat.st_dev));
    // As fdinfo has the device: the kernel's own form, 12 bits and 20 (include/linux/kdev_t.h).
    Some((stat.st_ino as u64, u64::from(major) << 20 | u64::from(minor)))
}

/// Bytes that TCP has moved in both directions: tcpi_bytes_acked and tcpi_bytes_received of
/// `struct tcp_info` (linux/tcp.h), two words at 120.
fn tcp_bytes(fd: c_int) -> Option<[u64; 2]> {
    let mut info = [0_u64; 32];
    let mut size = size_of::<[u64; 32]>() as libc::socklen_t;
    let to: *mut c_void = info.as_mut_ptr().cast();
    // SAFETY: `to` is `size` bytes, which the call fills at most; any bytes are valid words.
    let got = unsafe { libc::getsockopt(fd, libc::IPPROTO_TCP, libc::TCP_INFO, to, &mut size) };
    (got == 0 && size >= 136).then(|| [info[15], info[16]])
}

/// Descriptors of this process that are open on the same file, but not `except`. Within a look.
fn others(file_sought: (u64, u64), except: c_int) -> Option<c_int> {
    let is_open_on_it = |&fd: &c_int| looking::at(fd, file).flatten() == Some(file_sought);
    (0..LOOKED_AT).filter(|&fd| fd != except).find(is_open_on_it)
}

/// What is asked of descriptors is asked within a look: see looking.rs.
impl Kernel for Asking {
    fn registrations(&mut self, epfd: c_int) -> Option<Vec<Listed>> {
        // Not "self": it is read by another process.
        let path = CString::new(format!("/proc/{}/fdinfo/{epfd}", process::id())).ok()?;
        let mut text = Vec::new();
        if !looking::at(epfd, |_| read_file(&path, &mut text))? {
            return None;
        }
        Some(String::from_utf8_lossy(&text).lines().filter_map(listed).collect())
    }

    fn readiness(&mut self, fd: c_int, events: u32) -> Option<u32> {
        looking::at(fd, |fd| readiness(fd, events))?
    }

    fn unread(&mut self, fd: c_int) -> Option<u64> {
        looking::at(fd, unread)?
    }

    fn traffic(&mut self, fd: c_int) -> u64 {
        looking::at(fd, traffic).unwrap_or(0)
    }

    fn file(&mut self, fd: c_int) -> Option<(u64, u64)> {
        looking::at(fd, file)?
    }

    fn keeper(&mut self, epfd: c_int, ghost: &Listed) -> Option<c_int> {
        // Those that share the epoll's own inode cannot be told apart by it.
        (self.file(epfd) != Some(ghost.file)).then(|| others(ghost.file, ghost.fd)).flatten()
    }

    fn has_both_ends(&mut self, fd: c_int) -> bool {
        // Both ends of a pipe are one inode (pipe(7)).
        looking::at(fd, kind) == Some(Kind::Pipe)
            && self.file(fd).is_some_and(|file| others(file, fd).is_some())
    }

    fn is_alive(&mut self, tid: c_int) -> bool {
        is_alive(tid)
    }

    fn was_closed(&mut self, fd: c_int) -> bool {
        looking::at(fd, |_| ()).is_none()
    }
}

/// Whether there is such a process, or thread.
pub fn is_alive(tid: c_int) -> bool {
    let path = Path::new("/proc/", tid);
    rustix::fs::access(path.as_str(), rustix::fs::Access::EXISTS).is_ok()
}

fn readiness(fd: c_int, events: u32) -> Option<u32> {
    let borrowed = borrowed(fd)?;
    // The low bits are poll's own (include/uapi/linux/eventpoll.h).
    let flags = PollFlags::from_bits_truncate(events as u16);
    let mut asked = [PollFd::from_borrowed_fd(borrowed, flags)];
    rustix::event::poll(&mut asked, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).ok()?;
    let ready = u32::from(asked[0].revents().bits());
    (ready & u32::from(PollFlags::NVAL.bits()) == 0).then_some(ready)
}

fn traffic(fd: c_int) -> u64 {
    let [acked, received] = tcp_bytes(fd).unwrap_or_default();
    let unread = unread(fd).unwrap_or(0);
    acked.wrapping_add(received.rotate_left(20)).wrapping_add(unread.rotate_left(40))
}

/// A line of fdinfo: `tfd: 5 events: 19 data: 5  pos:0 ino:3f sdev:10`, all but the first in hex.
fn listed(line: &str) -> Option<Listed> {
    let spaced = line.replace(':', " ");
    let mut words = spaced.split_whitespace();
    let mut after = |name: &str| {
        words.by_ref().find(|&word| word == name)?;
        words.next()
    };
    let fd = after("tfd")?.parse().ok()?;
    let events = u32::from_str_radix(after("events")?, 16).ok()?;
    let data = u64::from_str_radix(after("data")?, 16).ok()?;
    let inode = u64::from_str_radix(after("ino")?, 16).ok()?;
    let device = u64::from_str_radix(after("sdev")?, 16).ok()?;
    // The kernel adds these to every interest (fs/eventpoll.c, do_epoll_ctl).
    let events =
        if events & !bits::PRIVATE == 0 { events } else { events & !(bits::ERR | bits::HUP) };
    Some(Listed { fd, events, data, file: (inode, device) })
}

/// A path that ends in a number, without allocation.
struct Path {
    text: [u8; 40],
    length: usize,
}

impl Path {
    fn new(folder: &str, number: c_int) -> Self {
        let mut path = Self { text: [0; 40], length: 0 };
        // Both fit: the longest folder has 18 bytes, a number 11, and what may follow 4.
        let _ = write!(path, "{folder}{number}");
        path
    }

    fn as_str(&self) -> &str {
        str::from_utf8(&self.text[..self.length]).unwrap_or_default()
    }
}

impl Write for Path {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let room =
            self.text.get_mut(self.length..self.length + text.len()).ok_or(std::fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length += text.len();
        Ok(())
    }
}
