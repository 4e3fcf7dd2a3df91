//! The two sides of the comparison: libc's functions and ours, as function pointers of one type.

use epshim::Event;
use epshim::ffi::{self, Timespec};
use libc::{c_int, sigset_t};
use std::ptr;

/// One implementation of the epoll calls.
pub struct Api {
    pub create1: unsafe extern "C" fn(c_int) -> c_int,
    pub ctl: unsafe extern "C" fn(c_int, c_int, c_int, *mut Event) -> c_int,
    pub wait: unsafe extern "C" fn(c_int, *mut Event, c_int, c_int) -> c_int,
    pub pwait: unsafe extern "C" fn(c_int, *mut Event, c_int, c_int, *const sigset_t) -> c_int,
    pub pwait2:
        unsafe extern "C" fn(c_int, *mut Event, c_int, *const Timespec, *const sigset_t) -> c_int,
    pub close: unsafe extern "C" fn(c_int) -> c_int,
}

/// libc's own functions, declared with our event; that the layouts agree is proved elsewhere.
pub mod libc_functions {
    use super::{Event, Timespec, c_int, sigset_t};
    unsafe extern "C" {
        pub fn epoll_create1(flags: c_int) -> c_int;
        pub fn epoll_ctl(epfd: c_int, op: c_int, fd: c_int, event: *mut Event) -> c_int;
        pub fn epoll_wait(epfd: c_int, events: *mut Event, max: c_int, timeout: c_int) -> c_int;
        pub fn epoll_pwait(
            epfd: c_int,
            events: *mut Event,
            max: c_int,
            timeout: c_int,
            mask: *const sigset_t,
        ) -> c_int;
        #[cfg(target_env = "gnu")]
        pub fn epoll_pwait2(
            epfd: c_int,
            events: *mut Event,
            max: c_int,
            timeout: *const Timespec,
            mask: *const sigset_t,
        ) -> c_int;
        pub fn close(fd: c_int) -> c_int;
    }

    /// musl has none, and so gives the answer of a kernel that has none.
    #[cfg(not(target_env = "gnu"))]
    pub unsafe extern "C" fn epoll_pwait2(
        _: c_int,
        _: *mut Event,
        _: c_int,
        _: *const Timespec,
        _: *const sigset_t,
    ) -> c_int {
        // SAFETY: this thread's errno is always there.
        unsafe { *libc::__errno_location() = libc::ENOSYS };
        -1
    }
}

pub const LIBC: Api = Api {
    create1: libc_functions::epoll_create1,
    ctl: libc_functions::epoll_ctl,
    wait: libc_functions::epoll_wait,
    pwait: libc_functions::epoll_pwait,
    pwait2: libc_functions::epoll_pwait2,
    close: libc_functions::close,
};

pub const EPSHIM: Api = Api {
    create1: ffi::epshim_create1,
    ctl: ffi::epshim_ctl,
    wait: ffi::epshim_wait,
    pwait: ffi::epshim_pwait,
    pwait2: ffi::epshim_pwait2,
    close: ffi::epshim_close,
};

/// Whether libc and the kernel have `epoll_pwait2`. musl, qemu-user and a seccomp filter have not.
pub fn pwait2_exists() -> bool {
    // SAFETY: no descriptor has this number; null pointers are allowed here.
    let outcome =
        Outcome::of(|| unsafe { (LIBC.pwait2)(-1, ptr::null_mut(), 1, ptr::null(), ptr::null()) });
    outcome.errno != libc::ENOSYS
}

/// A value that no call sets errno to: if it is still there, errno was not touched.
const UNTOUCHED: c_int = 12_345;

/// What a caller sees of a call: the return value, and errno.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    pub result: c_int,
    pub errno: c_int,
}

impl Outcome {
    /// Makes the call with a known errno and looks at what is left of it.
    pub fn of(call: impl FnOnce() -> c_int) -> Self {
        // SAFETY: this thread's errno is always there.
        unsafe { *libc::__errno_location() = UNTOUCHED };
        let result = call();
        // SAFETY: as above.
        Self { result, errno: unsafe { *libc::__errno_location() } }
    }

    /// Success leaves errno alone; failure is -1 and sets it.
    pub fn keeps_the_convention(&self) -> bool {
        (self.result >= 0) == (self.errno == UNTOUCHED) && self.result >= -1
    }

    /// The outcome with the descriptor that was made, which differs from call to call, left out.
    pub fn without_descriptor(self) -> Self {
        Self { result: self.result.min(0), ..self }
    }
}
