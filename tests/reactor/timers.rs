//! Timers: when they expire, in which order, and that nothing spins or sleeps too long for them.

use super::*;
use std::time::Instant;

const IN: EventFlags = EventFlags::IN;

fn after(nanoseconds: u64) -> Instant {
    Instant::now() + Duration::from_nanos(nanoseconds)
}

#[test]
fn a_timer_ends_the_wait_in_one_go_and_never_early() {
    let mut reactor = Reactor::<UnixStream>::new().unwrap();
    for nanoseconds in [1, 70_000, 300_000, 1_000_000, 1_700_000, 20_000_000] {
        let deadline = after(nanoseconds);
        let key = reactor.add_timer(deadline).unwrap();
        let turn = |_: &mut Reactor<_>, turn| {
            assert!(Instant::now() >= deadline);
            assert_eq!(turn, Turn::Timer(key));
        };
        // One wait: neither did it return early, nor was it repeated.
        assert_eq!(reactor.run_once(None, turn).unwrap(), 1, "{nanoseconds} ns");
        assert_eq!(round(&mut reactor), []);
        assert!(reactor.remove(key).is_none());
    }
    assert!(reactor.is_empty());
}

#[test]
fn a_timeout_that_passes_before_the_timer_ends_the_wait_without_a_turn() {
    let mut reactor = Reactor::<UnixStream>::new().unwrap();
    reactor.add_timer(after(60_000_000_000)).unwrap();
    let (start, timeout) = (Instant::now(), Duration::from_micros(1500));
    assert_eq!(reactor.run_once(Some(timeout), |_, turn| panic!("{turn:?}")).unwrap(), 0);
    assert!(start.elapsed() >= timeout);
}

#[test]
fn timers_that_are_due_come_in_the_order_of_their_deadlines() {
    let mut reactor = Reactor::<UnixStream>::new().unwrap();
    let now = Instant::now();
    let keys: Vec<_> = [30, 10, 20, 50, 40]
        .map(|ns| reactor.add_timer(now + Duration::from_nanos(ns)).unwrap())
        .into();
    let mut expired = Vec::new();
    while expired.len() < keys.len() {
        reactor.run_once(None, |_, turn| expired.push(turn)).unwrap();
    }
    assert_eq!(expired, [1, 2, 0, 4, 3].map(|i| Turn::Timer(keys[i])));
}

#[test]
fn what_arrives_can_take_back_the_timeout_that_was_due_in_the_same_round() {
    let mut reactor = Reactor::new().unwrap();
    let (key, _theirs) = add_readable(&mut reactor, IN);
    reactor.set_timer(key, Some(Instant::now())).unwrap();
    let mut turns = Vec::new();
    reactor
        .run_once(None, |reactor, turn| {
            turns.push(turn);
            reactor.set_timer(key, None).unwrap();
        })
        .unwrap();
    assert_eq!(turns, [ready(key, IN)]);
    // And if it does not:
    reactor.set_timer(key, Some(Instant::now())).unwrap();
    assert_eq!(round(&mut reactor), [ready(key, IN), Turn::Timer(key)]);
}

#[test]
fn a_timer_that_is_put_off_expires_at_its_new_time_only() {
    let mut reactor = Reactor::<UnixStream>::new().unwrap();
    let key = reactor.add_timer(after(0)).unwrap();
    for _ in 0..1000 {
        reactor.set_timer(key, Some(after(60_000_000_000))).unwrap();
    }
    assert_eq!(round(&mut reactor), []);
    reactor.set_timer(key, Some(after(0))).unwrap();
    assert_eq!(round(&mut reactor), [Turn::Timer(key)]);
}

#[test]
fn a_timer_ends_with_its_registration() {
    let mut reactor = Reactor::new().unwrap();
    let (old, _theirs) = add(&mut reactor, IN);
    reactor.set_timer(old, Some(after(0))).unwrap();
    drop(reactor.remove(old));
    let (_new, _theirs_too) = add(&mut reactor, IN);
    assert_eq!(round(&mut reactor), []);
}

#[test]
fn a_timer_that_is_always_due_starves_neither_events_nor_other_timers() {
    let mut reactor = Reactor::new().unwrap();
    let (key, _theirs) = add_readable(&mut reactor, IN);
    let long_ago = Instant::now();
    let eager = reactor.add_timer(long_ago).unwrap();
    let patient = reactor.add_timer(Instant::now()).unwrap();
    for _ in 0..100 {
        let mut turns = Vec::new();
        reactor
            .run_once(None, |reactor, turn| {
                turns.push(turn);
                assert!(turns.len() <= 3, "the round does not end: {turns:?}");
                let Turn::Timer(key) = turn else { return };
                let next = if key == eager { long_ago } else { Instant::now() };
                reactor.set_timer(key, Some(next)).unwrap();
            })
            .unwrap();
        assert_eq!(turns[0], ready(key, IN));
        turns.sort_by_key(|turn| *turn == Turn::Timer(patient));
        assert_eq!(turns[1..], [Turn::Timer(eager), Turn::Timer(patient)]);
    }
}

#[test]
fn a_registration_without_a_source_has_no_interest_to_change() {
    let mut reactor = Reactor::<UnixStream>::new().unwrap();
    let key = reactor.add_timer(after(60_000_000_000)).unwrap();
    assert_eq!(errno(reactor.modify(key, IN)), libc::EINVAL);
    assert!(reactor.get(key).is_none());
    assert_eq!(reactor.len(), 1);
    // But it can have another turn.
    reactor.again(key, IN).unwrap();
    assert_eq!(round(&mut reactor), [ready(key, IN)]);
    assert!(reactor.remove(key).is_none());
    assert!(reactor.is_empty());
}
