//! The emitted module in a program of its own, compiled by rustc alone: three pipes, one wait.

#[allow(dead_code, reason = "one program does not need every constant")]
mod epoll_abi;

use epoll_abi::*;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::ptr;

const DATA: u64 = 0xfedc_ba98_7654_3210;

fn main() {
    // SAFETY: no pointer is passed.
    let epfd = unsafe { epoll_create1(EPOLL_CLOEXEC) };
    assert!(epfd >= 0);
    let ctl = |op, fd, event: *mut EpollEvent| {
        // SAFETY: the event is NULL, which the kernel refuses or ignores, or lives on a caller's frame.
        unsafe { epoll_ctl(epfd, op, fd, event) }
    };
    let wait = |events: &mut [EpollEvent]| {
        // SAFETY: the length is that of the slice, which the kernel fills from the front.
        let count = unsafe { epoll_wait(epfd, events.as_mut_ptr(), events.len() as i32, 0) };
        usize::try_from(count).expect("epoll_wait")
    };

    let pairs: Vec<_> = (0..3).map(|_| UnixStream::pair().unwrap()).collect();
    for (i, (reader, writer)) in (0..).zip(&pairs) {
        let mut writer = writer;
        writer.write_all(b"x").unwrap();
        let mut event = EpollEvent { events: EPOLLIN | EPOLLET, data: DATA + i };
        assert_eq!(ctl(EPOLL_CTL_ADD, reader.as_raw_fd(), &mut event), 0);
    }
    let mut events = [EpollEvent { events: 0, data: 0 }; 4];
    assert_eq!(wait(&mut events), 3);
    let mut seen: Vec<u64> = events[..3].iter().map(|event| event.data).collect();
    seen.sort_unstable();
    assert_eq!(seen, [DATA, DATA + 1, DATA + 2]);
    assert!(events[..3].iter().all(|event| { event.events } == EPOLLIN));
    assert_eq!(wait(&mut events), 0, "edge-triggered: not again");

    let last = pairs[2].0.as_raw_fd();
    assert_eq!(ctl(EPOLL_CTL_MOD, last, &mut EpollEvent { events: EPOLLIN, data: u64::MAX }), 0);
    assert_eq!(wait(&mut events), 1);
    assert_eq!({ events[0].data }, u64::MAX);
    assert_eq!(ctl(EPOLL_CTL_DEL, last, ptr::null_mut()), 0);
    assert_eq!(ctl(EPOLL_CTL_DEL, last, ptr::null_mut()), -1);
    println!("round trip: ok");
}
