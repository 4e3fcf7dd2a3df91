//! Adding and removing, inside and outside of turns; stale deliveries; keys.

use super::*;
use std::collections::HashSet;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

#[test]
fn a_turn_names_its_registration_and_says_what_is_ready() {
    let mut reactor = Reactor::new().unwrap();
    let (quiet, _theirs) = add(&mut reactor, EventFlags::IN);
    let (key, mut theirs) = add(&mut reactor, EventFlags::IN);
    assert_eq!(round(&mut reactor), []);
    theirs.write_all(b"hello").unwrap();
    assert_eq!(round(&mut reactor), [ready(key, EventFlags::IN)]);
    drop(theirs);
    assert_eq!(round(&mut reactor), [ready(key, EventFlags::IN | EventFlags::HUP)]);
    assert_eq!((reactor.len(), drain(&mut reactor, key)), (2, 5));
    assert_eq!(reactor.keys().collect::<Vec<_>>(), [quiet, key]);
}

#[test]
fn deliveries_for_what_was_removed_in_the_same_batch_are_dropped() {
    let mut reactor = Reactor::new().unwrap();
    let pairs: Vec<_> = (0..50).map(|_| add_readable(&mut reactor, EventFlags::IN)).collect();
    let mut left = None;
    let turns = reactor.run_once(NOW, |reactor, turn| {
        let Turn::Ready { key, .. } = turn else { panic!("{turn:?}") };
        assert_eq!(left.replace(key), None, "a second turn after all others were removed");
        for (other, _) in &pairs {
            assert!(reactor.remove(*other).is_some());
        }
        assert!(reactor.get(key).is_none());
    });
    assert_eq!(turns.unwrap(), 1);
    assert!(reactor.is_empty());
    assert_eq!(round(&mut reactor), []);
}

#[test]
fn a_delivery_never_reaches_a_new_tenant_of_its_slot_and_descriptor_number() {
    let mut reactor = Reactor::new().unwrap();
    let (one, _theirs) = add_readable(&mut reactor, EventFlags::IN);
    let (two, _theirs_too) = add_readable(&mut reactor, EventFlags::IN);
    let mut fresh = None;
    let turns = reactor.run_once(NOW, |reactor, turn| {
        let Turn::Ready { key, .. } = turn else { panic!("{turn:?}") };
        assert_eq!(fresh, None, "{turn:?} after its registration had ended");
        // The other one is removed, and its number and its slot are taken by one that is quiet.
        let other = if key == one { two } else { one };
        let old = reactor.remove(other).unwrap();
        let (quiet, peer) = UnixStream::pair().unwrap();
        let number = old.as_raw_fd();
        // dup2 gives the number to the new socket, even if other tests open descriptors meanwhile.
        // SAFETY: both descriptors are ours, and the old one's owner now owns the new file.
        assert_eq!(unsafe { libc::dup2(quiet.as_raw_fd(), number) }, number);
        drop(quiet);
        fresh = Some((reactor.add(old, EventFlags::IN).unwrap(), peer)).map(|(key, peer)| {
            std::mem::forget(OwnedFd::from(peer));
            key
        });
    });
    assert_eq!(turns.unwrap(), 1);
    let fresh = fresh.unwrap();
    assert!(fresh != one && fresh != two && reactor.get(fresh).is_some());
    let next = round(&mut reactor);
    assert!(!next.contains(&ready(fresh, EventFlags::IN)), "{next:?}");
    assert_eq!(next.len(), 1);
}

#[test]
fn a_turn_may_remove_its_own_registration_and_add_others() {
    let mut reactor = Reactor::new().unwrap();
    let (first, _theirs) = add_readable(&mut reactor, EventFlags::IN);
    let mut peers = Vec::new();
    let mut keys = HashSet::from([first]);
    for _ in 0..100 {
        let turns = reactor.run_once(NOW, |reactor, turn| {
            let Turn::Ready { key, .. } = turn else { panic!("{turn:?}") };
            assert!(reactor.remove(key).is_some());
            let (next, peer) = add_readable(reactor, EventFlags::IN);
            assert!(keys.insert(next), "a key is never used again");
            peers.push(peer);
        });
        assert_eq!(turns.unwrap(), 1);
        assert_eq!(reactor.len(), 1);
    }
}

#[test]
fn a_removed_source_is_given_back_open_and_no_longer_watched() {
    let mut reactor = Reactor::new().unwrap();
    let (key, mut theirs) = add_readable(&mut reactor, EventFlags::IN);
    let mut source = reactor.remove(key).unwrap();
    assert!(reactor.remove(key).is_none());
    assert_eq!(round(&mut reactor), []);
    source.write_all(b"still open").unwrap();
    let mut bytes = [0; 10];
    theirs.read_exact(&mut bytes).unwrap();
    let again = reactor.add(source, EventFlags::IN).unwrap();
    assert_ne!(again, key);
    assert_eq!(round(&mut reactor), [ready(again, EventFlags::IN)]);
}

