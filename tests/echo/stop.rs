//! The graceful stop on SIGTERM and SIGINT.
//!
//! What the server's kernel had acknowledged before the signal was accepted, and has to come back.
//! The client learns from its own kernel how much that is: what it wrote, less what is not
//! acknowledged yet (SIOCOUTQ).

use super::client::{CHUNK, Pattern, exchange, expect, expect_end, receive, send};
use super::server::{Server, on_all_servers_at_once, on_every_server};
use epshim_harness::{OnDrop, sys, wait_for};
use std::io::{ErrorKind, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;

/// How many reads may bring something after the signal. Each takes at most 64 KiB, and what can
/// come back is what was in buffers: 100,000 reads are far more, unless each brings a few bytes.
const MOST_READS: usize = 100_000;

/// A client that sends without end.
struct Load {
    stream: TcpStream,
    pattern: Pattern,
    sent: AtomicUsize,
    /// Whether it reads before the signal.
    reads: bool,
}

impl Load {
    fn new(server: &Server, number: usize) -> Self {
        let stream = server.connect();
        let reads = number % 2 == 0;
        if !reads {
            sys::fix_receive_buffer(&stream, 16 << 10);
        }
        Self { stream, pattern: Pattern::of_stream(number), sent: AtomicUsize::new(0), reads }
    }

    /// At least these bytes are acknowledged: what had been written before the kernel was asked,
    /// less what was not acknowledged when it answered.
    fn acknowledged(&self) -> usize {
        let sent = self.sent.load(SeqCst);
        sent.saturating_sub(sys::unacknowledged(&self.stream))
    }

    /// Sends and reads until the server ends the stream, and returns how much came back.
    fn run(&self, stopped: &AtomicBool) -> usize {
        let ended = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| self.send_until(&ended));
            let _end = OnDrop(|| ended.store(true, SeqCst));
            self.read_to_the_end(stopped)
        })
    }

    fn send_until(&self, ended: &AtomicBool) {
        while !ended.load(SeqCst) {
            let from = self.sent.load(SeqCst);
            send(&self.stream, self.pattern, from, from + CHUNK);
            self.sent.store(from + CHUNK, SeqCst);
        }
        self.stream.shutdown(Shutdown::Write).expect("it is connected");
    }

    fn read_to_the_end(&self, stopped: &AtomicBool) -> usize {
        if !self.reads {
            wait_for("the signal", || stopped.load(SeqCst).then_some(()));
        }
        let (mut received, mut after_the_signal) = (0, 0);
        loop {
            match receive(&self.stream, self.pattern, received, CHUNK) {
                0 => return received,
                count => received += count,
            }
            if stopped.load(SeqCst) {
                after_the_signal += 1;
                assert!(after_the_signal < MOST_READS, "the server does not stop to echo");
            }
        }
    }
}

#[test]
fn a_stop_under_load_loses_no_byte_that_was_accepted() {
    on_every_server(|program| {
        for signal in [libc::SIGTERM, libc::SIGINT] {
            let mut server = program.start();
            stop_under_load(&server, signal);
            server.wait_for_success();
        }
    });
}

/// Half of the clients read all the time, and half read nothing before the signal, so that the
/// server has their bytes in all of its buffers.
fn stop_under_load(server: &Server, signal: i32) {
    let loads: Vec<_> = (0..8).map(|number| Load::new(server, number)).collect();
    let stopped = AtomicBool::new(false);
    thread::scope(|scope| {
        let stop = OnDrop(|| {
            server.signal(signal);
            stopped.store(true, SeqCst);
        });
        let clients: Vec<_> = loads.iter().map(|load| scope.spawn(|| load.run(&stopped))).collect();
        for load in &loads {
            let enough = if load.reads { 4 << 20 } else { 512 << 10 };
            wait_for("load", || (load.acknowledged() >= enough).then_some(()));
        }
        let accepted: Vec<_> = loads.iter().map(Load::acknowledged).collect();
        drop(stop);
        for (number, client) in clients.into_iter().enumerate() {
            let (received, accepted) = (client.join().expect("a client"), accepted[number]);
            assert!(received >= accepted, "client {number}: {received} of {accepted} came back");
        }
    });
}

