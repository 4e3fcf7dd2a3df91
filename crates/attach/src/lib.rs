//! What is wrong with the event loops of a process that already runs, as two looks at it from outside say.
//!
//! - [`look`]: what one look has seen, as plain data. It can be written down and judged elsewhere.
//! - [`texts`], [`diag`]: readers of what the kernel answers, `/proc` texts and netlink messages: bytes in,
//!   values out, for any bytes.
//! - [`scene`], [`verdicts`]: two looks in, verdicts out. One file for each rule. They make no system call and
//!   read no clock.
//! - [`gather`]: makes a look. It alone asks the kernel.
//! - [`stack`]: the callers of a blocked thread, which is not stopped. [`languages`]: the user's own file and line, where
//!   the program is Python or Go.
//!
//! Nothing is stopped, and no descriptor is copied unless that is asked for; never is an epoll waited on. A thread
//! that is stopped in epoll_wait gets EINTR, and a copy of a connection holds back its end.
//!
//! Surprising: that a thread has not moved is known from two looks that say the same of it (the call, its
//! place, how often it slept, how long it ran), not from one.

#![deny(unsafe_code)]

pub mod any_bytes;
pub mod calls;
pub mod diag;
pub mod gather;
pub mod languages;
pub mod look;
pub mod scene;
pub mod stack;
mod summary;
pub mod texts;
pub mod verdict;
pub mod verdicts;
pub mod words;
