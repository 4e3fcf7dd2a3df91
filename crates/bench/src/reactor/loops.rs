//! The job of `reactor.rs`, and the loops that do it by hand.

use epshim::{CreateFlags, Epoll, EventBuffer, EventData, EventFlags};
use libc::{c_int, epoll_event};
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

/// Deliveries per wait, as in the reactor.
const BATCH: usize = 256;
const MESSAGE: usize = 64;

/// One way to do the job.
pub trait Subject {
    /// One wait, and a turn for every end that is ready. Returns how many.
    fn round(&mut self) -> u64;

    /// Takes at least `at_least` turns. Returns how many.
    fn turns(&mut self, at_least: u64) -> u64 {
        let mut turns = 0;
        while turns < at_least {
            turns += self.round();
        }
        turns
    }
}

/// One end of a pair.
pub struct End {
    pub stream: UnixStream,
    /// The number of the message that comes next.
    next: u64,
}

impl End {
    /// Takes the message and sends it back with the next number.
    pub fn turn(&mut self) {
        let mut message = [0_u8; MESSAGE];
        let fd = self.stream.as_raw_fd();
        // SAFETY: the buffer is writable, and readable, for MESSAGE bytes.
        let (received, sent) = unsafe {
            let received = libc::recv(fd, message.as_mut_ptr().cast(), MESSAGE, 0);
            let number = u64::from_ne_bytes(message[..8].try_into().expect("eight bytes"));
            assert_eq!(number, self.next, "every message comes once and in order");
            message[..8].copy_from_slice(&(number + 1).to_ne_bytes());
            (received, libc::send(fd, message.as_ptr().cast(), MESSAGE, 0))
        };
        assert_eq!((received, sent), (MESSAGE as isize, MESSAGE as isize));
        self.next += 2;
    }
}

impl AsFd for End {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// The ends of the given number of pairs, each with a first message under way.
pub fn ends(pairs: usize) -> io::Result<Vec<End>> {
    let mut ends = Vec::new();
    for _ in 0..pairs {
        let (one, mut other) = UnixStream::pair()?;
        other.write_all(&[0; MESSAGE])?;
        ends.push(End { stream: one, next: 0 });
        ends.push(End { stream: other, next: 1 });
    }
    Ok(ends)
}

/// A loop by hand, with the calls that C has.
pub struct CLoop {
    epfd: OwnedFd,
    ends: Vec<End>,
    events: [epoll_event; BATCH],
}

impl CLoop {
    pub fn new(pairs: usize) -> io::Result<Self> {
        // SAFETY: the kernel makes a descriptor, which no other code knows.
        let epfd = unsafe { OwnedFd::from_raw_fd(libc::epoll_create1(libc::EPOLL_CLOEXEC)) };
        let ends = ends(pairs)?;
        for (i, end) in ends.iter().enumerate() {
            let mut event = epoll_event { events: libc::EPOLLIN as u32, u64: i as u64 };
            let fd = end.stream.as_raw_fd();
            // SAFETY: the event lives through the call.
            let added = unsafe {
                libc::epoll_ctl(epfd.as_raw_fd(), libc::EPOLL_CTL_ADD, fd, &raw mut event)
            };
            assert_eq!(added, 0);
        }
        Ok(Self { epfd, ends, events: [epoll_event { events: 0, u64: 0 }; BATCH] })
    }
}

impl Subject for CLoop {
    fn round(&mut self) -> u64 {
        let array = self.events.as_mut_ptr();
        // SAFETY: the array has room for BATCH events.
        let ready = unsafe { libc::epoll_wait(self.epfd.as_raw_fd(), array, BATCH as c_int, -1) };
        assert!(ready > 0);
        for event in &self.events[..ready as usize] {
            self.ends[{ event.u64 } as usize].turn();
        }
        ready as u64
    }
}

/// A loop by hand in Rust.
pub struct RustLoop {
    epoll: Epoll,
    ends: Vec<End>,
    events: EventBuffer,
}

impl RustLoop {
    pub fn new(pairs: usize) -> io::Result<Self> {
        let epoll = Epoll::create(CreateFlags::CLOEXEC)?;
        let ends = ends(pairs)?;
        for (i, end) in ends.iter().enumerate() {
            epoll.add(end, EventFlags::IN, EventData::from_u64(i as u64))?;
        }
        Ok(Self { epoll, ends, events: EventBuffer::with_capacity(BATCH) })
    }
}

impl Subject for RustLoop {
    fn round(&mut self) -> u64 {
        self.epoll.wait(&mut self.events, None).expect("no signals come");
        for event in &self.events {
            self.ends[event.data().u64() as usize].turn();
        }
        self.events.len() as u64
    }
}