/// Everything is in place before the server learns of the signal: bytes on an open connection, and
/// a connection with bytes that it has not accepted yet, but its kernel has.
#[test]
fn a_stop_echoes_what_had_arrived_unseen() {
    on_every_server(|program| {
        let mut server = program.start();
        let pattern = Pattern::of_stream(6);
        let open = server.connect();
        exchange(&open, pattern, 0, 1000);
        server.freeze();
        send(&open, pattern, 1000, 30_000);
        let new = server.connect();
        send(&new, pattern, 0, 30_000);
        for stream in [&open, &new] {
            wait_for("acknowledgement", || (sys::unacknowledged(stream) == 0).then_some(()));
        }
        server.signal(libc::SIGTERM);
        server.thaw();
        expect(&open, pattern, 1000, 30_000);
        expect_end(&open);
        expect(&new, pattern, 0, 30_000);
        expect_end(&new);
        drop((open, new));
        server.wait_for_success();
    });
}

#[test]
fn a_stopping_server_accepts_nobody_and_ends_with_its_last_client() {
    on_every_server(|program| {
        let mut server = program.start();
        let idle = server.connect();
        exchange(&idle, Pattern::of_stream(7), 0, 10);
        server.signal(libc::SIGTERM);
        // The end of the stream shows that the server has seen the signal.
        expect_end(&idle);
        let late = TcpStream::connect(server.address).expect_err("the listener is closed");
        assert_eq!(late.kind(), ErrorKind::ConnectionRefused);
        // Until the client closes too, the server takes in what it sends.
        (&idle).write_all(&[0; 100_000]).expect("the server still reads");
        assert!(server.is_running(), "it has not waited for the client's end");
        drop(idle);
        server.wait_for_success();
    });
}

/// The server gives up a peer that takes nothing for ten seconds, whether it rests or sends without
/// end, and its exit status admits that bytes were lost.
#[test]
fn a_client_that_never_reads_cannot_hold_up_a_stop_for_ever() {
    on_all_servers_at_once(|program| {
        let mut server = program.start();
        let clients = [server.connect(), server.connect()];
        for stream in &clients {
            sys::fix_receive_buffer(stream, 16 << 10);
            stream.set_nonblocking(true).expect("a socket");
            let mut sent = 0;
            // More than this client's kernel takes unread, so that some stays in the server.
            wait_for("bytes in the server", || {
                sent += { stream }.write(&[0; CHUNK]).unwrap_or(0);
                (sent - sys::unacknowledged(stream) >= 512 << 10).then_some(())
            });
            stream.set_nonblocking(false).expect("a socket");
        }
        let mut sending = &clients[1];
        thread::scope(|scope| {
            scope.spawn(|| while sending.write(&[0; CHUNK]).is_ok() {});
            server.signal(libc::SIGTERM);
            let status = server.wait();
            assert_eq!(status.code(), Some(1), "{status}");
        });
    });
}

/// As above, but it reads what it gets, so that nothing is lost.
#[test]
fn a_client_that_never_ends_cannot_hold_up_a_stop_for_ever() {
    on_all_servers_at_once(|program| {
        let mut server = program.start();
        let (resting, mut sending) = (server.connect(), &server.connect());
        exchange(&resting, Pattern::of_stream(8), 0, 1000);
        exchange(sending, Pattern::of_stream(9), 0, 1000);
        thread::scope(|scope| {
            server.signal(libc::SIGTERM);
            expect_end(&resting);
            expect_end(sending);
            scope.spawn(|| while sending.write(&[0; CHUNK]).is_ok() {});
            server.wait_for_success();
        });
    });
}
