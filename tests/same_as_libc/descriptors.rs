//! Descriptors, good and bad, around one epoll instance that every call is made on.

use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

/// Which descriptor an argument names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The epoll itself.
    Epoll,
    /// A pipe that is registered.
    Registered,
    /// A pipe that is registered with EPOLLEXCLUSIVE.
    Exclusive,
    /// A pipe that is not registered.
    Unregistered,
    /// An unconnected socket, not registered.
    Socket,
    /// An epoll that watches the epoll: adding it would close a cycle.
    Parent,
    /// An epoll that is not registered and watches nothing.
    OtherEpoll,
    RegularFile,
    Directory,
    DevNull,
    /// A number that was open and is closed.
    Closed,
    MinusOne,
    IntMax,
    IntMin,
}

pub const ALL: [Which; 14] = [
    Which::Epoll,
    Which::Registered,
    Which::Exclusive,
    Which::Unregistered,
    Which::Socket,
    Which::Parent,
    Which::OtherEpoll,
    Which::RegularFile,
    Which::Directory,
    Which::DevNull,
    Which::Closed,
    Which::MinusOne,
    Which::IntMax,
    Which::IntMin,
];

/// The epoll of a call and everything around it. Made with libc alone.
pub struct Descriptors {
    epoll: OwnedFd,
    other_epoll: OwnedFd,
    parent: OwnedFd,
    registered: [OwnedFd; 2],
    exclusive: [OwnedFd; 2],
    unregistered: [OwnedFd; 2],
    socket: OwnedFd,
    file: File,
    directory: File,
    null: File,
    closed: RawFd,
}

impl Descriptors {
    /// With `ready`, the two registered pipes have a byte to read.
    pub fn new(ready: bool) -> Self {
        let this = Self {
            epoll: epoll(),
            other_epoll: epoll(),
            parent: epoll(),
            registered: pipe(),
            exclusive: pipe(),
            unregistered: pipe(),
            socket: socket(),
            file: File::open(env!("CARGO_MANIFEST_PATH")).unwrap(),
            directory: File::open(env!("CARGO_MANIFEST_DIR")).unwrap(),
            null: File::open("/dev/null").unwrap(),
            closed: closed_number(),
        };
        register(&this.epoll, &this.registered[0], libc::EPOLLIN, 0x1111_2222_3333_4444);
        let exclusive = libc::EPOLLIN | libc::EPOLLEXCLUSIVE;
        register(&this.epoll, &this.exclusive[0], exclusive, 0x5555_6666_7777_8888);
        register(&this.parent, &this.epoll, libc::EPOLLIN, 0);
        if ready {
            for pipe in [&this.registered, &this.exclusive] {
                // SAFETY: one byte from a live value into our own pipe.
                let written =
                    unsafe { libc::write(pipe[1].as_raw_fd(), [0_u8].as_ptr().cast(), 1) };
                assert_eq!(written, 1);
            }
        }
        this
    }

    pub fn number(&self, which: Which) -> RawFd {
        match which {
            Which::Epoll => self.epoll.as_raw_fd(),
            Which::Registered => self.registered[0].as_raw_fd(),
            Which::Exclusive => self.exclusive[0].as_raw_fd(),
            Which::Unregistered => self.unregistered[0].as_raw_fd(),
            Which::Socket => self.socket.as_raw_fd(),
            Which::Parent => self.parent.as_raw_fd(),
            Which::OtherEpoll => self.other_epoll.as_raw_fd(),
            Which::RegularFile => self.file.as_raw_fd(),
            Which::Directory => self.directory.as_raw_fd(),
            Which::DevNull => self.null.as_raw_fd(),
            Which::Closed => self.closed,
            Which::MinusOne => -1,
            Which::IntMax => i32::MAX,
            Which::IntMin => i32::MIN,
        }
    }

    /// What the kernel says is registered, with our names for the descriptors: the events and the
    /// data of each, sorted. See proc_pid_fdinfo(5).
    pub fn registrations(&self) -> Vec<(String, String, String)> {
        let info = format!("/proc/self/fdinfo/{}", self.epoll.as_raw_fd());
        let info = std::fs::read_to_string(info).unwrap();
        let mut lines: Vec<_> = info
            .lines()
            .filter_map(|line| {
                let mut words = line.strip_prefix("tfd:")?.split_whitespace();
                let number = words.next()?.parse().unwrap();
                let name = ALL.into_iter().find(|&which| self.number(which) == number);
                let events = words.nth(1)?.to_owned();
                Some((format!("{name:?}"), events, words.nth(1)?.to_owned()))
            })
            .collect();
        lines.sort();
        lines
    }
}

fn epoll() -> OwnedFd {
    // SAFETY: takes an integer.
    owned(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })
}

fn socket() -> OwnedFd {
    // SAFETY: takes integers.
    owned(unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0) })
}

/// Takes over a descriptor that has just been made.
fn owned(fd: RawFd) -> OwnedFd {
    assert!(fd >= 0, "{}", std::io::Error::last_os_error());
    // SAFETY: just made, and known to no other code.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

fn pipe() -> [OwnedFd; 2] {
    let mut ends = [-1; 2];
    // SAFETY: room for two descriptors.
    let made = unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) };
    assert_eq!(made, 0, "{}", std::io::Error::last_os_error());
    ends.map(owned)
}

fn register(epoll: &OwnedFd, fd: &OwnedFd, events: i32, data: u64) {
    let mut event = libc::epoll_event { events: events as u32, u64: data };
    // SAFETY: the event lives through the call.
    let result = unsafe {
        libc::epoll_ctl(epoll.as_raw_fd(), libc::EPOLL_CTL_ADD, fd.as_raw_fd(), &raw mut event)
    };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
}

/// A number far above those that this process uses, opened and closed again. Each thread has its
/// own, so that none is open in another test for a moment.
fn closed_number() -> RawFd {
    static NEXT: AtomicI32 = AtomicI32::new(900);
    thread_local!(static NUMBER: RawFd = NEXT.fetch_add(1, Relaxed));
    let number = NUMBER.with(|&number| number);
    // SAFETY: duplicates our own standard input, and closes only the duplicate.
    unsafe {
        assert_eq!(libc::fcntl(0, libc::F_DUPFD_CLOEXEC, number), number);
        assert_eq!(libc::close(number), 0);
    }
    number
}
