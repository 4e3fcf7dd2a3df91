//! Waking and stopping a reactor from elsewhere.

use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

#[test]
fn a_wake_up_ends_a_wait_and_is_one_turn() {
    let mut reactor = Reactor::<UnixStream>::new().unwrap();
    let waker = reactor.waker();
    let thread = thread::spawn(move || waker.wake());
    assert_eq!(reactor.run_once(LONG, |_, turn| assert_eq!(turn, Turn::Wake)).unwrap(), 1);
    thread.join().unwrap();
    assert_eq!(round(&mut reactor), []);
    for _ in 0..10 {
        reactor.waker().wake();
    }
    assert_eq!(round(&mut reactor), [Turn::Wake]);
    assert_eq!(round(&mut reactor), []);
}

#[test]
fn no_wake_up_is_lost_however_threads_race() {
    const EACH: usize = 20_000;
    let mut reactor = Reactor::<UnixStream>::new().unwrap();
    let written = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..3 {
            let waker = reactor.waker();
            let written = &written;
            scope.spawn(move || {
                for _ in 0..EACH {
                    written.fetch_add(1, Ordering::Relaxed);
                    waker.wake();
                }
            });
        }
        // The last wake-up is followed by a turn that sees all that was written before it.
        let mut seen = 0;
        while seen < 3 * EACH {
            let turn = |_: &mut Reactor<_>, turn| {
                assert_eq!(turn, Turn::Wake);
                seen = written.load(Ordering::Relaxed);
            };
            assert_ne!(reactor.run_once(LONG, turn).unwrap(), 0, "seen {seen}, then nothing");
        }
    });
}

#[test]
fn a_stop_from_another_thread_ends_a_run_that_sleeps() {
    let mut reactor = Reactor::<UnixStream>::new().unwrap();
    let waker = reactor.waker();
    let (running, started) = mpsc::channel();
    let thread = thread::spawn(move || {
        started.recv().unwrap();
        waker.stop();
    });
    reactor.waker().wake();
    reactor.run(|_, _| running.send(()).unwrap()).unwrap();
    thread.join().unwrap();
}

#[test]
fn a_stop_before_the_run_ends_it_at_once_and_only_once() {
    let mut reactor = Reactor::new().unwrap();
    let (key, _theirs) = add_readable(&mut reactor, EventFlags::IN);
    for by_waker in [false, true] {
        if by_waker {
            reactor.waker().stop()
        } else {
            reactor.stop()
        }
        reactor.run(|_, turn| panic!("{turn:?}")).unwrap();
        let mut turns = 0;
        reactor
            .run(|reactor, turn| {
                assert_eq!(turn, ready(key, EventFlags::IN));
                turns += 1;
                if turns == 3 {
                    reactor.stop();
                }
            })
            .unwrap();
        assert_eq!(turns, 3);
    }
}

#[test]
fn the_rest_of_a_stopped_round_comes_first_in_the_next_run() {
    let mut reactor = Reactor::new().unwrap();
    // Edges, which the kernel reports once: nothing of the batch may be lost.
    let edge = EventFlags::IN | EventFlags::ET;
    let pairs: Vec<_> = (0..10).map(|_| add_readable(&mut reactor, edge)).collect();
    let timer = reactor.add_timer(std::time::Instant::now()).unwrap();
    let (mut turns, mut runs) = (Vec::new(), 0);
    while turns.len() < 11 {
        reactor
            .run(|reactor, turn| {
                turns.push(turn);
                reactor.waker().stop();
            })
            .unwrap();
        runs += 1;
    }
    assert_eq!(runs, 11);
    for (key, _) in &pairs {
        assert!(turns.contains(&ready(*key, EventFlags::IN)));
    }
    assert_eq!(turns[10], Turn::Timer(timer));
    assert_eq!(round(&mut reactor), []);
}

#[test]
fn a_stop_wakes_run_once_without_a_turn() {
    let mut reactor = Reactor::<UnixStream>::new().unwrap();
    reactor.waker().stop();
    assert_eq!(reactor.run_once(LONG, |_, turn| panic!("{turn:?}")).unwrap(), 0);
}

#[test]
fn a_waker_outlives_its_reactor() {
    let reactor = Reactor::<UnixStream>::new().unwrap();
    let waker = reactor.waker();
    drop(reactor);
    waker.wake();
    waker.clone().stop();
}
