//! Another turn: when it comes, and that no registration is kept waiting for it.

use super::*;

const IN: EventFlags = EventFlags::IN;
const ET: EventFlags = EventFlags::ET;

#[test]
fn another_turn_comes_in_the_next_round_after_everybody_elses() {
    let mut reactor = Reactor::new().unwrap();
    let (greedy, _theirs) = add_readable(&mut reactor, IN | ET);
    let (modest, _theirs_too) = add_readable(&mut reactor, IN);
    assert_eq!(round(&mut reactor).len(), 2);
    for _ in 0..10 {
        reactor.again(greedy, IN).unwrap();
        assert_eq!(round(&mut reactor), [ready(modest, IN), ready(greedy, IN)]);
    }
    assert_eq!(round(&mut reactor), [ready(modest, IN)]);
}

#[test]
fn while_another_turn_is_owed_nobody_sleeps() {
    let mut reactor = Reactor::new().unwrap();
    let (greedy, _theirs) = add(&mut reactor, IN);
    let mut turns = 0;
    reactor.again(greedy, IN).unwrap();
    for _ in 0..1000 {
        let turn = |reactor: &mut Reactor<_>, turn| {
            assert_eq!(turn, ready(greedy, IN));
            turns += 1;
            reactor.again(greedy, IN).unwrap();
        };
        assert_eq!(reactor.run_once(LONG, turn).unwrap(), 1);
    }
    assert_eq!(turns, 1000);
}

#[test]
fn another_turn_and_a_delivery_are_one_turn() {
    let mut reactor = Reactor::new().unwrap();
    let (key, _theirs) = add_readable(&mut reactor, IN);
    reactor.again(key, EventFlags::OUT).unwrap();
    reactor.again(key, EventFlags::RDHUP).unwrap();
    let all = IN | EventFlags::OUT | EventFlags::RDHUP;
    assert_eq!(round(&mut reactor), [ready(key, all)]);
    assert_eq!(round(&mut reactor), [ready(key, IN)]);
}

#[test]
fn another_turn_asked_for_in_that_turn_is_one_more_round_away() {
    let mut reactor = Reactor::new().unwrap();
    let (key, _theirs) = add_readable(&mut reactor, IN);
    reactor.again(key, IN).unwrap();
    let mut rounds = Vec::new();
    for _ in 0..3 {
        let turn = |reactor: &mut Reactor<_>, _| reactor.again(key, EventFlags::OUT).unwrap();
        rounds.push(reactor.run_once(NOW, turn).unwrap());
    }
    assert_eq!(rounds, [1, 1, 1]);
}

#[test]
fn another_turn_is_lost_with_its_registration() {
    let mut reactor = Reactor::new().unwrap();
    for _ in 0..3 {
        let (old, _theirs) = add(&mut reactor, IN);
        reactor.again(old, IN).unwrap();
        drop(reactor.remove(old));
        let (new, _theirs_too) = add(&mut reactor, IN);
        assert_eq!(round(&mut reactor), []);
        reactor.again(new, IN).unwrap();
        reactor.again(new, IN).unwrap();
        assert_eq!(round(&mut reactor), [ready(new, IN)]);
        drop(reactor.remove(new));
    }
}

#[test]
fn another_turn_without_flags_is_refused() {
    let mut reactor = Reactor::new().unwrap();
    let (key, _theirs) = add(&mut reactor, IN);
    assert_eq!(errno(reactor.again(key, EventFlags::empty())), libc::EINVAL);
}

#[test]
fn a_flood_on_one_registration_leaves_every_other_its_turn_in_each_round() {
    let mut reactor = Reactor::new().unwrap();
    let (flooded, mut flood) = add(&mut reactor, IN | ET);
    flood.set_nonblocking(true).unwrap();
    let others: Vec<_> = (0..20).map(|_| add_readable(&mut reactor, IN)).collect();
    for _ in 0..50 {
        while flood.write(&[0; 4096]).is_ok() {}
        let (mut taken, mut served) = (0, 0);
        reactor
            .run_once(NOW, |reactor, turn| {
                let Turn::Ready { key, .. } = turn else { panic!("{turn:?}") };
                if key != flooded {
                    served += 1;
                    return;
                }
                // A bounded amount of work, and then the others.
                taken += 1;
                let _ = reactor.get_mut(key).unwrap().read(&mut [0; 1024]).unwrap();
                reactor.again(key, IN).unwrap();
            })
            .unwrap();
        assert_eq!((taken, served), (1, others.len()));
    }
}
