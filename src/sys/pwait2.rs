//! `epoll_pwait2` for every C library and every kernel.
//!
//! glibc has it since 2.35 and bionic since API 35, musl has none; the kernel has it since 5.11,
//! and emulators and seccomp filters may still answer ENOSYS. Where it is missing this module
//! waits with `epoll_pwait`, whose timeout is in milliseconds, and rounds **up**: a wait may be
//! late, as any wait may, and never returns early, so that a loop driven by deadlines cannot spin.
//!
//! The surprising thing: the caller's timeout pointer may be invalid, and must then give EFAULT as
//! from the kernel. The fallback therefore shows it to the kernel first (see [`validate`]).

use super::calls::epoll_pwait;
use super::errno::{errno, set_errno};
use super::time::Timespec;
use crate::layout::Event;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};
use libc::{c_int, c_long, c_void, sigset_t};

type Pwait2 =
    unsafe extern "C" fn(c_int, *mut Event, c_int, *const Timespec, *const sigset_t) -> c_int;

/// What `epoll_pwait2` calls: null until the first call, then libc's function or [`fallback`].
/// Racing first calls store the same value, so relaxed ordering is enough.
static CHOSEN: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());

/// Whether libc's `epoll_pwait2` reads the timeout itself: glibc with a 32-bit `time_t` widens it
/// for the kernel (`sysdeps/unix/sysv/linux/epoll_pwait2.c`), and crashes on a bad pointer.
const LIBC_READS_TIMEOUT: bool = cfg!(target_env = "gnu") && size_of::<Timespec>() == 8;

/// epoll_pwait2(2). A cancellation point.
///
/// # Safety
///
/// As [`epoll_wait`](super::epoll_wait); `timeout` and `sigmask` are null or any pointer, each
/// read with a checked copy.
pub(crate) unsafe fn epoll_pwait2(
    epfd: c_int,
    events: *mut Event,
    maxevents: c_int,
    mut timeout: *const Timespec,
    sigmask: *const sigset_t,
) -> c_int {
    let copy;
    if LIBC_READS_TIMEOUT && !timeout.is_null() {
        // SAFETY: the caller's contract.
        match unsafe { read(timeout) } {
            Ok(time) => copy = time,
            Err(error) => return fail(error),
        }
        timeout = &raw const copy;
    }
    let before = errno();
    // SAFETY: `chosen` returns a function of this type; its contract is the caller's.
    let result = unsafe { chosen()(epfd, events, maxevents, timeout, sigmask) };
    if result == -1 && errno() == libc::ENOSYS {
        CHOSEN.store(fallback as Pwait2 as *mut c_void, Relaxed);
        set_errno(before);
        // SAFETY: the contract of `fallback` is ours.
        return unsafe { fallback(epfd, events, maxevents, timeout, sigmask) };
    }
    result
}

/// libc's function if there is one, else [`fallback`].
fn chosen() -> Pwait2 {
    let mut function = CHOSEN.load(Relaxed);
    if function.is_null() {
        // SAFETY: the name is a C string. dlsym may set errno? It does not (dlsym(3)).
        function = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"epoll_pwait2".as_ptr()) };
        if function.is_null() {
            function = fallback as Pwait2 as *mut c_void;
        }
        CHOSEN.store(function, Relaxed);
    }
    // SAFETY: not null, and only ever stored from `fallback` or from the C library's symbol of
    // that name, whose signature `proof.rs` holds against <sys/epoll.h>.
    unsafe { core::mem::transmute::<*mut c_void, Pwait2>(function) }
}

/// Waits with `epoll_pwait`, in milliseconds rounded up; longer timeouts in several waits.
///
/// # Safety
///
/// As [`epoll_pwait2`].
unsafe extern "C" fn fallback(
    epfd: c_int,
    events: *mut Event,
    maxevents: c_int,
    timeout: *const Timespec,
    sigmask: *const sigset_t,
) -> c_int {
    if timeout.is_null() {
        // SAFETY: the caller's contract.
        return unsafe { epoll_pwait(epfd, events, maxevents, -1, sigmask) };
    }
    // SAFETY: the caller's contract.
    let mut left = match unsafe { read(timeout) } {
        Ok(time) => milliseconds(time),
        Err(error) => return fail(error),
    };
    loop {
        let step = left.min(c_int::MAX as u64);
        // SAFETY: the caller's contract.
        let result = unsafe { epoll_pwait(epfd, events, maxevents, step as c_int, sigmask) };
        left -= step;
        if result != 0 || left == 0 {
            return result;
        }
    }
}

