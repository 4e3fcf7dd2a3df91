//! The monitor of legality: what the program was told is held against what it was told before. It knows nothing
//! of how a fault was decided; so what it says is an error of chaos, and never one of the program.

use crate::chaos::books::Books;
use crate::chaos::writing;
use crate::output::line;
use crate::questions::descriptor;
use epshim_observe::bits;
use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Chaos did what is not legal. Said once, and counted.
pub fn violated(what: &'static str) {
    static SAID: AtomicBool = AtomicBool::new(false);
    if let Some(ledger) = writing::ledger() {
        ledger.is_illegal();
    }
    if !SAID.swap(true, Relaxed) {
        line::say(format_args!("chaos did what is not legal: {what}: this is an error of epshim"));
    }
}

/// EAGAIN was told, of input.
pub fn told_again(books: &mut Books, fd: c_int) {
    if books.known(fd).is_some_and(|known| known.has_ended) {
        violated("EAGAIN after a hang-up");
    }
}

/// EINTR was told: only a call that may sleep says that.
pub fn interrupted(fd: c_int) {
    if !descriptor::may_block(fd) {
        violated("EINTR of a call that does not block");
    }
}

/// An event was delivered that is not true: who believes it must not hang.
pub fn deceived(fd: c_int) {
    if descriptor::may_block(fd) {
        violated("an event that is not true of a descriptor that blocks");
    }
}

/// A call returned: `got` of `room` bytes, where the program asked for `asked`.
pub fn moved(books: &mut Books, fd: c_int, is_output: bool, got: i64, asked: u64, room: u64) {
    if room > asked {
        violated("more was asked of the kernel than by the program");
    }
    let is_end = got == 0 && asked > 0 && room > 0 && !is_output;
    if let Some(known) = books.known(fd).filter(|_| is_end) {
        known.has_ended = true;
    }
}

/// These events were delivered by an epoll: each must be of a registration, where all are known.
pub fn delivered(books: &mut Books, epfd: c_int, events: u32, data: u64) {
    if events & (bits::RDHUP | bits::HUP) == 0 {
        return;
    }
    let is_it = |one: &crate::chaos::known::Registration| one.epfd == epfd && one.data == data;
    let mut owners = books.known.values_mut().filter(|known| known.registrations.iter().any(is_it));
    // Two of the same data cannot be told apart.
    if let (Some(owner), None) = (owners.next(), owners.next()) {
        owner.has_ended = true;
    }
}
