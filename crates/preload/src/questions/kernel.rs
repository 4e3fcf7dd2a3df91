//! The kernel, as the model asks it about suspicions: `epshim_check`'s [`Kernel`].
//!
//! Every question about a descriptor is asked under an announcement. A descriptor that was closed since
//! the announcement began is not asked about: see `hazard.rs`.

use crate::questions::descriptor::{self, file};
use crate::questions::{children, hazard, registrations, signalfd, threads};
use crate::runtime::sandbox::{self, Call};
use epshim_observe::{Kernel, Kind, Listed};
use std::ffi::c_int;

/// This process, and its kernel.
#[derive(Debug)]
pub struct ThisProcess;

/// Numbers among which another descriptor of the same file is sought.
const SOUGHT_AMONG: c_int = 20_000;

/// In a sandbox nothing is asked, and nothing is known.
fn may_ask() -> bool {
    sandbox::may(Call::Descriptors) && sandbox::may(Call::Sleep)
}

/// Asks about one descriptor.
fn ask<R>(fd: c_int, question: impl FnOnce(c_int) -> R) -> Option<R> {
    may_ask().then(|| hazard::ask(fd, question)).flatten()
}

/// Another descriptor of this process, not `except`, that is open on this file.
fn other(sought: (u64, u64), except: c_int) -> Option<c_int> {
    if !may_ask() {
        return None;
    }
    let is_open_on_it = |&fd: &c_int| hazard::ask(fd, file).flatten() == Some(sought);
    (0..SOUGHT_AMONG).filter(|&fd| fd != except).find(is_open_on_it)
}

impl Kernel for ThisProcess {
    fn registrations(&mut self, epfd: c_int) -> Option<Vec<Listed>> {
        may_ask().then(|| registrations::of(epfd)).flatten()
    }

    fn readiness(&mut self, fd: c_int, events: u32) -> Option<u32> {
        ask(fd, |fd| descriptor::readiness(fd, events))?
    }

    fn unread(&mut self, fd: c_int) -> Option<u64> {
        ask(fd, descriptor::unread)?
    }

    fn traffic(&mut self, fd: c_int) -> u64 {
        ask(fd, descriptor::traffic).unwrap_or(0)
    }

    fn file(&mut self, fd: c_int) -> Option<(u64, u64)> {
        ask(fd, file)?
    }

    fn keeper(&mut self, epfd: c_int, ghost: &Listed) -> Option<c_int> {
        // Files that share the epoll's own inode cannot be told apart by it.
        (self.file(epfd) != Some(ghost.file)).then(|| other(ghost.file, ghost.fd)).flatten()
    }

    fn has_both_ends(&mut self, fd: c_int) -> bool {
        // Both ends of a pipe are one inode (pipe(7)).
        ask(fd, descriptor::kind) == Some(Kind::Pipe)
            && self.file(fd).is_some_and(|file| other(file, fd).is_some())
    }

    fn is_alive(&mut self, tid: c_int) -> bool {
        may_ask() && threads::is_alive(tid)
    }

    fn is_on_its_way(&mut self, tid: c_int) -> bool {
        threads::is_on_its_way(tid)
    }

    fn processor_time(&mut self, tid: c_int) -> Option<u64> {
        may_ask().then(|| threads::processor_time(tid)).flatten()
    }

    fn deaf(&mut self, fd: c_int) -> Option<(c_int, u64)> {
        may_ask().then(|| signalfd::deaf(fd)).flatten()
    }

    fn holder(&mut self, inode: u64) -> Option<(c_int, c_int)> {
        may_ask().then(|| children::holder(inode)).flatten()
    }

    fn was_closed(&mut self, fd: c_int) -> bool {
        may_ask() && hazard::ask(fd, |_| ()).is_none()
    }
}
