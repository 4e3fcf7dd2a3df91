//! That nothing is allocated per event, and that an allocation which is refused is an error: the test
//! program's allocator counts and refuses, for each thread.

use super::*;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr;
use std::time::Instant;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    /// How many blocks there are now, of this thread.
    static BLOCKS: Cell<isize> = const { Cell::new(0) };
    /// Which allocation is refused; none, if it is over.
    static REFUSED: Cell<usize> = const { Cell::new(usize::MAX) };
}

fn is_refused() -> bool {
    ALLOCATIONS.replace(ALLOCATIONS.get() + 1) == REFUSED.get()
}

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: every call is passed on to the system's allocator as it came, or refused with null.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_refused() {
            return ptr::null_mut();
        }
        BLOCKS.set(BLOCKS.get() + 1);
        // SAFETY: the caller's contract is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        BLOCKS.set(BLOCKS.get() - 1);
        // SAFETY: the caller's contract is the same.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if is_refused() {
            return ptr::null_mut();
        }
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

/// A reactor with a few registrations and a few timers; all sources that it did not take come back.
fn small_life(sources: &mut Vec<UnixStream>) -> io::Result<()> {
    let mut reactor = Reactor::new()?;
    let waker = reactor.waker();
    while let Some(source) = sources.pop() {
        if let Err(failure) = reactor.add(source, EventFlags::OUT) {
            sources.push(failure.source);
            return Err(failure.error);
        }
        reactor.add_timer(Instant::now())?;
    }
    waker.wake();
    assert!(reactor.run_once(NOW, |_, _| ())? > 0);
    Ok(())
}

#[test]
fn each_allocation_that_is_refused_is_enomem_and_leaves_nothing_behind() {
    const SOURCES: usize = 10;
    for number in 0.. {
        let (ours, _theirs): (Vec<_>, Vec<_>) =
            (0..SOURCES).map(|_| UnixStream::pair().unwrap()).unzip();
        let mut sources = ours;
        let before = BLOCKS.get();
        REFUSED.set(ALLOCATIONS.get() + number);
        let result = small_life(&mut sources);
        let was_refused = ALLOCATIONS.get() > REFUSED.replace(usize::MAX);
        assert_eq!(BLOCKS.get(), before, "allocation {number}");
        if !was_refused {
            assert!(number > 10, "{number} allocations were refused");
            return result.unwrap();
        }
        assert_eq!(errno(result), libc::ENOMEM, "allocation {number}");
    }
}
