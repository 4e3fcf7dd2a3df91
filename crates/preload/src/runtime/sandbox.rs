//! Which calls the library may make of its own. A sandbox (seccomp(2)) may end the program for a call that
//! the program never makes itself; so what is not known to be allowed is not called.
//!
//! Owns a bit for each group of calls. A sandbox that is there at the start is probed, group by group
//! (`questions/probe.rs`). Before the program enters one itself all bits are set: from then on the library
//! reads memory and the clock in the vDSO, and calls nothing. One thread's sandbox is taken for all
//! threads'.
//!
//! Surprising: what was never asked of the kernel is not "no". Each question has an answer of its own for
//! "not asked", the one that keeps the checker silent.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};

/// The groups of calls that the library makes of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Call {
    /// Who this process and this thread are.
    Identity,
    /// Sleeping on a lock, and waking who sleeps. `REFUSED_SLEEP` in the hooks' header.
    Sleep,
    /// Signal masks, and signals that are pending.
    Signals,
    /// Memory from the kernel, and giving it back.
    Memory,
    /// What a descriptor is, and what is ready on it. `REFUSED_DESCRIPTORS` in the hooks' header.
    Descriptors,
    /// Opening, reading and writing files of the library's own.
    Files,
    /// Copying memory that may not be there.
    CopyMemory,
    /// A child in the same memory, with a descriptor table of its own.
    SideProcess,
    /// The monitor thread.
    Thread,
    /// Executing the symbolizer.
    Execute,
    /// Writing to a descriptor of the program's.
    Write,
    /// The addresses of a socket, to introduce it in a report.
    Addresses,
}

impl Call {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 12] = [
        Self::Identity,
        Self::Sleep,
        Self::Signals,
        Self::Memory,
        Self::Descriptors,
        Self::Files,
        Self::CopyMemory,
        Self::SideProcess,
        Self::Thread,
        Self::Execute,
        Self::Write,
        Self::Addresses,
    ];

    /// The calls, as a user may know them.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "getpid",
            Self::Sleep => "futex",
            Self::Signals => "sigprocmask",
            Self::Memory => "mmap",
            Self::Descriptors => "fstat, fcntl, poll",
            Self::Files => "open",
            Self::CopyMemory => "process_vm_readv",
            Self::SideProcess => "clone",
            Self::Thread => "threads",
            Self::Execute => "execve",
            Self::Write => "write",
            Self::Addresses => "getsockname, getpeername",
        }
    }

    fn bit(self) -> u32 {
        1 << self as u8
    }
}

unsafe extern "C" {
    // `hooks/watched.c`: an `_Atomic unsigned`, which the hooks read too.
    safe static epshim_refused: AtomicU32;
}

/// What is refused by the sandbox that the program was started in, and what is not called for that reason.
static REFUSED_AT_START: AtomicU32 = AtomicU32::new(0);
static NOT_MADE: AtomicU32 = AtomicU32::new(0);
/// Where the program entered it; 0: it did not.
static ENTERED_AT: AtomicUsize = AtomicUsize::new(0);
/// The thread, by the address of a variable of its own, that has written with write(2) to the descriptor
/// below since; 0: none.
static WRITER: AtomicUsize = AtomicUsize::new(0);
static WRITTEN: AtomicUsize = AtomicUsize::new(0);

/// Whether the library may make calls of this group.
#[inline]
pub fn may(call: Call) -> bool {
    epshim_refused.load(Relaxed) & call.bit() == 0
}

/// The program was started in a sandbox which lets no calls of this group pass.
pub fn refuse(call: Call) {
    REFUSED_AT_START.fetch_or(call.bit(), Relaxed);
    give_up(call);
}

/// They would pass, and are of no use without others that do not.
pub fn give_up(call: Call) {
    epshim_refused.fetch_or(call.bit(), SeqCst);
    NOT_MADE.fetch_or(call.bit(), Relaxed);
}

/// The program is about to enter a sandbox: from now on nothing is called.
pub fn enter(site: usize) {
    WRITER.store(0, Relaxed);
    if ENTERED_AT.compare_exchange(0, site.max(1), SeqCst, SeqCst).is_ok() {
        epshim_refused.store(u32::MAX, SeqCst);
    }
}

/// It did not enter it, and was in none before.
pub fn leave() {
    ENTERED_AT.store(0, SeqCst);
    epshim_refused.store(NOT_MADE.load(Relaxed), SeqCst);
}

/// Where the program entered a sandbox.
pub fn entered_at() -> Option<usize> {
    Some(ENTERED_AT.load(Relaxed)).filter(|&site| site != 0)
}

/// What the sandbox refuses that the program was started in.
pub fn refused_at_start() -> impl Iterator<Item = Call> {
    let refused = REFUSED_AT_START.load(Relaxed);
    Call::ALL.into_iter().filter(move |call| refused & call.bit() != 0)
}

/// This thread, known by the address of a variable of its own, has written to a descriptor: its sandbox
/// lets that pass.
pub fn wrote(thread: usize, fd: usize) {
    WRITTEN.store(fd, Relaxed);
    WRITER.store(thread, Relaxed);
}

/// Whether this thread has done so since the program entered a sandbox.
pub fn has_written(thread: usize, fd: usize) -> bool {
    WRITER.load(Relaxed) == thread && WRITTEN.load(Relaxed) == fd
}
