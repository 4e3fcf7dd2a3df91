//! `epshim-echo`: a TCP echo server on the safe API of this crate.
//!
//! It is the twin of `c_tests/echo`: same options, same messages, same behaviour, and the same
//! tests run against both. One thread, one epoll, edge-triggered connections.
//!
//! - [`options`]: the command line.
//! - [`server`]: the loop. A round is: wait, note what each delivery says, one turn for each
//!   connection that has something to do, accept.
//! - [`connection`]: one connection's turn: one flush, one read, one write.
//! - [`slab`]: the connections, by keys that outlive them without harm.
//! - [`listener`], [`stop`]: accepting, also without descriptors; the graceful stop.
//! - [`signals`], [`socket`]: what the standard library lacks. The only unsafe code.

#![deny(unsafe_code)]

mod connection;
mod listener;
mod options;
mod server;
#[allow(unsafe_code)] // signalfd, eventfd, and a signal handler.
mod signals;
mod slab;
#[allow(unsafe_code)] // Socket options and ioctls.
mod socket;
mod stop;

use options::Command;
use server::Server;
use std::fmt::Display;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

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
        Ok(Command::Run(address)) => match serve(address) {
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
fn serve(address: SocketAddr) -> Result<bool, String> {
    let mut server = Server::open(address)?;
    let address = server.address().map_err(|e| format!("cannot learn the address: {e}"))?;
    print(&format!("listening on {address}\n"))
        .map_err(|e| format!("cannot write to stdout: {e}"))?;
    server.run()
}

fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// One line on stderr. Where stderr is gone nobody wants to hear it.
fn say(message: impl Display) {
    let line = format!("epshim-echo: {message}\n");
    let _ = io::stderr().write_all(line.as_bytes());
}
