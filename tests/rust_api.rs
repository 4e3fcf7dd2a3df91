//! The Rust API against the real kernel: registrations, deliveries, errors, signals, timeouts.

use epshim::{CreateFlags, Epoll, EventBuffer, EventData, EventFlags};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

const NOW: Option<Duration> = Some(Duration::ZERO);

fn epoll() -> Epoll {
    Epoll::create(CreateFlags::CLOEXEC).unwrap()
}

fn errno<T: std::fmt::Debug>(result: io::Result<T>) -> i32 {
    result.unwrap_err().raw_os_error().unwrap()
}

#[test]
fn all_64_bits_of_data_come_back_with_each_delivery() {
    let epoll = epoll();
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    epoll.add(&ours, EventFlags::IN, EventData::from_u64(u64::MAX - 7)).unwrap();
    let mut events = EventBuffer::with_capacity(8);
    assert_eq!(epoll.wait(&mut events, NOW).unwrap(), 0);
    theirs.write_all(b"x").unwrap();
    for _ in 0..2 {
        assert_eq!(epoll.wait(&mut events, None).unwrap(), 1);
        let event = events.iter().next().unwrap();
        assert_eq!((event.data().u64(), event.flags()), (u64::MAX - 7, EventFlags::IN));
    }
}

#[test]
fn modify_replaces_interest_and_data_and_delete_ends_the_registration() {
    let epoll = epoll();
    let (ours, _theirs) = UnixStream::pair().unwrap();
    epoll.add(&ours, EventFlags::IN, EventData::from_fd(1)).unwrap();
    epoll.modify(&ours, EventFlags::OUT, EventData::from_fd(-2)).unwrap();
    let mut events = EventBuffer::with_capacity(8);
    assert_eq!(epoll.wait(&mut events, NOW).unwrap(), 1);
    assert_eq!(events.as_slice()[0].data().fd(), -2);
    epoll.delete(&ours).unwrap();
    assert_eq!(epoll.wait(&mut events, NOW).unwrap(), 0);
    assert!(events.is_empty());
}

#[test]
fn a_pointer_in_the_data_comes_back_whole() {
    let epoll = epoll();
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let state = Box::into_raw(Box::new(1234_u32));
    epoll.add(&ours, EventFlags::OUT, EventData::from_ptr(state.cast())).unwrap();
    let mut events = EventBuffer::with_capacity(1);
    epoll.wait(&mut events, NOW).unwrap();
    let back = events.as_slice()[0].data().ptr().cast::<u32>();
    // SAFETY: the pointer that went in, with the provenance of the box; taken back once.
    assert_eq!(*unsafe { Box::from_raw(back) }, 1234);
}

#[test]
fn one_shots_and_edges_are_delivered_once_until_armed_again() {
    let epoll = epoll();
    let (mut ours, mut theirs) = UnixStream::pair().unwrap();
    let mut events = EventBuffer::with_capacity(8);
    for flags in [EventFlags::IN | EventFlags::ONESHOT, EventFlags::IN | EventFlags::ET] {
        epoll.add(&ours, flags, EventData::from_u64(0)).unwrap();
        theirs.write_all(b"x").unwrap();
        assert_eq!(epoll.wait(&mut events, NOW).unwrap(), 1);
        assert_eq!(epoll.wait(&mut events, NOW).unwrap(), 0);
        epoll.modify(&ours, flags, EventData::from_u64(0)).unwrap();
        assert_eq!(epoll.wait(&mut events, NOW).unwrap(), 1);
        ours.read_exact(&mut [0]).unwrap();
        epoll.delete(&ours).unwrap();
    }
}

#[test]
fn errors_are_those_of_the_man_page() {
    let epoll = epoll();
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let (flags, data) = (EventFlags::IN, EventData::from_u64(0));
    assert_eq!(errno(epoll.modify(&ours, flags, data)), libc::ENOENT);
    assert_eq!(errno(epoll.delete(&ours)), libc::ENOENT);
    epoll.add(&ours, flags, data).unwrap();
    assert_eq!(errno(epoll.add(&ours, flags, data)), libc::EEXIST);
    assert_eq!(errno(epoll.add(&epoll, flags, data)), libc::EINVAL);
    let file = File::open(env!("CARGO_MANIFEST_PATH")).unwrap();
    assert_eq!(errno(epoll.add(&file, flags, data)), libc::EPERM);
    let unknown = CreateFlags::from_bits_retain(1);
    assert_eq!(errno(Epoll::create(unknown)), libc::EINVAL);
    let mut none = EventBuffer::with_capacity(0);
    assert_eq!(errno(epoll.wait(&mut none, NOW)), libc::EINVAL);
    let no_epoll = Epoll::from(OwnedFd::from(file));
    assert_eq!(errno(no_epoll.wait(&mut EventBuffer::with_capacity(1), NOW)), libc::EINVAL);
}

