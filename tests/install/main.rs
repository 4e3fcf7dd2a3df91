//! The installed tree, used as its users do: `make install` into a prefix, and programs that find
//! epshim there by pkg-config, CMake and Meson, in C and C++, shared and static. The prefix is all
//! that is touched, and nothing is left of it.
#![cfg(all(feature = "verify", not(target_feature = "crt-static")))]

mod build_systems;
mod prefix;
mod trace;
mod tree;
