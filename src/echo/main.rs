//! `epshim-echo`: a TCP echo server on the safe API of this crate.
//!
//! It is the twin of `c_tests/echo`: same options, same messages, same behaviour, and the same
//! tests run against both. One epoll, edge-triggered connections, one thread; or several threads
//! that share nothing, each with an epoll, a listener and connections of its own.
//!
//! - [`options`]: the command line.
//! - [`server`]: what one thread does. A round is: wait, note what each delivery says, one turn for
//!   each connection that has something to do, write what was read, accept.
//! - [`connection`]: one connection's turn: one flush, one read, one write.
//! - [`slab`]: the connections, by tokens that outlive them without harm.
//! - [`listener`]: the listening socket, also where there are no descriptors left. What the server does with
//!   it, and its graceful stop, are parts of [`server`].
//! - [`messages`]: what it prints.
//! - [`transfer`]: its recv and its send, inlined.
//! - [`signals`], [`socket`]: what the standard library lacks. With [`transfer`] the only unsafe code.

#![deny(unsafe_code)]

mod connection;
mod listener;
mod messages;
mod options;
mod server;
#[allow(unsafe_code)] // signalfd, eventfd, and a signal handler.
mod signals;
mod slab;
#[allow(unsafe_code)] // Socket options and ioctls.
mod socket;
#[allow(unsafe_code)] // System calls without libc.
mod transfer;

use messages::{print, say};
use options::{Command, Options};
use server::Server;
use std::process::ExitCode;
use std::thread;

fn main() -> ExitCode {
    match options::parse(std::env::args_os().skip(1)) {
        Err(mistake) => {
            say(mistake);
            ExitCode::from(2)
        }
        Ok(Command::Help) => match print(options::HELP) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Ok(Command::Run(options)) => match serve(options) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(failure) => {
                say(failure);
                ExitCode::FAILURE
            }
        },
    }
}

/// Serves until a signal asks to stop. Returns whether every byte was echoed.
fn serve(mut options: Options) -> Result<bool, String> {
    let mut servers = Vec::new();
    for thread in 1..=options.threads {
        let number = (options.threads > 1).then_some(thread);
        let server = Server::open(&options, number)?;
        // The first one's port is everybody's.
        options.address =
            server.address().map_err(|error| format!("cannot learn the address: {error}"))?;
        servers.push(server);
    }
    signals::catch().map_err(|error| format!("cannot set up signals: {error}"))?;
    print(&format!("listening on {}\n", options.address))
        .map_err(|error| format!("cannot write to stdout: {error}"))?;
    run_all(servers)
}

/// Runs them all, the first in this thread. Returns whether every byte was echoed.
fn run_all(mut servers: Vec<Server>) -> Result<bool, String> {
    let others = servers.split_off(1).into_iter();
    let others: Vec<_> = others
        .map(|server| thread::Builder::new().spawn(move || run(server)))
        .collect::<Result<_, _>>()
        .map_err(|error| format!("cannot start a thread: {error}"))?;
    let mut all_echoed = servers.into_iter().all(run);
    for thread in others {
        all_echoed &= thread.join().unwrap_or(false);
    }
    Ok(all_echoed)
}

/// Runs one server to its end. One that fails does not leave the others behind.
fn run(mut server: Server) -> bool {
    server.run().unwrap_or_else(|failure| {
        say(failure);
        if !server.is_stopping() {
            signals::stop_all();
        }
        false
    })
}
