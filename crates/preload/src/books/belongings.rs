//! Which line of the user's a descriptor belongs to: that of the accept, connect or socket that made it, or of
//! one of the first writes to it.
//!
//! Event loops register a descriptor later than the user's code asks for it (asyncio's streams, uvloop, gevent): the
//! line at epoll_ctl is the loop's. One word for each descriptor: a stack's number, and the file's inode, so
//! that the line is not taken for that of another file under the same number.
//!
//! Any thread changes a word at any time, in a signal handler too. Only in programs whose lines are known is there
//! memory for them.
//!
//! Surprising: only sockets belong to a line. Other files may have the same inode, as eventfds have.

use crate::books::chunks::Chunks;
use crate::questions::descriptor;
use std::ffi::c_int;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

static WORDS: Chunks<AtomicU64> = Chunks::new();

/// A word has the inode, whose upper half sockets do not use, and in these bits the stack's number, from 1; 0: no line
/// is known. Above the numbers of all stacks: how many writes were not at a line of the user's.
const STACK: u64 = 0xffff;
const WRITES: u64 = 0xfff0;
/// After this number of writes without a line of the user's no more are looked at.
const MOST_WRITES: u64 = 4;

/// A socket was made, accepted or connected: at the user's line that has this stack's number, or at none.
pub fn opened(fd: c_int, line: Option<u64>) {
    let Some((word, inode)) = WORDS.of(fd).zip(descriptor::inode_of_socket(fd)) else { return };
    match line {
        Some(number) => word.store(inode << 32 | (number + 1) & STACK, Relaxed),
        // What made it may have been the user's, and what connects it the loop.
        None if !is_of(word.load(Relaxed), inode) => word.store(inode << 32, Relaxed),
        None => {}
    }
}

/// It is about to be watched: until it is closed the word is of its file.
pub fn registered(fd: c_int) {
    let Some(word) = WORDS.of(fd) else { return };
    let inode = descriptor::inode_of_socket(fd).unwrap_or(0);
    if !is_of(word.load(Relaxed), inode) {
        word.store(inode << 32, Relaxed);
    }
}

/// It is about to be closed.
pub fn closed(fd: c_int) {
    if let Some(word) = WORDS.of(fd) {
        word.store(0, Relaxed);
    }
}

/// It was written to, and is watched, or will be: `line` says at which line of the user's.
pub fn written(fd: c_int, line: impl FnOnce() -> Option<u64>) {
    let Some(word) = WORDS.of(fd) else { return };
    let known = word.load(Relaxed);
    let looks = match known & STACK {
        0 => 0,
        looks @ WRITES.. => looks - WRITES,
        _ => return,
    };
    if known >> 32 == 0 || looks >= MOST_WRITES {
        return;
    }
    let stored = line().map_or(WRITES + looks + 1, |number| (number + 1) & STACK);
    let _ = word.compare_exchange(known, known & !STACK | stored, Relaxed, Relaxed);
}

/// The user's line that a watched descriptor belongs to: a stack's number.
pub fn of(fd: c_int) -> Option<u64> {
    let known = WORDS.of(fd)?.load(Relaxed);
    (known & STACK).checked_sub(1).filter(|&number| number + 1 < WRITES)
}

fn is_of(word: u64, inode: u64) -> bool {
    word >> 32 == inode
}
