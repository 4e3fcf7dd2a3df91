//! Changes of interest: when they reach the kernel, and what they cost.

use super::calls::epoll_ctl_calls;
use super::*;

const NONE: EventFlags = EventFlags::empty();
const IN: EventFlags = EventFlags::IN;
const OUT: EventFlags = EventFlags::OUT;
const ET: EventFlags = EventFlags::ET;
const ONESHOT: EventFlags = EventFlags::ONESHOT;

#[test]
fn several_changes_of_a_round_are_one_system_call() {
    let mut reactor = Reactor::new().unwrap();
    let (key, _theirs) = add(&mut reactor, IN);
    let changing = epoll_ctl_calls(|| {
        for interest in [OUT, NONE, IN | OUT, OUT] {
            reactor.modify(key, interest).unwrap();
        }
    });
    assert_eq!(changing, 0);
    let waiting = epoll_ctl_calls(|| assert_eq!(round(&mut reactor), [ready(key, OUT)]));
    assert_eq!(waiting, 1);
    assert_eq!(epoll_ctl_calls(|| drop(round(&mut reactor))), 0);
}

#[test]
fn a_change_that_is_taken_back_is_no_system_call() {
    let mut reactor = Reactor::new().unwrap();
    let (key, _theirs) = add_readable(&mut reactor, IN);
    let calls = epoll_ctl_calls(|| {
        for _ in 0..10 {
            reactor.modify(key, IN | OUT).unwrap();
            reactor.modify(key, IN).unwrap();
            assert_eq!(round(&mut reactor), [ready(key, IN)]);
        }
    });
    assert_eq!(calls, 0);
}

#[test]
fn changes_made_in_a_turn_hold_from_the_next_wait() {
    let mut reactor = Reactor::new().unwrap();
    let (key, _theirs) = add_readable(&mut reactor, IN);
    let calls = epoll_ctl_calls(|| {
        let turn = |reactor: &mut Reactor<_>, _| reactor.modify(key, OUT).unwrap();
        assert_eq!(reactor.run_once(NOW, turn).unwrap(), 1);
        assert_eq!(round(&mut reactor), [ready(key, OUT)]);
    });
    assert_eq!(calls, 1);
}

#[test]
fn an_edge_is_delivered_again_after_the_same_interest_was_asked_for() {
    let mut reactor = Reactor::new().unwrap();
    let (key, _theirs) = add_readable(&mut reactor, IN | ET);
    assert_eq!(round(&mut reactor), [ready(key, IN)]);
    assert_eq!(round(&mut reactor), []);
    let calls = epoll_ctl_calls(|| {
        reactor.modify(key, IN | ET).unwrap();
        reactor.modify(key, IN | ET).unwrap();
        assert_eq!(round(&mut reactor), [ready(key, IN)]);
    });
    assert_eq!(calls, 1);
    assert_eq!(round(&mut reactor), []);
}

#[test]
fn an_edge_left_alone_during_a_pause_comes_back_with_the_interest() {
    let mut reactor = Reactor::new().unwrap();
    let (key, _theirs) = add_readable(&mut reactor, IN | ET);
    // Reading is stopped and resumed in one round: what was left unread must not be forgotten.
    let turn = |reactor: &mut Reactor<_>, _| {
        reactor.modify(key, NONE).unwrap();
        reactor.modify(key, IN | ET).unwrap();
    };
    assert_eq!(reactor.run_once(NOW, turn).unwrap(), 1);
    assert_eq!(round(&mut reactor), [ready(key, IN)]);
}

#[test]
fn a_one_shot_that_has_fired_is_armed_by_asking_for_it_again() {
    let mut reactor = Reactor::new().unwrap();
    let (key, _theirs) = add_readable(&mut reactor, IN | ONESHOT);
    for _ in 0..3 {
        assert_eq!(round(&mut reactor), [ready(key, IN)]);
        assert_eq!(round(&mut reactor), []);
        let calls = epoll_ctl_calls(|| {
            reactor.modify(key, IN | ONESHOT).unwrap();
            assert_eq!(round(&mut reactor), [ready(key, IN)]);
            // Once more, in the turn's own round this time.
            reactor.modify(key, IN | ONESHOT).unwrap();
        });
        assert_eq!(calls, 1);
    }
}

