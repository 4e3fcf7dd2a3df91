//! The documents' table: one wait of select, poll and epoll that finds 100 active descriptors among
//! more and more. A wait is what a program does for it: the call, with what has to be put in before
//! and what has to be searched after.
//!
//! The descriptors are UDP sockets, one each; in the active ones a datagram lies.

use crate::alternate::{alternate, progress, ratio};
use crate::statistics::Median;
use epshim::{CreateFlags, Epoll, EventBuffer, EventData, EventFlags};
use serde::Serialize;
use std::error::Error;
use std::io;
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, FromRawFd};
use std::ptr;
use std::time::{Duration, Instant};

/// Descriptors that are ready.
pub const ACTIVE: usize = 100;
pub const SIZES: [usize; 4] = [100, 1_000, 10_000, 18_000];
/// Bits in a word of an fd_set.
const BITS: usize = usize::BITS as usize;

/// One wait, in microseconds, among the given number of descriptors.
#[derive(Debug, Serialize)]
pub struct Line {
    pub descriptors: usize,
    pub select: Median,
    pub poll: Median,
    pub epoll: Median,
    /// To epoll, in the same round.
    pub select_ratio: Median,
    pub poll_ratio: Median,
    /// epoll measured twice: must read 1.00.
    pub epoll_ratio: Median,
}

/// Measures every size that the descriptor limit allows.
pub fn run(rounds: u32, limit: usize) -> Result<Vec<Line>, Box<dyn Error>> {
    SIZES.iter().filter(|&&size| size + 100 < limit).map(|&size| line(size, rounds)).collect()
}

fn line(size: usize, rounds: u32) -> Result<Line, Box<dyn Error>> {
    let mut crowd = Crowd::gather(size)?;
    let bar = progress(rounds.into(), &format!("{ACTIVE} active among {size}"));
    let times = alternate(rounds, 4, &bar, |which| {
        // Once unmeasured: what the one before has pushed out of the caches comes back.
        crowd.wait(which);
        let start = Instant::now();
        crowd.wait(which);
        start.elapsed().as_nanos() as f64 / 1000.0
    });
    bar.finish_and_clear();
    let median = |which: usize| Median::of(times[which].clone());
    Ok(Line {
        descriptors: size,
        select: median(0),
        poll: median(1),
        epoll: median(2),
        select_ratio: ratio(&times[0], &times[2]),
        poll_ratio: ratio(&times[1], &times[2]),
        epoll_ratio: ratio(&times[3], &times[2]),
    })
}

/// The descriptors, and what each way of waiting needs.
struct Crowd {
    sockets: Vec<UdpSocket>,
    /// An fd_set of our own size: the kernel takes any (select(2), BUGS), FD_SETSIZE is libc's.
    interest: Vec<usize>,
    found: Vec<usize>,
    highest: i32,
    polled: Vec<libc::pollfd>,
    epoll: Epoll,
    events: EventBuffer,
    /// Datagrams come from here.
    _sender: UdpSocket,
}

impl Crowd {
    fn gather(size: usize) -> io::Result<Self> {
        let sender = UdpSocket::bind("127.0.0.1:0")?;
        let mut sockets = Vec::new();
        for i in 0..size {
            // Spread evenly: `ACTIVE` of them have a datagram.
            if i % (size / ACTIVE) == 0 {
                let active = UdpSocket::bind("127.0.0.1:0")?;
                sender.send_to(b"x", active.local_addr()?)?;
                sockets.push(active);
            } else {
                sockets.push(unbound()?);
            }
        }
        let fds = || sockets.iter().map(AsRawFd::as_raw_fd);
        let highest = fds().max().expect("not empty");
        let mut interest = vec![0; highest as usize / BITS + 1];
        fds().for_each(|fd| interest[fd as usize / BITS] |= 1 << (fd as usize % BITS));
        let polled = fds().map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
        let polled = polled.collect();
        let epoll = Epoll::create(CreateFlags::CLOEXEC)?;
        for (i, socket) in sockets.iter().enumerate() {
            epoll.add(socket, EventFlags::IN, EventData::from_u64(i as u64))?;
        }
        let (found, events) = (interest.clone(), EventBuffer::with_capacity(2 * ACTIVE));
        Ok(Self { sockets, interest, found, highest, polled, epoll, events, _sender: sender })
    }

    /// One wait, which must find the active ones and no others.
    fn wait(&mut self, which: usize) {
        let sum = match which {
            0 => self.select(),
            1 => self.poll(),
            _ => self.epoll(),
        };
        assert_eq!(sum, self.expected(which), "the active descriptors and no other");
    }

    /// The sum of the descriptors found, or of their places: what a program would go on with.
    fn select(&mut self) -> usize {
        self.found.copy_from_slice(&self.interest);
        let set = self.found.as_mut_ptr().cast::<libc::fd_set>();
        let mut zero = libc::timeval { tv_sec: 0, tv_usec: 0 };
        // SAFETY: the kernel reads and writes the bits of the first `highest + 1` descriptors,
        // rounded up to words (core_sys_select in fs/select.c), which the vector has.
        let ready = unsafe {
            libc::select(self.highest + 1, set, ptr::null_mut(), ptr::null_mut(), &raw mut zero)
        };
        assert_eq!(ready, ACTIVE as i32);
        let mut sum = 0;
        for (i, &word) in self.found.iter().enumerate() {
            let mut left = word;
            while left != 0 {
                sum += i * BITS + left.trailing_zeros() as usize;
                left &= left - 1;
            }
        }
        sum
    }

    fn poll(&mut self) -> usize {
        let count = self.polled.len() as libc::nfds_t;
        // SAFETY: the array has that number of entries.
        let ready = unsafe { libc::poll(self.polled.as_mut_ptr(), count, 0) };
        assert_eq!(ready, ACTIVE as i32);
        let active = self.polled.iter().filter(|polled| polled.revents != 0);
        active.map(|polled| polled.fd as usize).sum()
    }

    fn epoll(&mut self) -> usize {
        self.epoll.wait(&mut self.events, Some(Duration::ZERO)).expect("it is ours");
        self.events.iter().map(|event| event.data().u64() as usize).sum()
    }

    fn expected(&self, which: usize) -> usize {
        let step = self.sockets.len() / ACTIVE;
        let places = (0..ACTIVE).map(|i| i * step);
        if which >= 2 {
            return places.sum();
        }
        places.map(|place| self.sockets[place].as_raw_fd() as usize).sum()
    }
}

/// A socket without an address: nothing can come.
fn unbound() -> io::Result<UdpSocket> {
    // SAFETY: no pointer is passed.
    let fd = unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just made, and has no other owner.
    Ok(unsafe { UdpSocket::from_raw_fd(fd) })
}
