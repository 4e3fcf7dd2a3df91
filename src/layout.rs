//! The hand-written layout: `struct epoll_event`, its data union, and every constant.
//!
//! This module owns the per-target `repr` of [`Event`]; no other module repeats that decision.
//! It never calls the kernel. What it says is proved in `proof.rs`, at compile time.
//!
//! The surprising thing: the kernel packs the structure on x86-64 only, so that 32-bit and 64-bit
//! x86 share one layout (`fs/eventpoll.c`, `EPOLL_PACKED` in `include/uapi/linux/eventpoll.h`).
//! glibc packs it on 32-bit x86 as well, musl and bionic do not. On m68k a 64-bit integer is
//! aligned to 2, which Rust's own `repr(C)` does not follow.

use core::ffi::c_void;
use core::fmt;
use libc::c_int;

/// One event, bit for bit the C library's `struct epoll_event` on this target.
///
/// It is what [`epoll_ctl(2)`] takes (the interest) and what [`epoll_wait(2)`] fills in (the
/// delivery). On x86-64 it is 12 bytes and packed; on most other targets 16 bytes and not packed.
///
/// Fields of a packed structure cannot be borrowed; copy them out, as [`Event::flags`] and
/// [`Event::data`] do.
///
/// [`epoll_ctl(2)`]: https://man7.org/linux/man-pages/man2/epoll_ctl.2.html
/// [`epoll_wait(2)`]: https://man7.org/linux/man-pages/man2/epoll_wait.2.html
#[cfg_attr(
    any(target_arch = "x86_64", all(target_arch = "x86", target_env = "gnu")),
    repr(C, packed)
)]
#[cfg_attr(target_arch = "m68k", repr(C, packed(2)))]
#[cfg_attr(
    not(any(
        target_arch = "x86_64",
        all(target_arch = "x86", target_env = "gnu"),
        target_arch = "m68k"
    )),
    repr(C)
)]
#[derive(Clone, Copy)]
#[doc(alias = "epoll_event")]
pub struct Event {
    /// The `EPOLL*` bits.
    pub events: u32,
    /// What the caller registered; the kernel hands it back untouched.
    pub data: EventData,
}

impl Event {
    /// The data given at registration.
    #[must_use]
    pub const fn data(&self) -> EventData {
        self.data
    }
}

/// The 64 bits of user data in an [`Event`], bit for bit C's `epoll_data_t`.
///
/// Every constructor initialises all 64 bits, also where the stored value is shorter, so that any
/// accessor may be called on any value. On a big-endian target the 32-bit views are the *high*
/// half of [`EventData::u64`]: read a value with the accessor that matches its constructor.
///
/// A pointer stored with [`EventData::from_ptr`] comes back from [`EventData::ptr`] with its
/// provenance: it is never turned into an integer on the way.
#[cfg_attr(target_arch = "m68k", repr(C, packed(2)))]
#[cfg_attr(not(target_arch = "m68k"), repr(C))]
#[derive(Clone, Copy)]
#[doc(alias = "epoll_data_t")]
pub union EventData {
    ptr: *mut c_void,
    fd: i32,
    u32: u32,
    u64: u64,
}

// SAFETY: EventData is 64 plain bits. The pointer in it is only handed back, never dereferenced
// here; code that dereferences it needs `unsafe` and answers for its thread safety there.
unsafe impl Send for EventData {}
// SAFETY: as for Send; there is no interior mutability.
unsafe impl Sync for EventData {}

impl EventData {
    /// Stores a 64-bit integer.
    #[must_use]
    pub const fn from_u64(value: u64) -> Self {
        Self { u64: value }
    }

    /// Stores a file descriptor number. The other 32 bits are zero.
    #[must_use]
    pub const fn from_fd(fd: c_int) -> Self {
        let mut data = Self { u64: 0 };
        data.fd = fd;
        data
    }

    /// Stores a pointer and keeps its provenance. On 32-bit targets the other 32 bits are zero.
    #[must_use]
    pub const fn from_ptr(ptr: *mut c_void) -> Self {
        let mut data = Self { u64: 0 };
        data.ptr = ptr;
        data
    }

    /// All 64 bits, as an integer.
    #[must_use]
    pub const fn u64(self) -> u64 {
        // SAFETY: every constructor and the kernel initialise all 64 bits, and any 64 bits are a u64.
        unsafe { self.u64 }
    }

    /// The bits that `data.fd` names in C.
    #[must_use]
    pub const fn fd(self) -> c_int {
        // SAFETY: all 64 bits are initialised (see `u64`), and any 32 bits are an i32.
        unsafe { self.fd }
    }

    /// The bits that `data.ptr` names in C.
    ///
    /// Dereferencing the result is the caller's own proof. After a registration was deleted the
    /// same batch of events may still carry its pointer: do not free it before the batch is done.
    #[must_use]
    pub const fn ptr(self) -> *mut c_void {
        // SAFETY: all 64 bits are initialised (see `u64`), and any bits are a raw pointer.
        unsafe { self.ptr }
    }
}

