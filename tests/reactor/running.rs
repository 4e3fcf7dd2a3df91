//! Running: signals, panics, calls from where they are not allowed.

use super::interrupt::Interrupter;
use super::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Instant;

#[test]
fn a_signal_ends_run_once_and_not_run() {
    // A thread of its own: the signals are for it alone.
    thread::spawn(|| {
        let mut reactor = Reactor::<UnixStream>::new().unwrap();
        let signals = Interrupter::new();
        signals.arm(true);
        let interrupted = reactor.run_once(LONG, |_, turn| panic!("{turn:?}"));
        assert_eq!(errno(interrupted), libc::EINTR);
        // Several signals come before this one.
        let timer = reactor.add_timer(Instant::now() + Duration::from_millis(50)).unwrap();
        reactor
            .run(|reactor, turn| {
                assert_eq!(turn, Turn::Timer(timer));
                reactor.stop();
            })
            .unwrap();
        signals.arm(false);
    })
    .join()
    .unwrap();
}

#[test]
fn an_interrupted_wait_loses_no_change_and_no_turn() {
    thread::spawn(|| {
        let mut reactor = Reactor::new().unwrap();
        let (key, _theirs) = add_readable(&mut reactor, EventFlags::empty());
        let signals = Interrupter::new();
        reactor.modify(key, EventFlags::PRI).unwrap();
        signals.arm(true);
        assert_eq!(errno(reactor.run_once(LONG, |_, turn| panic!("{turn:?}"))), libc::EINTR);
        signals.arm(false);
        reactor.modify(key, EventFlags::IN).unwrap();
        assert_eq!(round(&mut reactor), [ready(key, EventFlags::IN)]);
    })
    .join()
    .unwrap();
}

#[test]
fn a_panic_in_a_turn_leaves_the_rest_of_the_round_for_the_next_call() {
    let mut reactor = Reactor::new().unwrap();
    let edge = EventFlags::IN | EventFlags::ET;
    let _pairs: Vec<_> = (0..5).map(|_| add_readable(&mut reactor, edge)).collect();
    let mut turns = 0;
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        reactor.run_once(NOW, |_, _| {
            turns += 1;
            assert_ne!(turns, 2, "this panic is part of the test");
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(round(&mut reactor).len(), 3);
    assert_eq!(round(&mut reactor), []);
}

#[test]
fn a_run_in_a_turn_is_refused() {
    let mut reactor = Reactor::new().unwrap();
    let (_, _theirs) = add_readable(&mut reactor, EventFlags::IN);
    let turns = reactor.run_once(NOW, |reactor, _| {
        assert_eq!(errno(reactor.run_once(NOW, |_, _| ())), libc::EBUSY);
        assert_eq!(errno(reactor.run(|_, _| ())), libc::EBUSY);
    });
    assert_eq!(turns.unwrap(), 1);
    assert_eq!(round(&mut reactor).len(), 1);
}

#[test]
fn a_reactor_may_move_to_another_thread() {
    let mut reactor = Reactor::new().unwrap();
    let (key, _theirs) = add_readable(&mut reactor, EventFlags::IN);
    let turns = thread::spawn(move || round(&mut reactor)).join().unwrap();
    assert_eq!(turns, [ready(key, EventFlags::IN)]);
}
