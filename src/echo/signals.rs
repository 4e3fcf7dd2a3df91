//! Signals. All of them reach the loops as descriptors of their epolls, so that load cannot starve
//! them: with `epoll_pwait` the kernel would return ready events before it delivers a signal, each
//! time. A signal comes to one thread only, whichever it may be, and its handler tells all: it adds
//! one to an eventfd of each.
//!
//! The handlers are without SA_RESTART, so that they interrupt whatever call they meet. SIGPIPE is
//! ignored.

use crate::options::MAX_THREADS;
use libc::{c_int, sigset_t};
use std::fs::File;
use std::io::{self, Read};
use std::mem::{ManuallyDrop, MaybeUninit};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering::Relaxed};

const CAUGHT: [c_int; 3] = [libc::SIGTERM, libc::SIGINT, libc::SIGUSR1];

/// The eventfds that the handler writes to. They are never closed.
static STOP: [AtomicI32; MAX_THREADS] = [const { AtomicI32::new(-1) }; MAX_THREADS];
static STATISTICS: [AtomicI32; MAX_THREADS] = [const { AtomicI32::new(-1) }; MAX_THREADS];
/// How many there are of each.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// What tells one thread of signals, once they are caught.
pub struct Signals {
    /// Readable when SIGTERM or SIGINT came.
    pub stop: ManuallyDrop<File>,
    /// Readable when SIGUSR1 came.
    pub statistics: ManuallyDrop<File>,
}

impl Signals {
    /// For the next thread, of which there are at most [`MAX_THREADS`].
    pub fn open() -> io::Result<Self> {
        let (stop, statistics) = (eventfd()?, eventfd()?);
        let thread = COUNT.fetch_add(1, Relaxed);
        STOP[thread].store(stop.as_raw_fd(), Relaxed);
        STATISTICS[thread].store(statistics.as_raw_fd(), Relaxed);
        Ok(Self { stop, statistics })
    }
}

/// How many signals have come since the last call.
pub fn read(mut eventfd: &File) -> u64 {
    let mut count = [0; size_of::<u64>()];
    eventfd.read(&mut count).map_or(0, |_| u64::from_ne_bytes(count))
}

/// Catches the signals from now on. Call it once, while there is one thread.
pub fn catch() -> io::Result<()> {
    // SAFETY: a sigaction is made of integers and optional pointers, for which zeroes are a value:
    // no flags.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = on_signal as extern "C" fn(c_int) as usize;
    action.sa_mask = caught();
    for signal in CAUGHT {
        // SAFETY: the action lives through the call, and the handler is async-signal-safe.
        check(unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) })?;
    }
    action.sa_sigaction = libc::SIG_IGN;
    // SAFETY: the action lives through the call.
    check(unsafe { libc::sigaction(libc::SIGPIPE, &raw const action, ptr::null_mut()) })?;
    // SAFETY: the set lives through the call.
    check(unsafe {
        libc::sigprocmask(libc::SIG_UNBLOCK, &raw const action.sa_mask, ptr::null_mut())
    })?;
    Ok(())
}

/// As if somebody had asked this process to stop.
pub fn stop_all() {
    // SAFETY: takes integers.
    unsafe { libc::kill(libc::getpid(), libc::SIGTERM) };
}

/// Async-signal-safe: it calls write(2) only. errno stays as it was, for the writes cannot fail:
/// the descriptors are never closed, and their counters hold 2^64-2 signals.
extern "C" fn on_signal(signal: c_int) {
    let one = 1_u64;
    let told = if signal == libc::SIGUSR1 { &STATISTICS } else { &STOP };
    for eventfd in &told[..COUNT.load(Relaxed)] {
        // SAFETY: the eight bytes live through the call.
        unsafe { libc::write(eventfd.load(Relaxed), (&raw const one).cast(), 8) };
    }
}

fn caught() -> sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the whole set; the signals are valid numbers.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in CAUGHT {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        set.assume_init()
    }
}

/// It stays open until the process ends, for so does the handler.
fn eventfd() -> io::Result<ManuallyDrop<File>> {
    // SAFETY: takes integers only, and makes a new descriptor.
    let fd = check(unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) })?;
    // SAFETY: the kernel has just made it for us.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    Ok(ManuallyDrop::new(fd.into()))
}

fn check(result: c_int) -> io::Result<c_int> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
