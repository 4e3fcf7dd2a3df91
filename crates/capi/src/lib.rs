//! The C library: all of it is in the crate `epshim`, whose functions `epshim_*` this crate exports
//! (`epshim::ffi`, `include/epshim.h`). What a library without std needs besides is here: the allocator,
//! which is the C library's, and what happens at a panic.
//!
//! It is without std where it can be: with `panic = "abort"`, which only a profile of the whole build can
//! say (the profile `capi`), and without the feature `std`. In every other build, such as a plain
//! `cargo build`, it is the same library with std's allocator and std's panics, fifteen times as large.
//!
//! The surprising thing: without link-time optimisation it does not link. `alloc` is compiled to unwind,
//! and what nothing needs of it refers to an unwinder.

#![cfg_attr(all(panic = "abort", not(feature = "std"), not(test)), no_std)]

// Its functions have names that the linker sees: to be linked is all that they need.
use epshim as _;

#[cfg(any(test, all(panic = "abort", not(feature = "std"))))]
mod malloc;
#[cfg(any(test, all(panic = "abort", not(feature = "std"))))]
mod panic;
