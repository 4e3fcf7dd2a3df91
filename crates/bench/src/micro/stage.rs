//! What the callers of `micro.rs` work on: an epoll with registrations that are all ready.

use libc::epoll_event;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A wait that finds everything ready.
    Wait,
    /// A modification that changes nothing.
    Modify,
    /// A registration is added, and deleted.
    AddDelete,
    /// An edge is asked for anew, and a wait finds it.
    ModifyAndWait,
}

/// One way to make the calls. Each asserts what it finds, and fills the event anew for every call, as
/// programs do: a constant one need not be stored again, and the kernel then reads it faster.
pub trait Caller {
    fn wait(&mut self);
    fn modify(&mut self);
    fn add_delete(&mut self);

    /// One operation, the given number of times.
    fn many(&mut self, operation: Operation, count: u32) {
        for _ in 0..count {
            match operation {
                Operation::Wait => self.wait(),
                Operation::Modify => self.modify(),
                Operation::AddDelete => self.add_delete(),
                Operation::ModifyAndWait => {
                    self.modify();
                    self.wait();
                }
            }
        }
    }
}

/// What `unwrap_or_else` is given where an `io::Error` may come, which then moves out of the way as with
/// `?`. `expect` would have the caller drop it while unwinding: a register saved for that costs up to
/// 20 ns behind a system call here.
#[cold]
pub fn failed<T>(error: io::Error) -> T {
    panic!("{error}")
}

/// An epoll with the given number of registrations, all of them ready.
pub struct Stage {
    epfd: OwnedFd,
    /// Registered under their places here.
    pub sources: Vec<UnixStream>,
    /// Ready, and not registered.
    pub spare: UnixStream,
    /// Edge-triggered, or level-triggered.
    pub edge: bool,
    /// What keeps the sources ready.
    _writers: Vec<UnixStream>,
}

impl Stage {
    pub fn new(ready: usize, operation: Operation) -> io::Result<Self> {
        // SAFETY: no pointer is passed.
        let epfd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if epfd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: just made, and has no other owner.
        let epfd = unsafe { OwnedFd::from_raw_fd(epfd) };
        let mut sources = Vec::new();
        let mut writers = Vec::new();
        for _ in 0..=ready {
            let (reader, writer) = UnixStream::pair()?;
            (&writer).write_all(b"x")?;
            sources.push(reader);
            writers.push(writer);
        }
        let spare = sources.pop().expect("one more than ready");
        let edge = operation == Operation::ModifyAndWait;
        let stage = Self { epfd, sources, spare, edge, _writers: writers };
        for (i, source) in stage.sources.iter().enumerate() {
            let mut event = epoll_event { events: stage.interest(), u64: i as u64 };
            let (epfd, fd) = (stage.epfd.as_raw_fd(), source.as_raw_fd());
            // SAFETY: the event lives through the call.
            if unsafe { libc::epoll_ctl(epfd, libc::EPOLL_CTL_ADD, fd, &raw mut event) } < 0 {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(stage)
    }

    /// The same epoll under another descriptor.
    pub fn epoll(&self) -> io::Result<OwnedFd> {
        self.epfd.try_clone()
    }

    /// What the sources are registered with.
    pub fn interest(&self) -> u32 {
        (libc::EPOLLIN | if self.edge { libc::EPOLLET } else { 0 }) as u32
    }
}