/// A valid timeout in milliseconds, rounded up; beyond 2^64 it stays there.
fn milliseconds(timeout: Timespec) -> u64 {
    let rounded_up = (timeout.tv_nsec as u64).div_ceil(1_000_000);
    (timeout.tv_sec as u64).saturating_mul(1000).saturating_add(rounded_up)
}

fn fail(error: c_int) -> c_int {
    set_errno(error);
    -1
}

/// Reads a timeout as the kernel would, or says why the kernel would not.
///
/// # Safety
///
/// `timeout` is any pointer but null; if it can be read, nothing may change it during the call.
unsafe fn read(timeout: *const Timespec) -> Result<Timespec, c_int> {
    validate(timeout)?;
    // SAFETY: the kernel has just read a timespec here; the caller keeps it there for the call.
    // It need not be aligned.
    Ok(unsafe { timeout.read_unaligned() })
}

/// Has the kernel read and check a timeout without waiting, as `epoll_pwait2` would have: EFAULT
/// for memory that cannot be read, EINVAL for a negative or denormal time.
///
/// FUTEX_WAIT copies and checks its timeout before it looks at the futex word (`kernel/futex/
/// syscalls.c`), and returns EAGAIN at once when the word does not hold the expected value.
fn validate(timeout: *const Timespec) -> Result<(), c_int> {
    // With a 64-bit time_t a 32-bit target needs futex_time64 (number 422 on every architecture).
    let futex: c_long =
        if size_of::<Timespec>() > 2 * size_of::<c_long>() { 422 } else { SYS_FUTEX };
    let before = errno();
    let word = 0_u32;
    // SAFETY: the word lives through the call and is only read; the kernel reads `timeout` with a
    // checked copy. No other thread knows the word, so nothing can wait or wake here.
    unsafe {
        libc::syscall(
            futex,
            &raw const word,
            libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
            !word,
            timeout,
            ptr::null::<u32>(),
            0,
        )
    };
    let error = errno();
    set_errno(before);
    match error {
        libc::EFAULT | libc::EINVAL => Err(error),
        _ => Ok(()),
    }
}

/// `futex`, where it exists: riscv32 has only `futex_time64`.
#[cfg(not(target_arch = "riscv32"))]
const SYS_FUTEX: c_long = libc::SYS_futex;
#[cfg(target_arch = "riscv32")]
const SYS_FUTEX: c_long = 422;

#[cfg(test)]
mod tests {
    use super::{milliseconds, validate};
    use crate::sys::timespec;

    #[test]
    fn a_timeout_is_rounded_up_to_milliseconds_and_never_to_zero() {
        assert_eq!(milliseconds(timespec(0, 0)), 0);
        assert_eq!(milliseconds(timespec(0, 1)), 1);
        assert_eq!(milliseconds(timespec(0, 999_999)), 1);
        assert_eq!(milliseconds(timespec(0, 1_000_000)), 1);
        assert_eq!(milliseconds(timespec(0, 1_000_001)), 2);
        assert_eq!(milliseconds(timespec(3, 999_999_999)), 4000);
    }

    #[test]
    fn a_timeout_of_more_milliseconds_than_there_are_is_cut_not_wrapped() {
        let longest = timespec(u64::MAX, 999_999_999);
        if size_of_val(&longest.tv_sec) == 8 {
            assert_eq!(milliseconds(longest), u64::MAX);
        }
    }

    #[test]
    fn the_kernel_judges_a_timeout_without_waiting() {
        assert_eq!(validate(&timespec(1 << 30, 0)), Ok(()));
        assert_eq!(validate(&timespec(0, 1_000_000_000)), Err(libc::EINVAL));
        assert_eq!(validate(std::ptr::without_provenance(8)), Err(libc::EFAULT));
    }
}
