//! Entered from C: what the hooks report before and after the program's calls, one file a kind of
//! call, and the guard around it.
//!
//! These functions run on the program's threads, in its signal handlers too. Waits, `epoll_ctl` and
//! what makes, copies or closes an epoll take the model's lock. Reads, writes and other closes change
//! the descriptor's slot and post a message at most: no allocation, no lock.
//!
//! This is the highest wing: no other one uses it.

#[allow(unsafe_code)] // the structure of sigaltstack(2)
pub mod guard;
pub mod io_kind {
    //! What kind of input or output a call is: `enum io_kind` of the hooks, made of the same table.
    include!(concat!(env!("OUT_DIR"), "/io_kind.rs"));
}
pub mod jump;

mod changes;
#[allow(unsafe_code)] // the program's events
mod chaos;
mod closes;
mod connects;
#[allow(unsafe_code)] // the program's event
mod epoll;
#[allow(unsafe_code)] // the program's events
mod event;
#[allow(unsafe_code)] // libc's names
mod exports;
mod io;
#[allow(unsafe_code)] // names in assembler
mod names;
mod polls;
mod posts;
#[allow(unsafe_code)] // the options, a string of C's
mod process;
mod sandbox;
mod unguarded;
#[allow(unsafe_code)] // the program's array of events
mod waits;
