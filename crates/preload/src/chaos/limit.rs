//! The limit of descriptors (RLIMIT_NOFILE), lowered for a while: then every call that makes a descriptor fails with
//! EMFILE, the kernel says so itself, and a close makes room.
//!
//! No other program may start with it: before fork(2) and exec(2) it is what it was, and a process that starts one
//! where no hook is between (posix_spawn(3), system(3)) has this fault no more.
//!
//! Surprising: the state is atomics and not in the books: a child of vfork(2) that executes a program has the
//! memory of its parent, but a limit of its own.

use crate::runtime::clock::now;
use crate::runtime::sandbox::{self, Call};
use crate::runtime::{process, shared_page};
use epshim_observe::{MILLISECOND, Nanos, SECOND};
use rustix::fd::{AsRawFd as _, OwnedFd};
use rustix::fs::{CWD, Mode, OFlags, RawDir, openat};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering::SeqCst};

/// Milliseconds of the shortest time; the longest is this, doubled seven times.
pub const SHORTEST: u64 = 10;
pub const LENGTHS: u64 = 8;
/// How long the call that is to fail may take.
const PATIENCE: Nanos = 10 * SECOND;

/// The limit as it was, and as it is or was lowered last.
static FROM: AtomicU64 = AtomicU64::new(0);
static TO: AtomicU64 = AtomicU64::new(0);
static IS_LOWERED: AtomicBool = AtomicBool::new(false);
/// The highest number that was open when chaos began.
static INHERITED: AtomicI32 = AtomicI32::new(0);
/// When it is to be raised.
static UNTIL: AtomicU64 = AtomicU64::new(0);
/// It is not to be lowered any more.
static IS_OVER: AtomicBool = AtomicBool::new(false);

/// The limit, and the first number that is free. `None`: it cannot be lowered here, or a number above is open, whose
/// close would make no room.
pub fn room() -> Option<(u64, u64)> {
    let is_free = Call::ALL.into_iter().all(sandbox::may);
    if !is_free || IS_OVER.load(SeqCst) || IS_LOWERED.load(SeqCst) {
        return None;
    }
    let limit = getrlimit(Resource::Nofile).current?;
    let (first, highest) = numbers()?;
    let is_last = highest <= first.max(INHERITED.load(SeqCst));
    is_last.then_some((limit, first as u64))
}

/// Chaos begins: what the program has inherited is none that it would close to make room.
pub fn start() {
    if let Some((_, highest)) = numbers() {
        INHERITED.store(highest, SeqCst);
    }
}

/// The first number that is free, and the highest that is open.
fn numbers() -> Option<(c_int, c_int)> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = openat(CWD, c"/proc/self/fd", flags, Mode::empty()).ok()?;
    let first = folder.as_raw_fd();
    let highest = highest(&folder);
    shared_page::close_now(folder);
    Some((first, highest?))
}

fn highest(folder: &OwnedFd) -> Option<c_int> {
    let mut room = [MaybeUninit::uninit(); 1024];
    let mut entries = RawDir::new(folder, &mut room);
    let mut highest = 0;
    while let Some(entry) = entries.next() {
        let name = entry.ok()?.file_name().to_str().ok()?.parse().unwrap_or(0);
        highest = highest.max(name);
    }
    Some(highest)
}

/// A call has failed by a limit that the program has reached by itself: what it does about that counts on the limit.
pub fn was_reached() {
    if !IS_LOWERED.load(SeqCst) {
        end();
    }
}

/// Lowers it, until a call has failed by it and so long after: see [`lasts`]. With the lock of the books, as all that
/// lowers it.
pub fn lower(from: u64, to: u64) -> bool {
    FROM.store(from, SeqCst);
    UNTIL.store(now() + PATIENCE, SeqCst);
    TO.store(to, SeqCst);
    IS_LOWERED.store(true, SeqCst);
    let is_lower = set(from, to);
    IS_LOWERED.store(is_lower, SeqCst);
    is_lower
}

/// The call has returned: from now on it lasts so many milliseconds.
pub fn lasts(milliseconds: u64) {
    UNTIL.store(now() + milliseconds.min(SHORTEST << LENGTHS) * MILLISECOND, SeqCst);
}

/// When it is to be raised.
pub fn due() -> Option<Nanos> {
    IS_LOWERED.load(SeqCst).then(|| UNTIL.load(SeqCst))
}

/// Raises it, if it is time.
pub fn raise_when_due() {
    if due().is_some_and(|due| now() >= due) {
        raise();
    }
}

/// Raises it.
pub fn raise() {
    if IS_LOWERED.load(SeqCst) {
        set(TO.load(SeqCst), FROM.load(SeqCst));
        IS_LOWERED.store(false, SeqCst);
    }
}

/// Before exec. A child of vfork raises its own, which may still be lowered when its parent's is not any more.
pub fn raise_for_exec() {
    if process::owns_memory() {
        raise();
    } else if FROM.load(SeqCst) != 0 {
        set(TO.load(SeqCst), FROM.load(SeqCst));
    }
}

/// Raises it, and it is not lowered any more.
pub fn end() {
    IS_OVER.store(true, SeqCst);
    raise();
}

/// Sets the limit, if it is still the one that is expected: the program may have set another.
fn set(expected: u64, limit: u64) -> bool {
    let old = getrlimit(Resource::Nofile);
    let is_it = old.current == Some(expected);
    is_it && setrlimit(Resource::Nofile, Rlimit { current: Some(limit), ..old }).is_ok()
}
