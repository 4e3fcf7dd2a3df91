//! The echo servers under test, and what a scenario does with one: start it, connect, stop it.

use super::programs;
use epshim_harness::ports::with_limits;
use epshim_harness::process::Process;
use epshim_harness::{LIMIT, sys, wait_for};
use std::net::{SocketAddr, TcpStream};
use std::ops::Deref;
#[cfg(feature = "verify")]
use std::path::Path;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::thread::{self, ScopedJoinHandle};

/// An implementation of the echo server: a program.
pub struct Implementation {
    pub name: &'static str,
    path: fn() -> PathBuf,
}

/// The servers. The C ones are built by the feature `verify`.
static IMPLEMENTATIONS: &[Implementation] = &[
    #[cfg(feature = "verify")]
    Implementation { name: "C on libc", path: programs::c_on_libc },
    #[cfg(feature = "verify")]
    Implementation { name: "C on epshim", path: programs::c_on_epshim },
    #[cfg(feature = "verify")]
    Implementation { name: "C on the reactor", path: programs::c_on_the_reactor },
    Implementation { name: "Rust", path: programs::rust },
];

/// Runs the scenario with each server, one after the other, also after a failure.
pub fn on_every_server(scenario: impl Fn(&Implementation) + Sync) {
    let scenario = &scenario;
    report(IMPLEMENTATIONS.iter().map(|program| {
        (program, thread::scope(|scope| in_a_thread(scope, program, scenario).join()))
    }));
}

/// Runs the scenario with all servers at the same time: for scenarios that mostly wait.
pub fn on_all_servers_at_once(scenario: impl Fn(&Implementation) + Sync) {
    let scenario = &scenario;
    thread::scope(|scope| {
        let start = |program| (program, in_a_thread(scope, program, scenario));
        let running: Vec<_> = IMPLEMENTATIONS.iter().map(start).collect();
        report(running.into_iter().map(|(program, thread)| (program, thread.join())));
    });
}

/// The thread bears the server's name, so that its panics do.
fn in_a_thread<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    program: &'static Implementation,
    scenario: &'scope (impl Fn(&Implementation) + Sync),
) -> ScopedJoinHandle<'scope, ()> {
    let thread = thread::Builder::new().name(program.name.to_owned());
    thread.spawn_scoped(scope, || scenario(program)).expect("a thread can be made")
}

fn report(results: impl Iterator<Item = (&'static Implementation, thread::Result<()>)>) {
    let failed: Vec<_> = results.filter(|(_, r)| r.is_err()).map(|(p, _)| p.name).collect();
    assert!(failed.is_empty(), "failed with: {}", failed.join(", "));
}

impl Implementation {
    /// To be started as a scenario likes.
    pub fn command(&self) -> Command {
        Command::new((self.path)())
    }

    /// Starts it on 127.0.0.1, on a port that it picks.
    pub fn start(&self) -> Server {
        self.start_as(&mut self.command())
    }

    /// Starts it on `::1`, on a port that it picks.
    pub fn start_on_ipv6(&self) -> Server {
        self.start_with(&["--bind", "::1"])
    }

    /// Starts it with further arguments, on a port that it picks.
    pub fn start_with(&self, arguments: &[&str]) -> Server {
        self.start_as(self.command().args(arguments))
    }

    /// Starts it with a library preloaded, on a port that it picks.
    #[cfg(feature = "verify")]
    pub fn start_preloading(&self, library: &Path) -> Server {
        self.start_as(self.command().env("LD_PRELOAD", library))
    }

    /// Starts another one on the port of a server that allows it.
    pub fn start_beside(&self, server: &Server) -> Server {
        let port = server.address.port().to_string();
        self.start_on(&port, self.command().arg("--reuseport"))
    }

    /// Starts it with room for `limit` descriptors.
    pub fn start_with_descriptors(&self, limit: libc::rlim_t) -> Server {
        let mut command = self.command();
        sys::limit_descriptors(&mut command, limit);
        self.start_as(&mut command)
    }

    fn start_as(&self, command: &mut Command) -> Server {
        self.start_on("0", command)
    }

    fn start_on(&self, port: &str, command: &mut Command) -> Server {
        let mut process = Process::start(self.name, command.args(["--port", port]));
        let address = process.listening_address().unwrap_or_else(|error| panic!("{error}"));
        Server { process, address }
    }
}

/// A running echo server. It is killed when dropped.
pub struct Server {
    process: Process,
    pub address: SocketAddr,
}

impl Server {
    /// A new connection, on which no read or write waits longer than the limit of a test.
    pub fn connect(&self) -> TcpStream {
        with_limits(TcpStream::connect_timeout(&self.address, LIMIT).expect("connect"))
    }

    /// Waits until it has this many descriptors open.
    pub fn wait_for_descriptors(&self, count: usize) {
        let what = format!("{count} descriptors in the server");
        wait_for(&what, || (self.descriptors() == count).then_some(()));
    }

    /// Asks it to stop, when no client is left, and checks that it does so in good order.
    pub fn stop(mut self) {
        self.signal(libc::SIGTERM);
        self.wait_for_success();
    }

    /// Waits for its end after a signal to stop.
    pub fn wait_for_success(&mut self) {
        let status = self.wait();
        assert!(status.success(), "the server ended with {status}");
    }

    /// Waits for its end, and returns how it ended.
    pub fn wait(&mut self) -> ExitStatus {
        self.process.wait()
    }
}

impl Deref for Server {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}