#[test]
fn a_dropped_reactor_drops_its_sources() {
    let mut reactor = Reactor::new().unwrap();
    let (_, mut theirs) = add(&mut reactor, EventFlags::IN);
    drop(reactor);
    assert_eq!(theirs.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_source_that_cannot_be_registered_is_given_back() {
    let mut reactor = Reactor::new().unwrap();
    let file = std::fs::File::open("/proc/self/exe").unwrap();
    let number = file.as_raw_fd();
    let failure = reactor.add(file, EventFlags::IN).unwrap_err();
    assert_eq!(failure.error.raw_os_error(), Some(libc::EPERM));
    assert_eq!(failure.source.as_raw_fd(), number);
    assert!(failure.to_string().contains("Operation not permitted"), "{failure}");
    assert!(reactor.is_empty());
}

#[test]
fn a_key_that_names_nothing_here_is_refused_everywhere() {
    let mut reactor = Reactor::new().unwrap();
    let mut other = Reactor::new().unwrap();
    let (gone, _theirs) = add(&mut reactor, EventFlags::IN);
    let _ = reactor.remove(gone);
    let (_, _theirs) = add(&mut reactor, EventFlags::IN);
    let (foreign, _theirs_too) = add(&mut other, EventFlags::IN);
    for (key, code) in [(gone, libc::ENOENT), (foreign, libc::EINVAL)] {
        assert_eq!(errno(reactor.modify(key, EventFlags::IN)), code);
        assert_eq!(errno(reactor.again(key, EventFlags::IN)), code);
        assert_eq!(errno(reactor.set_timer(key, None)), code);
        assert!(reactor.remove(key).is_none());
        assert!(reactor.get(key).is_none());
        assert!(reactor.get_mut(key).is_none());
    }
    assert_eq!((reactor.len(), other.len()), (1, 1));
}

#[test]
fn more_ready_registrations_than_fit_a_batch_all_get_their_turns() {
    let mut reactor = Reactor::new().unwrap();
    let pairs: Vec<_> = (0..300).map(|_| add_readable(&mut reactor, EventFlags::IN)).collect();
    let mut seen = HashSet::new();
    for _ in 0..2 {
        seen.extend(round(&mut reactor).into_iter().map(|turn| format!("{turn:?}")));
    }
    assert_eq!(seen.len(), pairs.len());
}

#[test]
fn all_registrations_are_visited_while_some_are_removed_and_made() {
    let mut reactor = Reactor::new().unwrap();
    assert_eq!(reactor.next_key(None), None);
    let pairs: Vec<_> = (0..300).map(|_| add(&mut reactor, EventFlags::IN)).collect();
    let timer = reactor.add_timer(std::time::Instant::now()).unwrap();
    let (mut visited, mut last) = (HashSet::new(), None);
    while let Some(key) = reactor.next_key(last) {
        last = Some(key);
        assert!(visited.insert(key), "{key:?} is visited twice");
        if visited.len() % 3 == 0 {
            drop(reactor.remove(key));
            // It takes the place that has just become free, which has been visited.
            add(&mut reactor, EventFlags::IN);
        }
    }
    let all: HashSet<_> = pairs.iter().map(|(key, _)| *key).chain([timer]).collect();
    assert_eq!(visited, all);
    assert_eq!(reactor.next_key(last), None);
    assert_eq!(reactor.keys().count(), 301);
}

/// A source whose descriptor its owner can close behind the reactor's back.
struct Shared(std::sync::Arc<OwnedFd>);

impl AsFd for Shared {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[test]
fn an_old_registration_of_a_number_cannot_harm_the_new_one() {
    let mut reactor = Reactor::new().unwrap();
    let (one, _peer) = UnixStream::pair().unwrap();
    let (two, mut peer) = UnixStream::pair().unwrap();
    let source = std::sync::Arc::new(OwnedFd::from(one));
    let old = reactor.add(Shared(source.clone()), EventFlags::IN).unwrap();
    // The number now names another socket: the kernel has dropped the first registration.
    // SAFETY: both descriptors are ours, and the first one's owner now owns the new file.
    assert_ne!(unsafe { libc::dup2(two.as_raw_fd(), source.as_raw_fd()) }, -1);
    drop(two);
    let new = reactor.add(Shared(source), EventFlags::IN).unwrap();
    reactor.modify(old, EventFlags::OUT).unwrap();
    let refused = EventFlags::ERR | EventFlags::from_bits_retain(0x20);
    assert_eq!(round(&mut reactor), [ready(old, refused)]);
    assert!(reactor.remove(old).is_some());
    peer.write_all(b"x").unwrap();
    assert_eq!(round(&mut reactor), [ready(new, EventFlags::IN)]);
}
