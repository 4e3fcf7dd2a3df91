//! epoll with a proven ABI.
//!
//! `struct epoll_event` is the one structure of the epoll interface, and the one that bindings
//! get wrong: it is packed on x86-64, and not packed almost everywhere else. This crate writes it
//! by hand, once, and then proves at compile time that the hand-written [`Event`] has the size,
//! the alignment and the offsets that the target's own `<sys/epoll.h>` gives it. A wrong layout
//! does not compile.
//!
//! On that foundation stand
//!
//! - a safe Rust API: [`Epoll`], [`EventFlags`], [`EventData`], [`EventBuffer`];
//! - an event loop that owns its sources: [`Reactor`];
//! - a C ABI (`libepshim.so`, `libepshim.a`, `include/epshim.h`), implemented in [`ffi`];
//! - the same proof for your own types: [`assert_event_layout!`].
//!
//! # Example
//!
//! ```
//! use epshim::{CreateFlags, Epoll, EventBuffer, EventData, EventFlags};
//! use std::io::{Read, Write};
//! use std::time::Duration;
//!
//! # fn main() -> std::io::Result<()> {
//! let (mut reader, mut writer) = std::os::unix::net::UnixStream::pair()?;
//! let epoll = Epoll::create(CreateFlags::CLOEXEC)?;
//! epoll.add(&reader, EventFlags::IN, EventData::from_u64(7))?;
//!
//! writer.write_all(b"hello")?;
//!
//! let mut events = EventBuffer::with_capacity(16);
//! epoll.wait(&mut events, Some(Duration::from_secs(1)))?;
//! for event in &events {
//!     assert_eq!(event.data().u64(), 7);
//!     assert!(event.flags().contains(EventFlags::IN));
//!     let mut bytes = [0; 5];
//!     reader.read_exact(&mut bytes)?;
//!     assert_eq!(&bytes, b"hello");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! - `std` (default): the safe Rust API. Without it the crate needs `alloc` only, and has the layout, the
//!   flags, the proof and the C ABI: what the C library is built of (`crates/capi`).
//! - `verify` (default): `build.rs` runs bindgen over `<sys/epoll.h>` of the target and the layout
//!   is proved against its answer. Needs libclang and the target's C headers at build time. Where these are
//!   missing the build warns, and proves the layout against the golden table (`docs/layouts.toml`) and the
//!   `libc` crate, as it does without the feature. Cargo hides the warnings of crates from a registry: a
//!   build that relies on the header sets `EPSHIM_VERIFY=strict` in its environment, which makes it an error; [`proof::WITNESSES`] says which witnesses a build had.

#![cfg_attr(not(any(feature = "std", test)), no_std)]
#![deny(unsafe_code)]

extern crate alloc;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
compile_error!("epshim wraps epoll, which exists on Linux and Android only");

#[allow(unsafe_code)] // Reads the part of the array that the kernel wrote.
#[cfg_attr(not(feature = "std"), allow(dead_code, reason = "the Rust API has all of it"))]
mod buffer;
#[cfg(feature = "std")]
mod epoll;
#[allow(unsafe_code)] // The C ABI: raw pointers come in, errno goes out.
pub mod ffi;
mod flags;
mod instance;
#[allow(unsafe_code)] // Reads of a union, each proved beside it.
pub mod layout;
#[allow(unsafe_code)] // Calls the allocator.
mod memory;
pub mod proof;
#[cfg_attr(not(feature = "std"), allow(dead_code, reason = "the Rust API has all of it"))]
mod reactor;
#[allow(unsafe_code)] // The only module that calls libc.
mod sys;

#[cfg(feature = "std")]
pub use buffer::{EventBuffer, Events};
#[cfg(feature = "std")]
pub use epoll::Epoll;
pub use flags::{CreateFlags, EventFlags};
pub use layout::{Event, EventData};
#[cfg(feature = "std")]
pub use reactor::{AddError, Key, Reactor, Turn, Waker};

/// The Rust snippets of the README and of docs/library.md, as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
#[doc = include_str!("../docs/library.md")]
struct Documents;
