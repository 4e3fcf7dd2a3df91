//! Whether a thread sleeps in a write to a pipe of its own: a pipe whose other end its epoll watches, and which
//! nothing but this thread could read.
//!
//! All of it is so at one look: the thread has not moved between the first answer and the last. Where one answer is
//! not to be had, nothing is said.
//!
//! Surprising: a process of which no descriptors can be read may have the pipe. As a user other than root that is
//! always so of some process.

use super::call::Call;
use epshim_attach::calls;
use epshim_attach::gather::Folder;
use epshim_attach::texts::{fdinfo, task};
use rustix::io::Errno;
use rustix::process::getpid;
use std::os::fd::RawFd;

/// The ends of the pipe, that for writing first. `monitor`: the thread of ours in the process.
pub fn own(
    process: &Folder,
    tid: i32,
    epfd: RawFd,
    call: &Call,
    monitor: i32,
) -> Option<(RawFd, RawFd)> {
    let name = calls::known(call.number)?.name;
    if !matches!(name, "write" | "writev") {
        return None;
    }
    let switches = switches(process, tid)?;
    let write_end = call.arguments[0] as RawFd;
    let pipe = link(process, write_end).filter(|name| name.starts_with(b"pipe:["))?;
    let read_end = read_end(process, epfd, write_end, &pipe)?;
    let is_alone = threads_are(process, tid, monitor) && no_other_process_has(process, &pipe)?;
    let is_there = is_alone && threads_are(process, tid, monitor);
    let has_stayed = self::switches(process, tid)? == switches && is_in(process, tid, call);
    (is_there && has_stayed).then_some((write_end, read_end))
}

/// The descriptor of the other end, if the epoll watches it for input.
fn read_end(process: &Folder, epfd: RawFd, write_end: RawFd, pipe: &[u8]) -> Option<RawFd> {
    const INPUT: u32 = libc::EPOLLIN as u32;
    let mut buffer = Vec::new();
    let text = process.read(&format!("fdinfo/{epfd}"), &mut buffer).ok()?;
    let file = process.stat(format_args!("fd/{write_end}")).ok()?;
    let all = fdinfo::registrations(text);
    let is_it = |fd: RawFd| link(process, fd).as_deref() == Some(pipe);
    let mut ends = all.iter().filter(|one| {
        one.events & INPUT != 0
            && one.file.is_some_and(|id| id.inode == file.st_ino)
            && is_it(one.fd)
            && access(process, one.fd) == Some(libc::O_RDONLY)
    });
    let end = ends.next()?.fd;
    (access(process, write_end) == Some(libc::O_WRONLY)).then_some(end)
}

/// For what a descriptor was opened.
fn access(process: &Folder, fd: RawFd) -> Option<i32> {
    let mut buffer = Vec::new();
    let text = process.read(&format!("fdinfo/{fd}"), &mut buffer).ok()?;
    Some(fdinfo::info(text).flags? as i32 & libc::O_ACCMODE)
}

/// Whether the process has this thread, and no other than ours.
fn threads_are(process: &Folder, tid: i32, monitor: i32) -> bool {
    let threads = process.below("task").and_then(|tasks| tasks.numbers());
    threads
        .is_ok_and(|all| all.contains(&tid) && all.iter().all(|&one| [tid, monitor].contains(&one)))
}

/// `None`: of one process it cannot be known.
fn no_other_process_has(process: &Folder, pipe: &[u8]) -> Option<bool> {
    let this: i32 = process.path().rsplit('/').next()?.parse().ok()?;
    let own = getpid().as_raw_nonzero().get();
    let all = Folder::all().and_then(|all| all.numbers()).ok()?;
    for pid in all.into_iter().filter(|&pid| pid != this && pid != own) {
        let Ok(other) = Folder::of(pid) else { continue };
        let numbers = other.below("fd").and_then(|folder| folder.numbers());
        match numbers {
            Ok(numbers) => {
                if numbers.into_iter().any(|fd| link(&other, fd).as_deref() == Some(pipe)) {
                    return Some(false);
                }
            }
            // It has ended.
            Err(Errno::NOENT | Errno::SRCH) => {}
            Err(_) => return None,
        }
    }
    Some(true)
}

fn link(process: &Folder, fd: RawFd) -> Option<Vec<u8>> {
    let mut space = [0; 4096];
    process.link(format_args!("fd/{fd}"), &mut space).ok().map(<[u8]>::to_vec)
}

fn switches(process: &Folder, tid: i32) -> Option<(u64, u64)> {
    let mut buffer = Vec::new();
    task::switches(process.read(&format!("task/{tid}/status"), &mut buffer).ok()?)
}

fn is_in(process: &Folder, tid: i32, call: &Call) -> bool {
    let mut buffer = Vec::new();
    let text = process.read(&format!("task/{tid}/syscall"), &mut buffer);
    let &Call { number, arguments, sp, pc } = call;
    let this = epshim_attach::look::Call::In { number, arguments, sp, pc };
    text.is_ok_and(|text| task::call(text) == this)
}
