//! Whether something in a loop's epoll is ready, and whether the loop's thread is all that could serve it.
//!
//! Surprising: to ask whether an epoll is ready its descriptor is copied, for as long as one poll(2) takes. Of an
//! epoll alone that changes nothing for the program, but for the moment at which its last close frees it.

use crate::observer::pidfd;
use epshim_attach::calls::{self, Shape};
use epshim_page::{Loop, Page};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{PidfdGetfdFlags, pidfd_getfd};
use std::fs;
use std::sync::atomic::Ordering::Relaxed;

/// Whether the call is a wait on an epoll.
pub fn is_wait(number: i64) -> bool {
    calls::known(number).is_some_and(|known| known.shape == Shape::Wait)
}

/// What the turns of the other threads of the process that have waited on the epoll last come to. `None`: one of
/// them waits on it now.
pub fn others(page: &Page, one: &Loop) -> Option<u32> {
    let (pid, epfd) = (one.pid.load(Relaxed), one.epfd.load(Relaxed));
    let mut sum = 0_u32;
    for other in page.loops.iter().filter(|other| other.tid.load(Relaxed) != 0) {
        let turn = other.turns.load(Relaxed);
        if (other.pid.load(Relaxed), other.epfd.load(Relaxed)) == (pid, epfd) {
            if turn & 1 == 0 {
                return None;
            }
            sum = sum.wrapping_add(turn);
        }
    }
    Some(sum)
}

/// Whether something in the epoll is ready.
pub fn is_ready(one: &Loop) -> bool {
    let (pid, epfd) = (one.pid.load(Relaxed), one.epfd.load(Relaxed));
    let name = fs::read_link(format!("/proc/{pid}/fd/{epfd}"));
    if !name.is_ok_and(|name| name.as_os_str() == "anon_inode:[eventpoll]") {
        return false;
    }
    let Some(process) = pidfd::open(pid) else { return false };
    let Ok(epoll) = pidfd_getfd(&process, epfd, PidfdGetfdFlags::empty()) else { return false };
    let mut asked = [PollFd::new(&epoll, PollFlags::IN)];
    let outcome = poll(&mut asked, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
    outcome.is_ok() && asked[0].revents().contains(PollFlags::IN)
}
