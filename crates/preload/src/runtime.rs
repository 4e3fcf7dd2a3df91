//! What the library has of its own inside a process that is not its own: locks, a heap, the
//! variables of each thread, the process whose memory this is, the switches that the hooks read, and
//! the way in which the checker ends when it fails.
//!
//! This is the lowest wing: it uses no other one. It knows nothing of epoll and of reports.

#[allow(unsafe_code)] // what the kernel tells every program
pub mod clock;
#[allow(unsafe_code)] // the global allocator
pub mod heap;
#[allow(unsafe_code)] // a thread
#[cfg(not(all(
    target_env = "gnu",
    target_pointer_width = "64",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
pub mod libc_thread;
#[allow(unsafe_code)] // the value that a lock guards
pub mod lock;
pub mod loops;
pub mod outside;
#[allow(unsafe_code)] // a thread, and its variables
#[cfg(all(
    target_env = "gnu",
    target_pointer_width = "64",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
pub mod own_thread;
#[allow(unsafe_code)] // mappings
pub mod pages;
#[allow(unsafe_code)] // a page that the kernel wipes
pub mod process;
#[allow(unsafe_code)] // memory in pieces
pub mod reserve;
#[allow(unsafe_code)] // a mapping
pub mod rings;
#[allow(unsafe_code)] // C's variable
pub mod sandbox;
#[allow(unsafe_code)] // a mapping
pub mod shared_page;
#[allow(unsafe_code)] // signal masks
pub mod signals;
pub mod slot_life;
pub mod spawned;
#[allow(unsafe_code)] // C's thread-local variables, and errno
pub mod thread;
#[allow(unsafe_code)] // C's variables
pub mod watched;

pub mod failure;

#[cfg(not(all(
    target_env = "gnu",
    target_pointer_width = "64",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
pub use libc_thread as monitor_thread;
#[cfg(all(
    target_env = "gnu",
    target_pointer_width = "64",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
pub use own_thread as monitor_thread;
