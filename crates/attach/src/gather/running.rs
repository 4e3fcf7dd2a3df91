//! Processes that have an epoll and a thread that runs at this moment: those of which one may spin.
//!
//! Surprising: the threads are asked first, and the descriptors of the few that run. A thread that spins is seen to run
//! at any moment, and to look for an epoll among the descriptors of all processes costs much more.

use super::folder::Folder;
use crate::texts::{links, task};
use rustix::io::Errno;

/// Their ids, and how many processes may not be looked at.
pub fn running_with_epolls() -> Result<(Vec<i32>, usize), Errno> {
    let (mut found, mut refused) = (Vec::new(), 0);
    let mut buffer = Vec::new();
    let own = std::process::id() as i32;
    for pid in Folder::all()?.numbers()?.into_iter().filter(|&pid| pid != own) {
        match is_one(pid, &mut buffer) {
            Ok(true) => found.push(pid),
            Err(Errno::ACCESS | Errno::PERM) => refused += 1,
            Ok(false) | Err(_) => {}
        }
    }
    Ok((found, refused))
}

fn is_one(pid: i32, buffer: &mut Vec<u8>) -> Result<bool, Errno> {
    let folder = Folder::of(pid)?;
    // Its numbers are not even listed to those who may not look at it.
    let descriptors = folder.below("fd")?;
    let tasks = folder.below("task")?;
    let mut runs = |tid: i32| {
        let stat = tasks.read_short(format_args!("{tid}/stat"), buffer).ok().and_then(task::stat);
        stat.is_some_and(|stat| stat.state == 'R')
    };
    if !tasks.numbers()?.into_iter().any(&mut runs) {
        return Ok(false);
    }
    let mut space = [0; 4096];
    let mut is_epoll = |fd: i32| descriptors.link(fd, &mut space).is_ok_and(links::is_epoll);
    Ok(descriptors.numbers()?.into_iter().any(&mut is_epoll))
}
