//! A TCP echo server on [`Reactor`](epshim::Reactor), to copy from.
//!
//! It is the twin of `c_tests/echo` and `c_tests/echo_reactor.c`: same options, same messages, same
//! behaviour, and the same tests run against all of them. One reactor, edge-triggered connections, one
//! thread; or several threads that share nothing, each with a reactor, a listener and connections of its
//! own.
//!
//! - [`server`]: the loop's turns. Begin here. [`accept`], [`stop`]: its other parts.
//! - [`connection`]: what one connection does with its socket. [`listener`]: the listening one.
//! - [`options`], [`mistake`]: the command line.
//! - [`process`], [`threads`]: standard streams, signals, threads.
//!
//! Memory that is out is an error, not the end of the process. That is why this file has C's `main` and
//! no other: before the standard library calls a Rust `main` it makes a stack for signals, and ends the
//! process where there is no memory for it; and it opens `/dev/null` where stdout is closed, so that the
//! address would be lost without an error. A server that need not promise this has `fn main()`,
//! `std::thread` and `eprintln!`; [`server`] and [`connection`] stay as they are.

#![deny(unsafe_code)]
#![no_main]

mod accept;
mod connection;
#[allow(unsafe_code)] // poll(2).
mod listener;
mod mistake;
mod options;
#[allow(unsafe_code)] // Descriptors 0 to 2, a signal handler, ioctl(2), strerror_r(3).
mod process;
mod server;
mod stop;
#[allow(unsafe_code)] // pthread_create(3).
mod threads;

use options::{Command, Options};
use process::{Failed, OrSay};
use server::Server;
use std::ffi::{CStr, OsStr, c_char, c_int};
use std::io;
use std::os::unix::ffi::OsStrExt;
use threads::{Thread, run};

#[allow(unsafe_code)]
#[unsafe(no_mangle)]
extern "C" fn main(argc: c_int, argv: *const *const c_char) -> c_int {
    let arguments = (1..usize::try_from(argc).unwrap_or(0)).map(|index| {
        // SAFETY: the C library passes `argc` strings, which nothing changes and which last as long as
        // the process (C11, 5.1.2.2.1).
        let argument = unsafe { CStr::from_ptr(*argv.add(index)) };
        OsStr::from_bytes(argument.to_bytes())
    });
    let ended = match options::parse(arguments) {
        Err(mistake) => {
            process::say(mistake);
            return 2;
        }
        Ok(Command::Help) => process::print(options::HELP.as_bytes())
            .or_say("cannot write the help to standard output")
            .map(|()| true),
        Ok(Command::Run(options)) => serve(options),
    };
    if matches!(ended, Ok(true)) { 0 } else { 1 }
}

/// Serves until a signal asks to stop. Returns whether every byte was echoed.
fn serve(mut options: Options) -> Result<bool, Failed> {
    process::open_streams()?;
    let count = options.threads;
    let (mut servers, mut wakers) = (Vec::new(), Vec::new());
    let reserved = servers.try_reserve_exact(count).and_then(|()| wakers.try_reserve_exact(count));
    reserved.map_err(|_| process::no_memory()).or_say(Starting(1, count))?;
    for number in 1..=count {
        let listener = listener::open(&options)?;
        // The first one's port is that of all.
        options.address = listener.local_addr().or_say("cannot learn the address")?;
        let server = Server::new(listener, &options, number).or_say(Starting(number, count))?;
        wakers.push(server.waker());
        servers.push(server);
    }
    process::catch_signals(wakers).or_say("cannot set up signals")?;
    // They last as long as the process, for so may a thread, where another one cannot be started.
    run_all(servers.leak(), &options)
}

/// Runs them all, the first in this thread, and says where they listen. Returns whether every byte was
/// echoed.
fn run_all(servers: &'static mut [Server], options: &Options) -> Result<bool, Failed> {
    let mut threads = [const { None }; options::MAX_THREADS];
    let mut servers = servers.iter_mut();
    let first = servers.next();
    for (index, server) in servers.enumerate() {
        let started = Thread::start(server).or_say(Starting(index + 2, options.threads))?;
        threads[index] = Some(started);
    }
    let mut line = [0; 128];
    let mut rest = &mut line[..];
    // No address is so long.
    let _ = io::Write::write_fmt(&mut rest, format_args!("listening on {}\n", options.address));
    let length = 128 - rest.len();
    process::print(&line[..length]).or_say("cannot write the address to standard output")?;
    let mut all_echoed = first.is_none_or(run);
    for thread in threads.into_iter().flatten() {
        all_echoed &= thread.join();
    }
    Ok(all_echoed)
}

/// What cannot be done: to start a thread, of this number, of all.
struct Starting(usize, usize);

impl std::fmt::Display for Starting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot start thread {} of {}", self.0, self.1)
    }
}