impl fmt::Debug for EventData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.u64())
    }
}

impl PartialEq for EventData {
    fn eq(&self, other: &Self) -> bool {
        self.u64() == other.u64()
    }
}
impl Eq for EventData {}

/// Where `struct epoll_event` has what, in bytes; C's `struct epshim_layout`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// `sizeof(struct epoll_event)`.
    pub size: u32,
    /// `_Alignof(struct epoll_event)`.
    pub align: u32,
    /// `offsetof(struct epoll_event, events)`.
    pub events_offset: u32,
    /// `offsetof(struct epoll_event, data)`.
    pub data_offset: u32,
    /// `sizeof(epoll_data_t)`.
    pub data_size: u32,
    /// `_Alignof(epoll_data_t)`.
    pub data_align: u32,
    /// 1 if the structure is packed, 0 if it has the natural layout of its fields.
    pub packed: u32,
}

macro_rules! layout_of {
    ($event:ty { $events:ident, $data:ident: $union:ty }) => {
        $crate::layout::Layout {
            size: size_of::<$event>() as u32,
            align: align_of::<$event>() as u32,
            events_offset: ::core::mem::offset_of!($event, $events) as u32,
            data_offset: ::core::mem::offset_of!($event, $data) as u32,
            data_size: size_of::<$union>() as u32,
            data_align: align_of::<$union>() as u32,
            packed: (align_of::<$event>() < align_of::<$union>()) as u32,
        }
    };
}
pub(crate) use layout_of;

impl Layout {
    /// The layout of [`Event`] on this target.
    pub const OURS: Self = layout_of!(Event { events, data: EventData });
}

macro_rules! constants {
    ($list:ident, $type:ty: $($(#[$doc:meta])* $name:ident = $value:expr;)*) => {
        $($(#[$doc])* pub const $name: $type = $value;)*

        /// The constants above as (name, value) pairs, for the tests and for tools.
        pub const $list: &[(&str, $type)] = &[$((stringify!($name), $name),)*];
    };
}

constants! { EVENT_FLAGS, u32:
    /// Data can be read, or a connection accepted.
    EPOLLIN = 0x1;
    /// Exceptional condition: out-of-band data, a state change of a pseudo-terminal or cgroup.
    EPOLLPRI = 0x2;
    /// Writing is possible.
    EPOLLOUT = 0x4;
    /// Error condition. Always reported; it cannot be masked off.
    EPOLLERR = 0x8;
    /// Hang-up. Always reported; it cannot be masked off.
    EPOLLHUP = 0x10;
    /// Normal data can be read.
    EPOLLRDNORM = 0x40;
    /// Priority data can be read.
    EPOLLRDBAND = 0x80;
    /// Normal data can be written.
    EPOLLWRNORM = 0x100;
    /// Priority data can be written.
    EPOLLWRBAND = 0x200;
    /// Unused by the kernel.
    EPOLLMSG = 0x400;
    /// The peer closed its writing half (Linux 2.6.17).
    EPOLLRDHUP = 0x2000;
    /// One waiter is woken instead of all (Linux 4.5). `EPOLL_CTL_ADD` only.
    EPOLLEXCLUSIVE = 1 << 28;
    /// Keeps the system awake while the event is handled (Linux 3.5, `CAP_BLOCK_SUSPEND`).
    EPOLLWAKEUP = 1 << 29;
    /// Disarms the registration after one delivery (Linux 2.6.2).
    EPOLLONESHOT = 1 << 30;
    /// Edge-triggered delivery.
    EPOLLET = 1 << 31;
}

constants! { KERNEL_EVENT_FLAGS, u32:
    /// Kernel only (`<linux/eventpoll.h>`; musl's header has it, glibc's does not). Never delivered by epoll.
    EPOLLNVAL = 0x20;
    /// Kernel only (`<linux/eventpoll.h>`): set by io_uring on a wake-up of its own.
    EPOLL_URING_WAKE = 1 << 27;
}

constants! { CTL_OPS, i32:
    /// Adds a registration.
    EPOLL_CTL_ADD = 1;
    /// Deletes a registration.
    EPOLL_CTL_DEL = 2;
    /// Changes a registration.
    EPOLL_CTL_MOD = 3;
}

#[cfg(any(target_arch = "sparc", target_arch = "sparc64"))]
const CLOEXEC: i32 = 0x40_0000;
#[cfg(any(target_arch = "alpha", target_arch = "hppa"))]
const CLOEXEC: i32 = 0x20_0000;
#[cfg(not(any(
    target_arch = "sparc",
    target_arch = "sparc64",
    target_arch = "alpha",
    target_arch = "hppa"
)))]
const CLOEXEC: i32 = 0x8_0000;

constants! { CREATE_FLAGS, i32:
    /// Close the epoll descriptor on `execve`. It equals `O_CLOEXEC`, so it differs on SPARC, Alpha
    /// and PA-RISC (of which Rust has the first only, so far).
    EPOLL_CLOEXEC = CLOEXEC;
}
