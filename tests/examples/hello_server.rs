//! The example `hello_server`: with many clients at once, and without a free descriptor.

use crate::example::Example;
use epshim_harness::LIMIT;
use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::ptr;
use std::thread;
use std::time::Instant;

/// `hello_server` for this number of connections, and its address.
fn hello_server(connections: usize) -> (Example, SocketAddr) {
    let connections = connections.to_string();
    let mut example = Example::start("hello_server", &["--connections", &connections]);
    let line = example.next_line().unwrap();
    let address = line.strip_prefix("listening on ").expect(&line).parse().expect(&line);
    (example, address)
}

/// Connects, reads to the end of the stream, and checks that it was the greeting. Returns the
/// client's own address.
fn be_greeted(server: SocketAddr) -> SocketAddr {
    let stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let mut greeting = String::new();
    // More than the greeting, so that it is the end of the stream that ends it; but not endless.
    (&stream).take(64).read_to_string(&mut greeting).unwrap();
    assert_eq!(greeting, "hello\n");
    stream.local_addr().unwrap()
}

#[test]
fn hello_server_greets_every_client_once_and_stops_after_the_last() {
    const CLIENTS: usize = 32;
    let (example, address) = hello_server(CLIENTS);
    let clients: Vec<_> =
        (0..CLIENTS).map(|_| thread::spawn(move || be_greeted(address))).collect();
    let clients: BTreeSet<_> = clients.into_iter().map(|client| client.join().unwrap()).collect();
    let (status, stdout, stderr) = example.finish();
    assert_eq!((status, stderr), (0, vec![]));
    let mut reported = BTreeSet::new();
    let mut numbers = BTreeSet::new();
    for line in &stdout {
        let (number, rest) =
            line.strip_prefix("connection ").unwrap().split_once(" from ").unwrap();
        numbers.insert(number.parse::<usize>().unwrap());
        reported.insert(rest.strip_suffix(": sent hello").expect(line).parse().unwrap());
    }
    assert_eq!(stdout.len(), CLIENTS);
    assert_eq!(numbers, (2..2 + CLIENTS).collect());
    assert_eq!(reported, clients);
}

/// Sets how many descriptors a process may have, and returns how many it could have before.
fn limit_descriptors(process: u32, limit: libc::rlim_t) -> libc::rlim_t {
    let mut old = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    let process = libc::pid_t::try_from(process).unwrap();
    // SAFETY: the calls read and write one rlimit each, through null or a live pointer.
    unsafe {
        assert_eq!(libc::prlimit(process, libc::RLIMIT_NOFILE, ptr::null(), &raw mut old), 0);
        let new = libc::rlimit { rlim_cur: limit, rlim_max: old.rlim_max };
        assert_eq!(libc::prlimit(process, libc::RLIMIT_NOFILE, &raw const new, ptr::null_mut()), 0);
    }
    old.rlim_cur
}

#[test]
fn hello_server_without_free_descriptors_waits_and_does_not_spin() {
    let (mut example, address) = hello_server(3);
    let process = example.id();
    let is_free = |fd: &libc::rlim_t| !fs::exists(format!("/proc/{process}/fd/{fd}")).unwrap();
    let old = limit_descriptors(process, (0..).find(is_free).unwrap());

    let start = Instant::now();
    let clients: Vec<_> = (0..3).map(|_| thread::spawn(move || be_greeted(address))).collect();
    let complaint = "hello_server: accept: Too many open files (os error 24); listening again soon";
    let mut complaints = 0;
    // Two, so that it has looked again in vain.
    while complaints < 2 {
        assert_eq!(example.next_line_of_stderr().as_deref(), Some(complaint));
        complaints += 1;
    }
    limit_descriptors(process, old);
    for client in clients {
        client.join().unwrap();
    }
    let (status, stdout, stderr) = example.finish();
    assert_eq!((status, stdout.len()), (0, 3), "{stdout:?}");
    // It pauses for 100 ms, and no wait is shorter than its timeout.
    let complaints = complaints + stderr.len();
    let most = start.elapsed().as_millis() as usize / 100 + 1;
    assert!(complaints <= most, "{complaints} complaints, at most {most} expected");
}
