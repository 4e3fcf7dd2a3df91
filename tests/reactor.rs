//! The reactor against the real kernel, through its public API: who is called, for what, how often,
//! in which order; and what that costs in system calls and allocations.

#[path = "reactor/allocations.rs"]
mod allocations;
#[path = "reactor/calls.rs"]
mod calls;
#[path = "reactor/fairness.rs"]
mod fairness;
#[path = "reactor/interest.rs"]
mod interest;
#[path = "same_as_libc/interrupt.rs"]
mod interrupt;
#[path = "reactor/model.rs"]
mod model;
#[path = "reactor/registrations.rs"]
mod registrations;
#[path = "reactor/round_end.rs"]
mod round_end;
#[path = "reactor/running.rs"]
mod running;
#[path = "reactor/timers.rs"]
mod timers;
#[path = "reactor/wakeups.rs"]
mod wakeups;

use epshim::{EventFlags, Key, Reactor, Turn};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

const NOW: Option<Duration> = Some(Duration::ZERO);
/// Longer than anything here takes: it ends a wait that would never end, and fails the test.
const LONG: Option<Duration> = Some(Duration::from_secs(60));

fn errno<T>(result: Result<T, impl Into<io::Error>>) -> i32 {
    match result {
        Ok(_) => panic!("it should have failed"),
        Err(error) => error.into().raw_os_error().expect("an errno"),
    }
}

/// A registration of one end of a new socket pair, and the other end.
fn add(reactor: &mut Reactor<UnixStream>, interest: EventFlags) -> (Key, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    (reactor.add(ours, interest).unwrap(), theirs)
}

/// As `add`, with a byte to read.
fn add_readable(reactor: &mut Reactor<UnixStream>, interest: EventFlags) -> (Key, UnixStream) {
    let (key, mut theirs) = add(reactor, interest);
    theirs.write_all(b"x").unwrap();
    (key, theirs)
}

/// The turns of one round, without sleeping.
fn round<T>(reactor: &mut Reactor<T>) -> Vec<Turn> {
    let mut turns = Vec::new();
    let count = reactor.run_once(NOW, |_, turn| turns.push(turn)).unwrap();
    assert_eq!(count, turns.len());
    turns
}

fn ready(key: Key, flags: EventFlags) -> Turn {
    Turn::Ready { key, flags }
}

/// Reads all that is there.
fn drain(reactor: &mut Reactor<UnixStream>, key: Key) -> usize {
    let mut bytes = [0; 64];
    let mut total = 0;
    while let Ok(count @ 1..) = reactor.get_mut(key).unwrap().read(&mut bytes) {
        total += count;
    }
    total
}
