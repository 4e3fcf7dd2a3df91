//! What the kernel says of threads and processes: whether one lives, whether it sleeps, how long it has run,
//! how often this one has slept, and whether the program's last thread has ended.

use crate::questions::files::read_file;
use crate::questions::proc_path::ProcPath;
use crate::runtime::process;
use crate::runtime::sandbox::{self, Call};
use epshim_observe::proc::{self, InCall};
use rustix::fs::{Access, CWD, access, readlinkat_raw, stat};
use rustix::io::Errno;
use std::ffi::{CString, c_int};
use std::fmt::Write;
use std::mem::MaybeUninit;

/// Whether there is such a process, or thread.
///
/// In a sandbox that is not asked, and taken for true.
pub fn is_alive(tid: c_int) -> bool {
    if !sandbox::may(Call::Descriptors) {
        return true;
    }
    access(ProcPath::new("/proc/", tid).as_str(), Access::EXISTS).is_ok()
}

/// Whether a process runs, and is no zombie either: that has no working directory (fs/proc/base.c,
/// proc_cwd_link).
pub fn runs(pid: c_int) -> bool {
    let mut path = ProcPath::new("/proc/", pid);
    let _ = path.write_str("/cwd");
    let mut link = [MaybeUninit::uninit(); 1];
    !matches!(readlinkat_raw(CWD, path.as_str(), &mut link), Err(Errno::NOENT))
}

/// Whether a thread of this process sleeps now (proc_pid_stat(5)).
pub fn is_asleep(tid: c_int) -> bool {
    text(tid, "stat").and_then(|text| proc::stat(&text)).is_some_and(|stat| stat.is_asleep())
}

/// Whether a thread of this process runs, or would if it had a processor, or waits for a lock or a page
/// (proc_pid_syscall(5)). Where that cannot be read: whether it does not sleep.
pub fn is_on_its_way(tid: c_int) -> bool {
    match text(tid, "syscall").and_then(|text| proc::in_call(&text)) {
        Some(InCall::Running | InCall::None) => true,
        Some(InCall::Call(number)) => libc::c_long::try_from(number) == Ok(libc::SYS_futex),
        None => is_alive(tid) && !is_asleep(tid),
    }
}

/// How often this thread has given up the processor by itself: getrusage(2), ru_nvcsw.
///
/// In a sandbox that is not asked: as if it never had.
pub fn sleeps() -> u64 {
    if !sandbox::may(Call::Descriptors) {
        return 0;
    }
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the call fills the structure; all zeros, should it fail, are a valid value too.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr());
        usage.assume_init()
    };
    usage.ru_nvcsw as u64
}

/// How long a thread of this process has run, or wanted to and had no processor, in nanoseconds.
pub fn processor_time(tid: c_int) -> Option<u64> {
    let (ran, waited) = proc::run_times(&text(tid, "schedstat")?)?;
    Some(ran.wrapping_add(waited))
}

/// A text of /proc about a thread of this process.
pub fn text(tid: c_int, name: &str) -> Option<Vec<u8>> {
    let path = CString::new(format!("/proc/{}/task/{tid}/{name}", process::id())).ok()?;
    let mut text = Vec::new();
    read_file(&path, &mut text).then_some(text)
}

/// Whether the program's last thread has ended, and only the library's is left. There are two then:
/// the first thread stays listed until all have ended, and has no working directory any more
/// (fs/proc/base.c, proc_cwd_link: a thread that has ended has none).
pub fn program_has_ended() -> bool {
    // A folder's links are its sub-folders, and two.
    let threads = stat("/proc/self/task").map_or(0, |stat| stat.st_nlink);
    if threads != 4 {
        return false;
    }
    let mut path = ProcPath::new("/proc/self/task/", process::id());
    let _ = path.write_str("/cwd");
    let mut link = [MaybeUninit::uninit(); 1];
    matches!(readlinkat_raw(CWD, path.as_str(), &mut link), Err(Errno::NOENT))
}

/// The exit status of the program's first thread, which has ended and is listed still: without the library's
/// thread it would be the process's.
pub fn status_of_the_first() -> c_int {
    let path = format!("/proc/{0}/task/{0}/stat", process::id());
    let mut text = Vec::new();
    let is_read = CString::new(path).is_ok_and(|path| read_file(&path, &mut text));
    let code = proc::stat(&text).and_then(|stat| stat.code);
    code.filter(|_| is_read).map_or(0, |code| code >> 8 & 0xff)
}
