//! `epshim-echo`: a TCP echo server on the safe API of this crate.
//!
//! It is the twin of `c_tests/echo`: same options, same messages, same behaviour, and the same
//! tests run against both. One epoll, edge-triggered connections, one thread; or several threads
//! that share nothing, each with an epoll, a listener and connections of its own.
//!
//! - [`entry`]: C's `main`, which calls [`start`]. [`options`], [`mistake`]: the command line.
//! - [`server`]: what one thread does. A round is: wait, note what each delivery says, one turn for
//!   each connection that has something to do, write what was read, accept.
//! - [`connection`]: one connection's turn: one flush, one read, one write.
//! - [`slab`]: the connections, by tokens that outlive them without harm.
//! - [`listener`]: the listening socket, also where there are no descriptors left. What the server does with
//!   it, and its graceful stop, are parts of [`server`].
//! - [`transfer`]: its recv and its send, inlined.
//! - [`failure`], [`streams`], [`threads`]: what goes wrong, what it prints, and threads: as the standard
//!   library has them, but without memory, which may be what is missing.
//! - [`buffer`], [`signals`], [`socket`]: what it lacks. Unsafe code is named below.
//!
//! Memory that is out is an error, not the end of the process: what a server needs is allocated before it
//! starts, and what a connection needs before it is accepted.

#![deny(unsafe_code)]
#![cfg_attr(not(test), no_main)]

#[allow(unsafe_code)] // Zeroed memory.
mod buffer;
mod connection;
#[allow(unsafe_code)] // C's arguments.
mod entry;
#[allow(unsafe_code)] // strerror_r.
mod failure;
mod listener;
#[allow(unsafe_code)] // Calls the allocator.
#[allow(dead_code, reason = "a part is for the library only")]
#[path = "../memory.rs"]
mod memory;
mod mistake;
mod options;
mod server;
#[allow(unsafe_code)] // signalfd, eventfd, and a signal handler.
mod signals;
mod slab;
#[allow(unsafe_code)] // Socket options and ioctls.
mod socket;
#[allow(unsafe_code)] // Descriptors 0, 1 and 2.
mod streams;
#[allow(unsafe_code)] // pthread_create.
mod threads;
#[allow(unsafe_code)] // System calls without libc.
mod transfer;

use failure::Failure;
use options::{Command, MAX_THREADS, Options};
use server::Server;
use std::ffi::{OsStr, c_int};
use std::fmt::Write;
use std::net::SocketAddr;
use streams::say;
use threads::{Thread, run};

/// Runs the program. Returns its exit status.
fn start<'a>(arguments: impl Iterator<Item = &'a OsStr>) -> c_int {
    let ended = match options::parse(arguments) {
        Err(mistake) => {
            say(mistake);
            return 2;
        }
        Ok(Command::Help) => {
            streams::print(options::HELP.as_bytes()).map(|()| true).map_err(Failure::WriteHelp)
        }
        Ok(Command::Run(options)) => serve(options),
    };
    let all_echoed = ended.unwrap_or_else(|failure| {
        say(failure);
        false
    });
    if all_echoed { 0 } else { 1 }
}

/// Serves until a signal asks to stop. Returns whether every byte was echoed.
fn serve(mut options: Options) -> Result<bool, Failure> {
    streams::open()?;
    let mut servers = [const { None }; MAX_THREADS];
    for number in 1..=options.threads {
        let server = Server::open(&options, number)?;
        // The first one's port is that of all.
        options.address = server.address().map_err(Failure::LearnAddress)?;
        servers[number - 1] = Some(server);
    }
    signals::catch().map_err(Failure::SetUpSignals)?;
    run_all(servers, &options)
}

/// Runs them all, the first in this thread, and says where they listen. Returns whether every byte was
/// echoed.
fn run_all(
    servers: [Option<Box<Server>>; MAX_THREADS],
    options: &Options,
) -> Result<bool, Failure> {
    let mut servers = servers.into_iter().flatten();
    let first = servers.next();
    let mut others = [const { None }; MAX_THREADS];
    for (index, server) in servers.enumerate() {
        let failure = |error| Failure::StartThread(index + 2, options.threads, error);
        others[index] = Some(Thread::start(server).map_err(failure)?);
    }
    announce(options.address)?;
    let mut all_echoed = first.is_none_or(run);
    for thread in others.into_iter().flatten() {
        all_echoed &= thread.join();
    }
    Ok(all_echoed)
}

fn announce(address: SocketAddr) -> Result<(), Failure> {
    let mut line = streams::Line::new();
    // A line takes everything.
    let _ = write!(line, "listening on {address}");
    streams::print(line.end()).map_err(Failure::WriteAddress)
}
