//! The registrations of an epoll, as the kernel lists them in `/proc/PID/fdinfo/EPFD`
//! (proc_pid_fdinfo(5)).

use crate::questions::files::read_file;
use crate::questions::hazard;
use crate::runtime::process;
use epshim_observe::{Listed, proc};
use std::ffi::{CString, c_int};

/// All registrations of an epoll. `None`: the epoll was closed, or the kernel does not list them.
/// Asked under an announcement.
pub fn of(epfd: c_int) -> Option<Vec<Listed>> {
    // Not "self": a side process reads it. Not the process: its first thread may have ended.
    let path = CString::new(format!("/proc/{}/fdinfo/{epfd}", process::thread_id())).ok()?;
    let mut text = Vec::new();
    if !hazard::ask(epfd, |_| read_file(&path, &mut text))? {
        return None;
    }
    Some(proc::registrations(&text))
}
