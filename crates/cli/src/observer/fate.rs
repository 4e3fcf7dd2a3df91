//! How a process has ended, as one that is not its parent can know it: from /proc while it is a zombie, and
//! from its pidfd when it was reaped, since Linux 6.15.
//!
//! Surprising: /proc says 0 where this process may not look (proc_pid_stat(5)), which is no status.

use super::pidfd::{self, EXIT};
use epshim_observe::proc::{self, Stat};
use epshim_report::How;
use rustix::process::geteuid;
use std::ffi::c_int;
use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt as _;

/// When a process started, in the clock ticks of /proc.
pub fn started(pid: i32) -> Option<u64> {
    stat(pid)?.started
}

/// Whether a process runs, and is no zombie.
pub fn runs(pid: i32) -> bool {
    stat(pid).is_some_and(|stat| !stat.is_zombie())
}

/// What /proc says of a process.
pub fn stat(pid: i32) -> Option<Stat> {
    proc::stat(&fs::read(format!("/proc/{pid}/stat")).ok()?)
}

/// How a process has ended: it is dead. `started`: 0 where it is not known.
pub fn of(pid: i32, started: u64, pidfd: Option<&OwnedFd>) -> How {
    // It may be reaped between the two questions: then the first is answered no more, and the second is.
    let code = (0..2).find_map(|_| zombie(pid, started).or_else(|| reaped(pidfd?)));
    code.map_or(How::Unknown, |code| match code & 0x7f {
        0 => How::Status(code >> 8 & 0xff),
        signal => How::Signal(signal),
    })
}

fn zombie(pid: i32, started: u64) -> Option<c_int> {
    let user = geteuid().as_raw();
    let owner = fs::metadata(format!("/proc/{pid}")).ok()?.uid();
    let is_it = |stat: &Stat| stat.is_zombie() && (started == 0 || stat.started == Some(started));
    let stat = stat(pid).filter(is_it)?;
    stat.code.filter(|&code| user == 0 || user == owner || code != 0)
}

fn reaped(pidfd: &OwnedFd) -> Option<c_int> {
    let info = pidfd::ask(pidfd.as_fd()).ok()?;
    (info.mask & EXIT != 0).then_some(info.exit_code)
}
