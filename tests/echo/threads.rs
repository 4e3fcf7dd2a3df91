//! Several threads, and several servers, on one port.

use super::client::{Pattern, Talker, converse, exchange, expect, expect_end, send};
use super::server::{Implementation, Server, on_every_server};
use epshim_harness::{sys, wait_for};
use std::net::TcpStream;

/// With this number each of three threads gets some: that one has none has the probability 10^-15.
const CONNECTIONS: usize = 90;

fn start(program: &Implementation) -> (Server, Vec<Talker>) {
    let server = program.start_with(&["--threads", "3"]);
    wait_for("three threads", || (server.threads() == 3).then_some(()));
    let descriptors = server.descriptors();
    let talkers = (0..CONNECTIONS).map(|n| Talker::new(server.connect(), n)).collect();
    server.wait_for_descriptors(descriptors + CONNECTIONS);
    (server, talkers)
}

/// How many connections each thread has, as it says on SIGUSR1.
fn shares(server: &Server, threads: usize) -> Vec<usize> {
    let before = server.stderr().len();
    server.signal(libc::SIGUSR1);
    wait_for("a line of each thread", || {
        let lines = server.stderr().split_off(before);
        let share = |line: &str| {
            let (_, share) = line.strip_prefix("epshim-echo: thread ")?.split_once(": ")?;
            share.split(' ').next()?.parse().ok()
        };
        let shares: Option<Vec<usize>> = lines.lines().map(share).collect();
        shares.filter(|shares| lines.ends_with('\n') && shares.len() == threads)
    })
}

#[test]
fn threads_share_the_connections_and_each_echoes_every_byte() {
    on_every_server(|program| {
        let (server, mut talkers) = start(program);
        let shares = shares(&server, 3);
        println!("{}: {shares:?}", program.name);
        assert_eq!(shares.iter().sum::<usize>(), CONNECTIONS);
        assert!(shares.iter().all(|&share| share > 0), "{shares:?}");
        converse(&mut talkers, 100_000);
        drop(talkers);
        server.stop();
    });
}

#[test]
fn one_signal_stops_every_thread_and_loses_no_byte() {
    on_every_server(|program| {
        let (mut server, talkers) = start(program);
        server.freeze();
        for talker in &talkers {
            send(&talker.stream, talker.pattern, 0, 10_000);
        }
        wait_for("acknowledgement", || {
            talkers.iter().all(|talker| sys::unacknowledged(&talker.stream) == 0).then_some(())
        });
        server.signal(libc::SIGTERM);
        server.thaw();
        for talker in &talkers {
            expect(&talker.stream, talker.pattern, 0, 10_000);
            expect_end(&talker.stream);
        }
        TcpStream::connect(server.address).expect_err("every listener is closed");
        drop(talkers);
        server.wait_for_success();
    });
}

#[test]
fn a_second_signal_ends_every_thread_at_once() {
    on_every_server(|program| {
        let (mut server, talkers) = start(program);
        server.signal(libc::SIGTERM);
        talkers.iter().for_each(|talker| expect_end(&talker.stream));
        assert!(server.is_running(), "it has not waited for its clients' ends");
        // Some threads have no client left and have ended; the others must hear of it all the same.
        let last = talkers.into_iter().next().expect("there are some");
        wait_for("a thread to end", || (server.threads() < 3).then_some(()));
        server.signal(libc::SIGINT);
        assert_eq!(server.wait().code(), Some(1));
        drop(last);
    });
}

#[test]
fn several_servers_share_a_port_where_they_are_told_to() {
    on_every_server(|program| {
        let first = program.start_with(&["--reuseport"]);
        let second = program.start_beside(&first);
        assert_eq!(second.address, first.address);
        let before = [first.descriptors(), second.descriptors()];
        let streams: Vec<_> = (0..CONNECTIONS).map(|_| first.connect()).collect();
        let shares = wait_for("every connection to be accepted", || {
            let shares = [first.descriptors() - before[0], second.descriptors() - before[1]];
            (shares.iter().sum::<usize>() == CONNECTIONS).then_some(shares)
        });
        println!("{}: {shares:?}", program.name);
        assert!(shares.iter().all(|&share| share > 0), "{shares:?}");
        for (number, stream) in streams.iter().enumerate() {
            exchange(stream, Pattern::of_stream(number), 0, 1000);
        }
        drop(streams);
        first.stop();
        second.stop();
    });
}
