//! Signals, as descriptors in the epoll, so that load cannot starve them: with `epoll_pwait` the
//! kernel would return ready events before it delivers a signal, each time.
//!
//! SIGTERM and SIGINT come through a signalfd. SIGUSR1 has a handler, without SA_RESTART, so that
//! it interrupts whatever call it meets; the handler writes to an eventfd. SIGPIPE is ignored by
//! the Rust runtime.

use libc::{c_int, sigset_t};
use std::fs::File;
use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

/// Where the handler writes.
static STATISTICS_WANTED: AtomicI32 = AtomicI32::new(-1);

/// The two descriptors.
pub struct Signals {
    /// Readable when SIGTERM or SIGINT came.
    pub stop: File,
    /// Readable when SIGUSR1 came. The handler uses it until the process ends: it is never closed.
    pub statistics: &'static File,
}

impl Signals {
    /// Blocks and catches the signals from now on. Call it once, while there is one thread.
    pub fn open() -> io::Result<Self> {
        let stop = set(&[libc::SIGTERM, libc::SIGINT]);
        change_mask(libc::SIG_BLOCK, &stop)?;
        // SAFETY: the set lives through the call, which makes a new descriptor.
        let stop =
            owned(unsafe { libc::signalfd(-1, &stop, libc::SFD_NONBLOCK | libc::SFD_CLOEXEC) })?;
        // SAFETY: takes integers only, and makes a new descriptor.
        let statistics =
            owned(unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) })?;
        let statistics: &'static File = Box::leak(Box::new(statistics));
        STATISTICS_WANTED.store(statistics.as_raw_fd(), Relaxed);
        handle(libc::SIGUSR1, on_sigusr1)?;
        change_mask(libc::SIG_UNBLOCK, &set(&[libc::SIGUSR1]))?;
        Ok(Self { stop, statistics })
    }

    /// Takes the signals that ask to stop; returns how many there were.
    pub fn take_stop(&self) -> usize {
        let mut info = [0; size_of::<libc::signalfd_siginfo>()];
        let mut signals = 0;
        while (&self.stop).read(&mut info).is_ok_and(|read| read == info.len()) {
            signals += 1;
        }
        signals
    }

    /// Whether SIGUSR1 came since the last call.
    pub fn take_statistics(&self) -> bool {
        let mut times = [0; size_of::<u64>()];
        let mut statistics = self.statistics;
        statistics.read(&mut times).is_ok()
    }
}

/// Async-signal-safe: it calls write(2) only. errno stays as it was, for the write cannot fail: the
/// descriptor is never closed, and its counter holds 2^64-2 signals.
extern "C" fn on_sigusr1(_: c_int) {
    let one = 1_u64;
    // SAFETY: the eight bytes live through the call.
    unsafe { libc::write(STATISTICS_WANTED.load(Relaxed), (&raw const one).cast(), 8) };
}

fn handle(signal: c_int, handler: extern "C" fn(c_int)) -> io::Result<()> {
    // SAFETY: a sigaction is made of integers and optional pointers, for which zeroes are a value:
    // no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as *const () as usize;
    // SAFETY: the action lives through the call, and the handler is async-signal-safe.
    check(unsafe { libc::sigaction(signal, &action, ptr::null_mut()) })?;
    Ok(())
}

fn change_mask(how: c_int, signals: &sigset_t) -> io::Result<()> {
    // SAFETY: the set lives through the call.
    check(unsafe { libc::sigprocmask(how, signals, ptr::null_mut()) })?;
    Ok(())
}

fn set(signals: &[c_int]) -> sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the whole set; the signals are valid numbers.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for &signal in signals {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        set.assume_init()
    }
}

fn owned(fd: c_int) -> io::Result<File> {
    let fd = check(fd)?;
    // SAFETY: the callers pass what the kernel has just made for them.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) }.into())
}

fn check(result: c_int) -> io::Result<c_int> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
