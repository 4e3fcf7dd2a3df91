//! The C ABI of `libepshim`, declared for C in `include/epshim.h`.
//!
//! - [`libc_abi`]: the functions of `<sys/epoll.h>` under our names, with libc's own return values
//!   and errno for every input.
//! - [`split`]: the same without the structure, for callers that cannot declare it.
//! - [`reactor`]: an event loop with callbacks.
//! - [`describe`]: what the library says of itself.
//!
//! The contract of every function: it returns -1 and sets errno on failure; on success it leaves
//! errno alone. It holds no lock and never panics. But for the reactor it keeps no state and
//! allocates nothing, so it may be called from any thread, and after `fork`, and the waits are
//! cancellation points, as in libc.
//!
//! All names begin with `epshim_`: nothing here takes the place of a libc function, in C or in a
//! Rust program that links this crate.

pub mod describe;
pub mod libc_abi;
pub mod reactor;
pub mod split;

pub use crate::sys::Timespec;
pub use describe::{epshim_layout, epshim_version};
pub use libc_abi::{
    epshim_close, epshim_create1, epshim_ctl, epshim_pwait, epshim_pwait2, epshim_wait,
};
pub use reactor::{
    epshim_reactor_add, epshim_reactor_again, epshim_reactor_free, epshim_reactor_modify,
    epshim_reactor_new, epshim_reactor_on_round_end, epshim_reactor_on_wake, epshim_reactor_remove,
    epshim_reactor_run, epshim_reactor_run_once, epshim_reactor_spin, epshim_reactor_stop,
    epshim_reactor_timer, epshim_reactor_wake,
};
pub use split::{epshim_add, epshim_delete, epshim_modify, epshim_wait_split};