#[test]
fn what_does_not_fit_comes_with_the_next_wait_in_turn() {
    let epoll = epoll();
    let pairs: Vec<_> = (0..5).map(|_| UnixStream::pair().unwrap()).collect();
    for (i, (ours, _)) in pairs.iter().enumerate() {
        epoll.add(ours, EventFlags::OUT | EventFlags::ET, EventData::from_u64(i as u64)).unwrap();
    }
    let mut events = EventBuffer::with_capacity(2);
    let mut seen = Vec::new();
    for expected in [2, 2, 1, 0] {
        assert_eq!(epoll.wait(&mut events, NOW).unwrap(), expected);
        seen.extend(events.iter().map(|event| event.data().u64()));
    }
    seen.sort_unstable();
    assert_eq!(seen, [0, 1, 2, 3, 4]);
}

#[test]
fn a_timeout_has_nanoseconds_and_never_ends_early() {
    let epoll = epoll();
    let mut events = EventBuffer::with_capacity(1);
    for nanoseconds in [0, 1, 250_000, 1_000_000, 1_000_001, 3_700_000] {
        let timeout = Duration::from_nanos(nanoseconds);
        let start = Instant::now();
        assert_eq!(epoll.wait(&mut events, Some(timeout)).unwrap(), 0);
        assert!(start.elapsed() >= timeout);
    }
}

#[test]
fn a_timeout_beyond_every_clock_waits_like_none() {
    let epoll = epoll();
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    epoll.add(&ours, EventFlags::IN, EventData::from_u64(0)).unwrap();
    let waker = thread::spawn(move || theirs.write_all(b"x").map(|()| theirs));
    let mut events = EventBuffer::with_capacity(1);
    assert_eq!(epoll.wait(&mut events, Some(Duration::MAX)).unwrap(), 1);
    waker.join().unwrap().unwrap();
}

extern "C" fn nothing(_: libc::c_int) {}

/// Handles SIGUSR1 with SA_RESTART, which waits do not heed (signal(7)), and blocks it here.
fn block_sigusr1() -> libc::sigset_t {
    // SAFETY: plain structures, filled before use; the handler does nothing.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = nothing as extern "C" fn(libc::c_int) as usize;
        action.sa_flags = libc::SA_RESTART;
        assert_eq!(libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut()), 0);
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        let unblocked = set;
        libc::sigaddset(&raw mut set, libc::SIGUSR1);
        let blocked = libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
        assert_eq!(blocked, 0);
        unblocked
    }
}

#[test]
fn a_signal_let_in_by_the_mask_ends_the_wait_with_eintr() {
    let unblocked = block_sigusr1();
    let epoll = epoll();
    let mut events = EventBuffer::with_capacity(1);
    for timeout in
        [None, Some(Duration::from_secs(3600)), Some(Duration::from_micros(3_600_000_500))]
    {
        // SAFETY: the signal goes to this thread, which blocks it.
        unsafe { libc::pthread_kill(libc::pthread_self(), libc::SIGUSR1) };
        assert_eq!(epoll.wait(&mut events, NOW).unwrap(), 0, "blocked and pending");
        let result = epoll.wait_with_sigmask(&mut events, timeout, &unblocked);
        assert_eq!(errno(result), libc::EINTR);
    }
}

#[test]
fn an_epoll_is_a_descriptor_like_any_other() {
    let epoll = epoll();
    // SAFETY: F_GETFD on our own descriptor.
    assert_eq!(unsafe { libc::fcntl(epoll.as_raw_fd(), libc::F_GETFD) }, libc::FD_CLOEXEC);
    let raw = epoll.into_raw_fd();
    // SAFETY: just given up above.
    let epoll = Epoll::from(unsafe { OwnedFd::from_raw_fd(raw) });
    let outer = self::epoll();
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    epoll.add(&ours, EventFlags::IN, EventData::from_u64(0)).unwrap();
    outer.add(&epoll, EventFlags::IN, EventData::from_u64(9)).unwrap();
    theirs.write_all(b"x").unwrap();
    let mut events = EventBuffer::with_capacity(1);
    assert_eq!(outer.wait(&mut events, NOW).unwrap(), 1);
    assert_eq!(events.as_slice()[0].data().u64(), 9);
}

#[test]
fn a_wait_is_ended_by_another_thread_that_registers() {
    let epoll = epoll();
    let (ours, _theirs) = UnixStream::pair().unwrap();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let mut events = EventBuffer::with_capacity(4);
            epoll.wait(&mut events, None).map(|_| events.as_slice()[0].data().u64())
        });
        epoll.add(&ours, EventFlags::OUT, EventData::from_u64(5)).unwrap();
        assert_eq!(waiter.join().unwrap().unwrap(), 5);
    });
}
