//! That nothing is allocated per event: the test program's allocator counts, for each thread.

use super::*;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Instant;

thread_local!(static ALLOCATIONS: Cell<usize> = const { Cell::new(0) });

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's contract is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract is the same.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's contract is the same.
        unsafe { System.realloc(memory, layout, size) }
    }
}

/// One round in which everything happens that a turn can do, but for what opens sockets.
fn eventful_round(reactor: &mut Reactor<UnixStream>, peers: &mut [(Key, UnixStream)]) {
    for (_, peer) in peers.iter_mut() {
        peer.write_all(b"x").unwrap();
    }
    reactor.waker().wake();
    let turns = reactor.run_once(NOW, |reactor, turn| {
        let Turn::Ready { key, .. } = turn else { return };
        drain(reactor, key);
        reactor.again(key, EventFlags::OUT).unwrap();
        reactor.set_timer(key, Some(Instant::now())).unwrap();
        reactor.modify(key, EventFlags::IN | EventFlags::RDHUP).unwrap();
        // A registration that ends, and one that begins.
        let source = reactor.remove(key).unwrap();
        let key = reactor.add(source, EventFlags::IN).unwrap();
        reactor.again(key, EventFlags::OUT).unwrap();
        reactor.set_timer(key, Some(Instant::now())).unwrap();
        reactor.modify(key, EventFlags::IN | EventFlags::ET).unwrap();
    });
    assert!(turns.unwrap() >= peers.len());
}

#[test]
fn no_round_allocates_once_the_registrations_are_there() {
    let mut reactor = Reactor::new().unwrap();
    let mut peers: Vec<_> = (0..40).map(|_| add(&mut reactor, EventFlags::IN)).collect();
    let before = ALLOCATIONS.get();
    assert_ne!(before, 0, "the counter works");
    for _ in 0..200 {
        eventful_round(&mut reactor, &mut peers);
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
}
