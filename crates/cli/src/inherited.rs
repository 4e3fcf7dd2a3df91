//! What this process was started with, and what Rust's runtime changes of it before `main`: it ignores
//! SIGPIPE, and opens /dev/null where one of the descriptors 0 to 2 is closed.
//!
//! A constructor looks before the runtime starts. It changes nothing, and neither does this module: what
//! `check` and `run` give back to their program is said in `launch/unchanged.rs`.

use rustix::io::fcntl_dupfd_cloexec;
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

static IGNORED_SIGPIPE: AtomicBool = AtomicBool::new(false);
static WAS_CLOSED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];

/// The loader calls it among the program's constructors, before Rust's runtime starts.
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look;

extern "C" fn look() {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: sigaction(2) only fills in the structure, and all zeros are a valid one too.
    let action = unsafe {
        libc::sigaction(libc::SIGPIPE, ptr::null(), action.as_mut_ptr());
        action.assume_init()
    };
    IGNORED_SIGPIPE.store(action.sa_sigaction == libc::SIG_IGN, Relaxed);
    for (number, was_closed) in (0..).zip(&WAS_CLOSED) {
        // SAFETY: reads a flag of a number, and fails where that is no descriptor.
        was_closed.store(unsafe { libc::fcntl(number, libc::F_GETFD) } == -1, Relaxed);
    }
}

/// Whether SIGPIPE was ignored.
pub fn ignored_sigpipe() -> bool {
    IGNORED_SIGPIPE.load(Relaxed)
}

/// The descriptors from 0 to 2 that were closed.
pub fn closed() -> impl Iterator<Item = RawFd> {
    (0..)
        .zip(&WAS_CLOSED)
        .filter(|(_, was_closed)| was_closed.load(Relaxed))
        .map(|(number, _)| number)
}

/// Whether a descriptor from 0 to 2 was closed.
pub fn was_closed(number: RawFd) -> bool {
    closed().any(|closed| closed == number)
}

/// A descriptor that this process was started with, and that the program gets.
#[derive(Debug)]
pub struct Descriptor {
    /// Device and inode.
    pub file: (u64, u64),
    pub is_for_writing: bool,
    pub is_socket: bool,
}

/// What this number is; nothing if it is not open, or closed by the exec.
pub fn descriptor(number: RawFd) -> Option<Descriptor> {
    if number < 0 || was_closed(number) {
        return None;
    }
    // SAFETY: reads flags of a number, and fails where that is no descriptor.
    let (own, of_the_file) =
        unsafe { (libc::fcntl(number, libc::F_GETFD), libc::fcntl(number, libc::F_GETFL)) };
    if own == -1 || own & libc::FD_CLOEXEC != 0 {
        return None;
    }
    let mut stat = MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: fstat(2) only fills in the structure, and all zeros are a valid one too.
    let (outcome, stat) = unsafe { (libc::fstat(number, stat.as_mut_ptr()), stat.assume_init()) };
    // The types of the fields differ between architectures.
    #[allow(clippy::useless_conversion)]
    (outcome == 0).then(|| Descriptor {
        file: (stat.st_dev.into(), stat.st_ino.into()),
        is_for_writing: of_the_file & libc::O_ACCMODE != libc::O_RDONLY,
        is_socket: stat.st_mode & libc::S_IFMT == libc::S_IFSOCK,
    })
}

/// A copy of a descriptor that this process was started with, which an exec closes.
pub fn copy(number: RawFd) -> Option<OwnedFd> {
    descriptor(number)?;
    // SAFETY: it is open, and is not -1; the kernel looks at it again.
    let number = unsafe { BorrowedFd::borrow_raw(number) };
    fcntl_dupfd_cloexec(number, 3).ok()
}
