//! The C ABI against libc's own functions, in one process: every kind of bad argument with every
//! other, compared by return value, errno, and what was written or registered.
//!
//! libc is the oracle; nothing in here says what the right answer is.

mod api;
mod descriptors;
mod interrupt;
mod memory;
mod waits;

use api::{Api, EPSHIM, LIBC, Outcome};
use descriptors::{Descriptors, Which};
use epshim::{Event, EventData, EventFlags, layout};
use memory::{Arena, PLACES, Place};
use std::os::fd::RawFd;

const OPS: [i32; 8] = [
    layout::EPOLL_CTL_ADD,
    layout::EPOLL_CTL_MOD,
    layout::EPOLL_CTL_DEL,
    0,
    4,
    -1,
    i32::MIN,
    i32::MAX,
];

const INTERESTS: [u32; 13] = [
    layout::EPOLLIN,
    layout::EPOLLIN | layout::EPOLLET | layout::EPOLLONESHOT,
    0,
    0x800,
    u32::MAX,
    layout::EPOLLEXCLUSIVE,
    layout::EPOLLEXCLUSIVE | layout::EPOLLIN | layout::EPOLLOUT,
    layout::EPOLLEXCLUSIVE | layout::EPOLLIN | layout::EPOLLET,
    layout::EPOLLEXCLUSIVE | layout::EPOLLERR | layout::EPOLLHUP,
    layout::EPOLLEXCLUSIVE | layout::EPOLLIN | layout::EPOLLONESHOT,
    layout::EPOLLEXCLUSIVE | layout::EPOLLIN | layout::EPOLLRDHUP,
    layout::EPOLLEXCLUSIVE | layout::EPOLLIN | layout::EPOLLPRI,
    layout::EPOLLEXCLUSIVE | layout::EPOLLIN | layout::EPOLLWAKEUP,
];

/// The event argument: a good event with each interest, then each bad place.
fn events() -> impl Iterator<Item = (Place, u32)> + Clone {
    let interests = INTERESTS.into_iter().map(|interest| (Place::Good, interest));
    interests.chain(PLACES.into_iter().skip(1).map(|place| (place, layout::EPOLLIN)))
}

fn ctl(
    api: &Api,
    (epfd, op, fd): (Which, i32, Which),
    (place, interest): (Place, u32),
    arena: &Arena,
) -> (Outcome, Vec<(String, String, String)>) {
    let descriptors = Descriptors::new(false);
    let flags = EventFlags::from_bits_retain(interest);
    let event = arena.put(place, Event::new(flags, EventData::from_u64(0xfeed_f00d_dead_beef)));
    // SAFETY: the event is good, or at a place that the kernel is to refuse.
    let outcome = Outcome::of(|| unsafe {
        (api.ctl)(descriptors.number(epfd), op, descriptors.number(fd), event)
    });
    (outcome, descriptors.registrations())
}

#[test]
fn ctl_answers_as_libc_does_for_every_combination_of_arguments() {
    let arena = Arena::new();
    let mut calls = 0;
    for epfd in descriptors::ALL {
        for op in OPS {
            for fd in descriptors::ALL {
                for event in events() {
                    let theirs = ctl(&LIBC, (epfd, op, fd), event, &arena);
                    let ours = ctl(&EPSHIM, (epfd, op, fd), event, &arena);
                    assert_eq!(ours, theirs, "ctl({epfd:?}, {op}, {fd:?}, {event:x?})");
                    assert!(ours.0.keeps_the_convention(), "{ours:?}");
                    calls += 1;
                }
            }
        }
    }
    println!("{calls} combinations of epoll_ctl");
    assert_eq!(calls, 14 * 8 * 14 * 19);
}

fn compare_waits(cases: Vec<waits::Case>) {
    let stage = waits::Stage::new();
    let mut outcomes = std::collections::BTreeMap::new();
    for &case in &cases {
        let theirs = stage.oracle(case);
        let ours = stage.run(&EPSHIM, case);
        assert!(ours == theirs, "{case:?}: ours {:?}, libc's {:?}", ours.0, theirs.0);
        assert!(ours.0.keeps_the_convention(), "{:?}", ours.0);
        *outcomes.entry((ours.0.result, ours.0.errno)).or_insert(0) += 1;
    }
    println!("{} combinations; (result, errno): count {outcomes:?}", cases.len());
    // The table must have reached each kind of answer, or it compares less than it seems to.
    for errno in [libc::EINTR, libc::EFAULT, libc::EINVAL, libc::EBADF] {
        assert!(outcomes.contains_key(&(-1, errno)), "no case gave errno {errno}");
    }
    assert!(outcomes.keys().any(|&(result, _)| result == 2), "no case delivered both events");
    assert!(outcomes.keys().any(|&(result, _)| result == 0), "no case timed out");
}

#[test]
fn wait_answers_as_libc_does_for_every_combination_of_arguments() {
    compare_waits(waits::cases(&waits::MILLISECONDS, &waits::NO_SIGMASK));
}

#[test]
fn pwait_answers_as_libc_does_for_every_combination_of_arguments() {
    compare_waits(waits::cases(&waits::MILLISECONDS, &waits::SIGMASKS));
}

#[test]
fn pwait2_answers_as_libc_does_for_every_combination_of_arguments() {
    if !api::pwait2_exists() {
        println!("there is no epoll_pwait2 here: libc's epoll_pwait is the oracle");
    }
    compare_waits(waits::cases(&waits::TIMESPECS, &waits::SIGMASKS));
}

#[test]
fn create1_answers_as_libc_does_for_every_flag() {
    fn create(api: &Api, flags: i32) -> (Outcome, Option<i32>) {
        let mut fd: RawFd = -1;
        // SAFETY: takes an integer; the descriptor it makes is closed here and used by no other code.
        let outcome = Outcome::of(|| unsafe {
            fd = (api.create1)(flags);
            fd
        });
        // SAFETY: as above.
        let descriptor_flags = (fd >= 0).then(|| unsafe {
            let descriptor_flags = libc::fcntl(fd, libc::F_GETFD);
            assert_eq!((api.close)(fd), 0);
            descriptor_flags
        });
        (outcome.without_descriptor(), descriptor_flags)
    }
    let every_bit = (0..32).map(|bit| 1_i32 << bit);
    for flags in every_bit.chain([0, -1, layout::EPOLL_CLOEXEC | 1]) {
        let (theirs, ours) = (create(&LIBC, flags), create(&EPSHIM, flags));
        assert_eq!(ours, theirs, "create1({flags:#x})");
    }
    assert_eq!(create(&EPSHIM, layout::EPOLL_CLOEXEC).1, Some(libc::FD_CLOEXEC));
    assert_eq!(create(&EPSHIM, 0).1, Some(0));
}

#[test]
fn close_answers_as_libc_does() {
    let bad = Descriptors::new(false);
    for which in [Which::Closed, Which::MinusOne, Which::IntMax, Which::IntMin] {
        let number = bad.number(which);
        // SAFETY: no open descriptor has one of these numbers.
        let theirs = Outcome::of(|| unsafe { (LIBC.close)(number) });
        // SAFETY: as above.
        let ours = Outcome::of(|| unsafe { (EPSHIM.close)(number) });
        assert_eq!(ours, theirs, "close({which:?})");
        assert_eq!(ours.errno, libc::EBADF);
    }
    // SAFETY: the descriptor is made here, and closed once.
    let closed = Outcome::of(|| unsafe { (EPSHIM.close)((EPSHIM.create1)(0)) });
    assert_eq!(closed.result, 0);
    assert!(closed.keeps_the_convention());
}
