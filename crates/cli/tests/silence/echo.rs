//! The echo servers of the benchmarks: one for each of the widespread event loops.

use crate::checked::{Checked, QUIET};
use epshim_harness::c_compiler::c11;
use epshim_harness::ports::connect;
use epshim_harness::products::folder;
use epshim_harness::{cargo, peers, tools};
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::thread::{self, sleep};

#[test]
fn libuv_is_silent() {
    in_c("libuv");
}

#[test]
fn libevent_is_silent() {
    in_c("libevent");
}

#[test]
fn libev_is_silent() {
    in_c("libev");
}

#[test]
fn mio_tokio_and_nix_are_silent() {
    // The benchmarks have the servers in Rust.
    let program = cargo::built("epshim-bench", "epshim-bench");
    // rustix and polling make their system calls without libc: nothing of them is seen.
    for name in ["mio", "tokio", "nix"] {
        serves(name, &[program.to_str().unwrap(), "serve", name]);
    }
}

fn in_c(name: &str) {
    if let Some(reason) = peers::missing(name) {
        return tools::skip(&reason);
    }
    let program = folder(&format!("silence_build_{name}")).join(name);
    peers::build(name, c11().arg("-O2"), &program).unwrap_or_else(|error| panic!("{error}"));
    serves(name, &[program.to_str().unwrap(), "0", "65536"]);
}

fn serves(name: &str, command: &[&str]) {
    let mut server = Checked::start(name, command);
    let port = server.port_it_says();
    thread::scope(|scope| {
        for number in 0..20 {
            scope.spawn(move || talks(port, number));
        }
        scope.spawn(|| reads_late(port));
        scope.spawn(|| resets(port));
    });
    server.signal(libc::SIGTERM);
    server.ends_with(0).is_silent();
}

/// Sends and reads, is quiet for a while, and says so that it ends.
fn talks(port: u16, number: u8) {
    let mut stream = connect(port);
    let message = vec![number; 100 + 4000 * usize::from(number % 4)];
    let mut answer = vec![0; message.len()];
    for round in 0..300 {
        stream.write_all(&message).unwrap();
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(answer, message, "round {round}");
    }
    sleep(QUIET);
    ends(&mut stream);
}

/// More than the socket buffers hold, and it is not read until a while later.
fn reads_late(port: u16) {
    let mut stream = connect(port);
    let bytes: Vec<u8> = (0..8 << 20).map(|at: u32| (at / 7) as u8).collect();
    let mut writer = stream.try_clone().unwrap();
    let mut read = vec![0; bytes.len()];
    thread::scope(|scope| {
        scope.spawn(|| writer.write_all(&bytes).unwrap());
        sleep(QUIET);
        stream.read_exact(&mut read).unwrap();
    });
    assert!(read == bytes, "the echo is another");
    ends(&mut stream);
}

fn ends(stream: &mut TcpStream) {
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
}

/// Leaves with unread bytes, which resets the connection.
fn resets(port: u16) {
    for _ in 0..100 {
        let mut stream = connect(port);
        stream.write_all(b"echo").unwrap();
        assert_eq!(stream.peek(&mut [0]).unwrap(), 1);
    }
}