#[test]
fn a_one_shot_that_is_armed_still_costs_nothing_to_ask_for() {
    let mut reactor = Reactor::new().unwrap();
    let (key, mut theirs) = add(&mut reactor, IN | ONESHOT);
    for armed in [0, 1, 1] {
        let calls = epoll_ctl_calls(|| {
            for _ in 0..3 {
                reactor.modify(key, IN | ONESHOT).unwrap();
                assert_eq!(round(&mut reactor), []);
            }
        });
        // One call arms it after it has fired; the others find it armed.
        assert_eq!(calls, armed);
        theirs.write_all(b"x").unwrap();
        assert_eq!(round(&mut reactor), [ready(key, IN)]);
        assert_eq!(drain(&mut reactor, key), 1);
    }
}

#[test]
fn what_is_no_longer_asked_for_is_not_delivered_in_the_same_round() {
    let mut reactor = Reactor::new().unwrap();
    let (one, _theirs) = add_readable(&mut reactor, IN | OUT);
    let (two, _theirs_too) = add_readable(&mut reactor, IN | OUT);
    let mut turns = Vec::new();
    let count = reactor.run_once(NOW, |reactor, turn| {
        let Turn::Ready { key, flags } = turn else { panic!("{turn:?}") };
        if turns.is_empty() {
            let other = if key == one { two } else { one };
            reactor.modify(other, OUT).unwrap();
        }
        turns.push(flags);
    });
    assert_eq!((count.unwrap(), turns), (2, vec![IN | OUT, OUT]));
}

#[test]
fn a_registration_whose_interest_was_taken_away_gets_no_turn_in_the_same_round() {
    let mut reactor = Reactor::new().unwrap();
    let (one, _theirs) = add_readable(&mut reactor, IN | ONESHOT);
    let (two, _theirs_too) = add_readable(&mut reactor, IN | ONESHOT);
    let mut first = None;
    let count = reactor.run_once(NOW, |reactor, turn| {
        let Turn::Ready { key, .. } = turn else { panic!("{turn:?}") };
        let other = if key == one { two } else { one };
        reactor.modify(other, NONE | ONESHOT).unwrap();
        first = Some(other);
    });
    assert_eq!(count.unwrap(), 1);
    // The kernel has disarmed it; to ask for it again arms it.
    let other = first.unwrap();
    reactor.modify(other, IN | ONESHOT).unwrap();
    assert_eq!(round(&mut reactor), [ready(other, IN)]);
}

#[test]
fn an_exclusive_interest_cannot_be_changed_as_by_the_kernel() {
    let mut reactor = Reactor::new().unwrap();
    let (key, _theirs) = add(&mut reactor, IN | EventFlags::EXCLUSIVE);
    assert_eq!(errno(reactor.modify(key, IN)), libc::EINVAL);
    let (key, _theirs) = add(&mut reactor, IN);
    assert_eq!(errno(reactor.modify(key, IN | EventFlags::EXCLUSIVE)), libc::EINVAL);
}

#[test]
fn what_was_asked_for_by_a_registration_that_has_ended_concerns_no_other() {
    let mut reactor = Reactor::new().unwrap();
    let (old, _theirs) = add(&mut reactor, IN);
    reactor.modify(old, OUT).unwrap();
    drop(reactor.remove(old));
    let (new, _theirs_too) = add(&mut reactor, IN);
    assert_eq!(epoll_ctl_calls(|| assert_eq!(round(&mut reactor), [])), 0);
    reactor.modify(new, OUT).unwrap();
    assert_eq!(epoll_ctl_calls(|| assert_eq!(round(&mut reactor), [ready(new, OUT)])), 1);
}
