//! The processes that this one has started, and whether one of them has a socket open: /proc/PID/task/TID/children
//! and /proc/PID/fd (proc(5)). Where the kernel is built without the first, there are none.

use crate::questions::files::{numbers_in, read_file};
use crate::runtime::process;
use rustix::fs::{CWD, readlinkat};
use std::ffi::{CString, c_int};

/// Of at most this number of processes.
const MOST: usize = 64;

/// A child, or a child of one, that has executed another program and has a socket open as a descriptor above 2;
/// and that descriptor.
pub fn holder(inode: u64) -> Option<(c_int, c_int)> {
    let own = link(&format!("/proc/{}/exe", process::id()))?;
    let sought = format!("socket:[{inode}]").into_bytes();
    let mut processes = children(process::id());
    let mut next = 0;
    while let Some(&child) = processes.get(next) {
        next += 1;
        let room = MOST.saturating_sub(processes.len());
        processes.extend(children(child).into_iter().take(room));
        if link(&format!("/proc/{child}/exe")).is_none_or(|program| program == own) {
            continue;
        }
        let descriptors = CString::new(format!("/proc/{child}/fd")).ok()?;
        let is_it = |fd: &c_int| {
            *fd > 2 && link(&format!("/proc/{child}/fd/{fd}")).as_deref() == Some(&sought[..])
        };
        if let Some(fd) = numbers_in(&descriptors).into_iter().find(is_it) {
            return Some((child, fd));
        }
    }
    None
}

fn link(path: &str) -> Option<Vec<u8>> {
    readlinkat(CWD, path, Vec::with_capacity(64)).ok().map(CString::into_bytes)
}

fn children(pid: c_int) -> Vec<c_int> {
    let Ok(threads) = CString::new(format!("/proc/{pid}/task")) else { return Vec::new() };
    let mut all = Vec::new();
    let mut text = Vec::new();
    for tid in numbers_in(&threads) {
        let path = CString::new(format!("/proc/{pid}/task/{tid}/children"));
        if path.is_ok_and(|path| read_file(&path, &mut text)) {
            let words = text.split(|byte| *byte == b' ');
            let numbers =
                words.filter_map(|word| std::str::from_utf8(word).ok()?.parse::<c_int>().ok());
            all.extend(numbers);
        }
    }
    all
}
