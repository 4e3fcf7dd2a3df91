//! Looking at the program's descriptors without holding their files back.
//!
//! A system call on a descriptor holds its file for as long as it takes. A file that the program
//! closes meanwhile, in another thread, is released when that call ends and not when close(2)
//! returns (fs/file_table.c, fput): its peer hears of the hang-up late, its address is still in use.
//! So a look at the program's descriptors is announced, each one by its number; and whoever is about
//! to close that one waits for the call to end, which is for microseconds. What is closed while a
//! look lasts is not looked at again before the next.
//!
//! Surprising: a thread that was about to close, and had not seen the announcement yet, is given a
//! moment to be done with it. There is no other way to know.

use crate::runtime::lock::{Lock, PATIENCE};
use crate::runtime::watched;
use rustix::thread::{futex, gettid};
use std::ffi::{c_int, c_uint};
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};

/// What is looked at: a number and one, `ALL`, or 0 for nothing.
static LOOKED_AT: AtomicU32 = AtomicU32::new(0);
const ALL: u32 = u32::MAX;
/// Somebody waits for that to end.
static IS_AWAITED: AtomicU32 = AtomicU32::new(0);
/// One thread looks at a time,
static LOOK: Lock = Lock::new();
/// this one; 0: none.
static LOOKER: AtomicI32 = AtomicI32::new(0);

const WORDS: usize = 64;
const BITS: usize = usize::BITS as usize;

/// What was closed since the look began: a bit for each number, modulo so many. A number that
/// shares its bit with a closed one is taken for closed too.
static CLOSED: [AtomicUsize; WORDS] = [const { AtomicUsize::new(0) }; WORDS];

/// Between the announcement and the first look.
const MOMENT: futex::Timespec = futex::Timespec { tv_sec: 0, tv_nsec: 1_000_000 };
/// So long a close waits at most: whoever looks is dead then, or stopped.
const LIMIT: futex::Timespec = futex::Timespec { tv_sec: 0, tv_nsec: 500_000_000 };

/// A look, until it is dropped. It may be dropped in another process that shares the memory.
#[derive(Debug)]
pub struct Look {
    /// It is not part of another one.
    is_whole: bool,
    /// What that other one looked at.
    before: u32,
}

/// Begins a look; as a part of this thread's other look, if there is one.
pub fn look() -> Look {
    let me = gettid().as_raw_nonzero().get();
    // Who does not get it in seconds looks all the same.
    let is_whole = LOOKER.load(Relaxed) != me && LOOK.take(PATIENCE);
    if is_whole {
        LOOKER.store(me, Relaxed);
        CLOSED.iter().for_each(|word| word.store(0, SeqCst));
        watched::start_hazard();
        let nothing = AtomicU32::new(0);
        let _ = futex::wait(&nothing, futex::Flags::PRIVATE, 0, Some(&MOMENT));
    }
    Look { is_whole, before: LOOKED_AT.load(SeqCst) }
}

/// Begins to look at all descriptors.
pub fn look_at_all() -> Look {
    let look = look();
    now_at(ALL);
    look
}

impl Drop for Look {
    fn drop(&mut self) {
        now_at(self.before);
        if self.is_whole {
            watched::stop_hazard();
            LOOKER.store(0, Relaxed);
            LOOK.give();
        }
    }
}

/// Looks at one descriptor, within a look. None: it was closed since that began.
pub fn at<R>(fd: c_int, ask: impl FnOnce(c_int) -> R) -> Option<R> {
    let number = u32::try_from(fd).ok()?;
    // It is announced first and then seen whether it was closed; a close is noted first and then
    // seen whether it is announced. In whatever order these four are, one sees the other.
    let before = now_at(number + 1);
    let (word, bit) = place(number);
    let answer = (CLOSED[word].load(SeqCst) & bit == 0).then(|| ask(fd));
    now_at(before);
    answer
}

/// Returns what was looked at before.
fn now_at(what: u32) -> u32 {
    let before = LOOKED_AT.swap(what, SeqCst);
    if before != what && IS_AWAITED.swap(0, SeqCst) != 0 {
        let _ = futex::wake(&LOOKED_AT, futex::Flags::PRIVATE, i32::MAX as u32);
    }
    before
}

fn place(number: u32) -> (usize, usize) {
    let bit = number as usize % (WORDS * BITS);
    (bit / BITS, 1 << (bit % BITS))
}

/// These are about to be closed: waits until none of them is looked at.
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
    // Most looks are over before a thread has gone to sleep.
    for _ in 0..1000 {
        if !is_one_of_them(LOOKED_AT.load(SeqCst)) {
            return;
        }
        std::hint::spin_loop();
    }
    // What is looked at changes a few times at most before it is something else.
    for _ in 0..4 {
        IS_AWAITED.store(1, SeqCst);
        let what = LOOKED_AT.load(SeqCst);
        if !is_one_of_them(what) {
            return;
        }
        let _ = futex::wait(&LOOKED_AT, futex::Flags::PRIVATE, what, Some(&LIMIT));
    }
}

/// In a forked child: nobody looks.
pub fn forked() {
    LOOK.forked();
    LOOKER.store(0, Relaxed);
    LOOKED_AT.store(0, Relaxed);
    watched::stop_hazard();
}
