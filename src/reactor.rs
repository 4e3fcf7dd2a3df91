//! `Reactor`: an event loop that owns what it watches.
//!
//! A registration owns its source (a socket and the state that belongs to it) and is named by a
//! [`Key`] with a generation, never by an address. What the kernel reports for a registration that
//! has ended is dropped, also in the same batch, also if its place or its descriptor's number has
//! been taken again. The handler gets the whole reactor and may add, modify and remove anything.
//!
//! `core.rs` and `rounds.rs` are the machine, which `owning.rs` drives and the C ABI (`ffi/reactor.rs`) too;
//! `registry.rs`, `timers.rs`, `tag.rs` and `waker.rs` are its parts, each without the others;
//! `shared.rs` is what wakers share.
//!
//! The surprising thing: a change of interest reaches the kernel before the next wait, not at
//! once; see `Reactor::modify`.

#[cfg(feature = "std")]
mod add_error;
mod core;
#[cfg(feature = "std")]
mod owning;
mod registry;
mod rounds;
#[allow(unsafe_code)] // Counts the owners of its memory.
mod shared;
mod tag;
mod timers;
mod turn;
mod waker;

pub(crate) use self::core::Core;
#[cfg(feature = "std")]
pub use add_error::AddError;
#[cfg(feature = "std")]
pub use owning::Reactor;
pub use registry::Key;
pub use turn::Turn;
pub use waker::Waker;
