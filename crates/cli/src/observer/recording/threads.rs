//! Whether a thread is there.

/// False: it is not. A thread of another user is.
pub fn runs(pid: i32, tid: i32) -> bool {
    // SAFETY: three numbers; signal 0 is sent to no thread (tgkill(2)).
    let sent = unsafe { libc::syscall(libc::SYS_tgkill, pid, tid, 0) };
    sent == 0 || std::io::Error::last_os_error().raw_os_error() != Some(libc::ESRCH)
}
