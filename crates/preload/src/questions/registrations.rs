//! The registrations of an epoll, as the kernel lists them in `/proc/PID/fdinfo/EPFD`
//! (proc_pid_fdinfo(5)).

use crate::questions::files::read_file;
use crate::questions::hazard;
use crate::runtime::process;
use epshim_check::ports::{Listed, bits};
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
    Some(String::from_utf8_lossy(&text).lines().filter_map(listed).collect())
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
