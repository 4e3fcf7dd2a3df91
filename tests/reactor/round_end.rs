//! The turn at the end of a round: when it comes, and when not.

use super::*;
use std::time::Instant;

const IN: EventFlags = EventFlags::IN;

#[test]
fn the_turn_at_the_end_comes_after_deliveries_other_turns_wake_ups_and_timers() {
    let mut reactor = Reactor::new().unwrap();
    let (one, _theirs) = add_readable(&mut reactor, IN);
    let (two, _theirs_too) = add(&mut reactor, IN);
    reactor.again(two, IN).unwrap();
    let timer = reactor.add_timer(Instant::now()).unwrap();
    reactor.waker().wake();
    reactor.set_round_end(true);
    let turns = round(&mut reactor);
    assert_eq!(turns.len(), 5);
    assert!(turns[..2].contains(&ready(one, IN)) && turns[..2].contains(&Turn::Wake), "{turns:?}");
    assert_eq!(turns[2..], [ready(two, IN), Turn::Timer(timer), Turn::RoundEnd]);
}

#[test]
fn a_round_has_no_end_where_it_is_not_asked_for_or_nothing_was_in_it() {
    let mut reactor = Reactor::new().unwrap();
    let (key, _theirs) = add_readable(&mut reactor, IN);
    assert_eq!(round(&mut reactor), [ready(key, IN)]);
    reactor.set_round_end(true);
    assert_eq!(round(&mut reactor), [ready(key, IN), Turn::RoundEnd]);
    reactor.set_round_end(false);
    assert_eq!(round(&mut reactor), [ready(key, IN)]);
    reactor.set_round_end(true);
    drain(&mut reactor, key);
    assert_eq!(round(&mut reactor), []);
    // Only what is stale, or woken for nothing.
    let (gone, _theirs_too) = add_readable(&mut reactor, IN);
    reactor.again(gone, IN).unwrap();
    drop(reactor.remove(gone));
    reactor.waker().stop();
    assert_eq!(round(&mut reactor), []);
}

#[test]
fn what_the_last_turn_asks_for_comes_in_the_next_round() {
    let mut reactor = Reactor::new().unwrap();
    let (key, _theirs) = add(&mut reactor, IN);
    reactor.set_round_end(true);
    let timer = reactor.add_timer(Instant::now()).unwrap();
    for _ in 0..10 {
        let mut turns = Vec::new();
        let again = |reactor: &mut Reactor<_>, turn| {
            turns.push(turn);
            if turn == Turn::RoundEnd {
                reactor.again(key, IN).unwrap();
                reactor.set_timer(timer, Some(Instant::now())).unwrap();
            }
        };
        reactor.run_once(LONG, again).unwrap();
        let last = &turns[turns.len() - 2..];
        assert_eq!(last, [Turn::Timer(timer), Turn::RoundEnd]);
    }
    assert_eq!(round(&mut reactor), [ready(key, IN), Turn::Timer(timer), Turn::RoundEnd]);
    assert_eq!(round(&mut reactor), []);
}

#[test]
fn a_stopped_round_keeps_its_end_and_a_stop_in_the_end_is_one() {
    let mut reactor = Reactor::new().unwrap();
    let edge = IN | EventFlags::ET;
    let _pairs: Vec<_> = (0..3).map(|_| add_readable(&mut reactor, edge)).collect();
    reactor.set_round_end(true);
    let mut turns = Vec::new();
    for run in 1..=4 {
        reactor
            .run(|reactor, turn| {
                turns.push(turn);
                reactor.stop();
            })
            .unwrap();
        assert_eq!(turns.len(), run);
    }
    assert_eq!(turns[3], Turn::RoundEnd);
    assert!(!turns[..3].contains(&Turn::RoundEnd));
    assert_eq!(round(&mut reactor), []);
}

#[test]
fn a_panic_in_the_turn_at_the_end_does_not_repeat_it() {
    let mut reactor = Reactor::new().unwrap();
    let (key, _theirs) = add_readable(&mut reactor, IN | EventFlags::ET);
    reactor.set_round_end(true);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let turn = |_: &mut Reactor<_>, turn| {
            assert_ne!(turn, Turn::RoundEnd, "this panic is part of the test");
        };
        reactor.run_once(NOW, turn)
    }));
    assert!(panicked.is_err());
    assert_eq!(round(&mut reactor), []);
    reactor.again(key, IN).unwrap();
    assert_eq!(round(&mut reactor), [ready(key, IN), Turn::RoundEnd]);
}
