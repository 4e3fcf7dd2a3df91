//! A greedy client must not starve the others.
//!
//! The measure is a count of bytes, not a time: how much of the greedy client's stream comes back
//! while a small message on another connection waits for its echo. Both are read by one thread,
//! which looks for the small echo before each read of the stream. So a slow or interrupted client
//! makes the count smaller, never larger: what it counts, the server sent first.

use super::client::{CHUNK, Pattern, finish, receive, send};
use super::server::{Server, on_every_server};
use epshim::{CreateFlags, Epoll, EventBuffer, EventData, EventFlags};
use epshim_harness::{LIMIT, OnDrop, sys};
use std::fs;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

/// How many small messages are exchanged, and how much the greedy client gets at least.
const ROUNDS: usize = 3000;
const GREED: usize = 64 << 20;

const GREEDY: Pattern = Pattern::of_stream(4);
const SMALL: Pattern = Pattern::of_stream(5);
const SMALL_SIZE: usize = 16;

/// The greedy client's receive buffer.
const RECEIVE_BUFFER: i32 = 256 << 10;

#[test]
fn a_greedy_client_does_not_starve_the_others() {
    on_every_server(|program| {
        let server = program.start();
        let most = compete(&server, at_most_ahead());
        println!("{}: at most {most} bytes of the greedy one went first", program.name);
        server.stop();
    });
}

/// How many bytes of the stream may come before the echo of a small message: those on their way to
/// the client when the message is sent, which are at most the server's send buffer and the client's
/// receive buffer (the kernel doubles what is asked, socket(7)), and what a fair server sends in a
/// few turns before it comes to the message.
fn at_most_ahead() -> usize {
    let limits = fs::read_to_string("/proc/sys/net/ipv4/tcp_wmem").expect("it is Linux");
    let send_buffer =
        limits.split_whitespace().nth(2).and_then(|bytes| bytes.parse::<usize>().ok());
    send_buffer.expect("three numbers") + 2 * RECEIVE_BUFFER as usize + (4 << 20)
}

/// Lets a greedy client stream without end, and meanwhile exchanges small messages. Returns the
/// most bytes of the stream that went before a message.
fn compete(server: &Server, limit: usize) -> usize {
    let (greedy, small) = (server.connect(), server.connect());
    sys::fix_receive_buffer(&greedy, RECEIVE_BUFFER);
    let enough = AtomicBool::new(false);
    thread::scope(|scope| {
        let sender = scope.spawn(|| stream_until(&greedy, &enough));
        let end = OnDrop(|| enough.store(true, SeqCst));
        let mut reader = Reader::new(&greedy, &small);
        let mut most = 0;
        let mut round = 0;
        while round < ROUNDS || reader.received < GREED {
            most = most.max(reader.exchange(round, limit));
            round += 1;
            assert!(!sender.is_finished(), "the greedy client could not go on");
        }
        drop(end);
        let received = drain(&greedy, reader.received);
        assert_eq!(received, sender.join().expect("the sender has panicked"));
        finish(&small);
        most
    })
}

/// Sends without end, until the messages are exchanged. Returns how much.
fn stream_until(stream: &TcpStream, enough: &AtomicBool) -> usize {
    let mut sent = 0;
    while !enough.load(SeqCst) {
        send(stream, GREEDY, sent, sent + CHUNK);
        sent += CHUNK;
    }
    stream.shutdown(Shutdown::Write).expect("it is connected");
    sent
}

/// Reads the greedy client's stream to its end, and returns the end's position.
fn drain(stream: &TcpStream, mut position: usize) -> usize {
    loop {
        match receive(stream, GREEDY, position, CHUNK) {
            0 => return position,
            count => position += count,
        }
    }
}

/// The thread that reads both connections.
struct Reader<'a> {
    greedy: &'a TcpStream,
    small: &'a TcpStream,
    epoll: Epoll,
    events: EventBuffer,
    received: usize,
}

const IS_GREEDY: u64 = 0;
const IS_SMALL: u64 = 1;

impl<'a> Reader<'a> {
    fn new(greedy: &'a TcpStream, small: &'a TcpStream) -> Self {
        let epoll = Epoll::create(CreateFlags::CLOEXEC).expect("epoll");
        for (stream, data) in [(greedy, IS_GREEDY), (small, IS_SMALL)] {
            epoll.add(stream, EventFlags::IN, EventData::from_u64(data)).expect("a new socket");
        }
        Self { greedy, small, epoll, events: EventBuffer::with_capacity(2), received: 0 }
    }

    /// Exchanges a small message, and returns how much of the stream came before its echo.
    fn exchange(&mut self, round: usize, limit: usize) -> usize {
        let start = self.received;
        let (mut position, end) = (round * SMALL_SIZE, (round + 1) * SMALL_SIZE);
        send(self.small, SMALL, position, end);
        while position < end {
            let ahead = self.received - start;
            assert!(ahead <= limit, "message {round} still waits behind {ahead} greedy bytes");
            if self.echo_is_here() {
                let count = receive(self.small, SMALL, position, end - position);
                assert!(count > 0, "end of file in message {round}");
                position += count;
            } else {
                let count = receive(self.greedy, GREEDY, self.received, CHUNK);
                assert!(count > 0, "end of file after {} greedy bytes", self.received);
                self.received += count;
            }
        }
        self.received - start
    }

    /// Waits until a connection has something, and says whether the small one has.
    fn echo_is_here(&mut self) -> bool {
        let ready = self.epoll.wait(&mut self.events, Some(LIMIT)).expect("no signal is handled");
        assert!(ready > 0, "neither connection got anything for {LIMIT:?}");
        self.events.iter().any(|event| event.data().u64() == IS_SMALL)
    }
}
