//! Hazards: asking about the program's descriptors without holding their files back.
//!
//! A system call on a descriptor holds its file for as long as it takes. A file that the program
//! closes meanwhile, in another thread, is released when that call ends and not when close(2)
//! returns (fs/file_table.c, fput): its peer hears of the hang-up late, its address is still in use.
//! So a thread that asks about descriptors announces it, each descriptor by its number; and a thread
//! that is about to close that one waits for the call to end, which is for microseconds. A descriptor
//! that is closed during an announcement is not asked about again before the next.
//!
//! Surprising: a thread may be about to close, and not have seen the announcement yet. It is given a
//! moment to finish. There is no other way to know.

use crate::runtime::lock::{Lock, PATIENCE};
use crate::runtime::watched;
use rustix::thread::{futex, gettid};
use std::ffi::{c_int, c_uint};
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};

/// What is asked about: a number and one, `ALL`, or 0 for nothing.
static ASKED_ABOUT: AtomicU32 = AtomicU32::new(0);
const ALL: u32 = u32::MAX;
/// A closing thread waits for `ASKED_ABOUT` to change.
static IS_AWAITED: AtomicU32 = AtomicU32::new(0);
/// Held by the thread that asks: one at a time,
static ASKING: Lock = Lock::new();
/// and its id; 0: none.
static ASKER: AtomicI32 = AtomicI32::new(0);

const WORDS: usize = 64;
const BITS: usize = usize::BITS as usize;

/// What was closed since the announcement: a bit for each number, modulo the number of bits. A
/// number that shares its bit with a closed one is taken for closed too.
static CLOSED: [AtomicUsize; WORDS] = [const { AtomicUsize::new(0) }; WORDS];

/// Between the announcement and the first question.
const MOMENT: futex::Timespec = futex::Timespec { tv_sec: 0, tv_nsec: 1_000_000 };
/// How long one wait of a closing thread takes at most: the asking thread is dead then, or stopped.
const LIMIT: futex::Timespec = futex::Timespec { tv_sec: 0, tv_nsec: 500_000_000 };

/// An announcement, until it is dropped. It may be dropped in another process that shares the memory.
#[derive(Debug)]
pub struct Announcement {
    /// It is not part of another one of the same thread.
    is_whole: bool,
    /// What that other one asked about.
    before: u32,
}

/// Announces that this thread asks about descriptors. Within another announcement of the same thread,
/// the new one is a part of it.
pub fn announce() -> Announcement {
    let me = gettid().as_raw_nonzero().get();
    // A thread that does not get the lock in seconds asks all the same.
    let is_whole = ASKER.load(Relaxed) != me && ASKING.take(PATIENCE);
    if is_whole {
        ASKER.store(me, Relaxed);
        CLOSED.iter().for_each(|word| word.store(0, SeqCst));
        watched::start_hazard();
        let nothing = AtomicU32::new(0);
        let _ = futex::wait(&nothing, futex::Flags::PRIVATE, 0, Some(&MOMENT));
    }
    Announcement { is_whole, before: ASKED_ABOUT.load(SeqCst) }
}

/// Announces that this thread holds the files of all descriptors.
pub fn announce_all() -> Announcement {
    let announcement = announce();
    asks_about(ALL);
    announcement
}

impl Drop for Announcement {
    fn drop(&mut self) {
        asks_about(self.before);
        if self.is_whole {
            watched::stop_hazard();
            ASKER.store(0, Relaxed);
            ASKING.give();
        }
    }
}

/// Asks about one descriptor, under an announcement. `None`: it was closed since that began.
pub fn ask<R>(fd: c_int, question: impl FnOnce(c_int) -> R) -> Option<R> {
    let number = u32::try_from(fd).ok()?;
    // The asking thread writes the number first, and then reads whether it was closed; the closing
    // thread notes the close first, and then reads the number. In every order of these four steps
    // one of the threads sees what the other wrote.
    let before = asks_about(number + 1);
    let (word, bit) = place(number);
    let answer = (CLOSED[word].load(SeqCst) & bit == 0).then(|| question(fd));
    asks_about(before);
    answer
}

/// Returns what was asked about before.
fn asks_about(what: u32) -> u32 {
    let before = ASKED_ABOUT.swap(what, SeqCst);
    if before != what && IS_AWAITED.swap(0, SeqCst) != 0 {
        let _ = futex::wake(&ASKED_ABOUT, futex::Flags::PRIVATE, i32::MAX as u32);
    }
    before
}

fn place(number: u32) -> (usize, usize) {
    let bit = number as usize % (WORDS * BITS);
    (bit / BITS, 1 << (bit % BITS))
}

/// This thread is about to close these numbers: it waits until no thread asks about them.
pub fn closing(first: c_uint, last: c_uint) {
    if (last as usize).saturating_sub(first as usize) < WORDS * BITS {
        for number in first..=last {
            let (word, bit) = place(number);
            CLOSED[word].fetch_or(bit, SeqCst);
        }
    } else {
        CLOSED.iter().for_each(|word| word.store(usize::MAX, SeqCst));
    }
    let is_one_of_them =
        |what: u32| what == ALL || what != 0 && (first..=last).contains(&(what - 1));
    // Most questions are over before a thread has gone to sleep.
    for _ in 0..1000 {
        if !is_one_of_them(ASKED_ABOUT.load(SeqCst)) {
            return;
        }
        std::hint::spin_loop();
    }
    // The announced number changes a few times at most before it is outside this range.
    for _ in 0..4 {
        IS_AWAITED.store(1, SeqCst);
        let what = ASKED_ABOUT.load(SeqCst);
        if !is_one_of_them(what) {
            return;
        }
        let _ = futex::wait(&ASKED_ABOUT, futex::Flags::PRIVATE, what, Some(&LIMIT));
    }
}

/// In a forked child: no thread asks.
pub fn forked() {
    ASKING.forked();
    ASKER.store(0, Relaxed);
    ASKED_ABOUT.store(0, Relaxed);
    watched::stop_hazard();
}
