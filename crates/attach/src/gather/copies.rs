//! `--copies`: the readiness of registered pipes, inotify instances, epolls and devices, by poll(2) on a copy
//! (pidfd_getfd(2)) that is held for less than a microsecond.
//!
//! Never a connection's: its peer gets no end as long as a copy is there, and the registration of one that is closed
//! meanwhile is delivered still. Never a wait on a copied epoll, which takes events away.

use crate::look::{Epoll, File, Kind};
use rustc_hash::FxHashSet;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
use std::collections::BTreeMap;

/// Asks all of them that are registered, and returns which were copied.
pub(crate) fn ask(pid: i32, epolls: &[Epoll], files: &mut BTreeMap<i32, File>) -> Vec<i32> {
    let Some(Ok(process)) = Pid::from_raw(pid).map(|pid| pidfd_open(pid, PidfdFlags::empty()))
    else {
        return Vec::new();
    };
    let registered: FxHashSet<i32> =
        epolls.iter().flat_map(Epoll::registered).map(|one| one.fd).collect();
    let mut copied = Vec::new();
    for (&fd, file) in files.iter_mut() {
        if !is_harmless(&file.kind) || !registered.contains(&fd) {
            continue;
        }
        let Ok(copy) = pidfd_getfd(&process, fd, PidfdGetfdFlags::empty()) else { continue };
        let asked = PollFlags::IN | PollFlags::PRI | PollFlags::OUT | PollFlags::RDHUP;
        let mut polled = [PollFd::new(&copy, asked)];
        if poll(&mut polled, Some(&Timespec::default())).is_ok() {
            file.polled = Some(u32::from(polled[0].revents().bits()));
        }
        if matches!(file.kind, Kind::Pipe | Kind::Inotify) {
            file.unread = rustix::io::ioctl_fionread(&copy).ok();
        }
        copied.push(fd);
    }
    copied
}

fn is_harmless(kind: &Kind) -> bool {
    match kind {
        Kind::Pipe | Kind::Inotify | Kind::Epoll => true,
        Kind::Named(name) => name.starts_with("/dev/"),
        _ => false,
    }
}
