//! The client's side of the scenarios.
//!
//! Every stream is a [`Pattern`]: the byte at each position is known, and a stretch that is lost,
//! doubled or moved shows at once, because the bytes are pseudo-random and repeat only after a
//! prime number of them, which no buffer size divides.

use epshim::{CreateFlags, Epoll, EventBuffer, EventData, EventFlags};
use epshim_harness::{LIMIT, sys};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

/// How much is read or written in one call.
pub const CHUNK: usize = 64 << 10;

/// The largest prime below 2^20.
const PERIOD: usize = 1_048_573;

/// The bytes of a stream, by position. Streams of different numbers differ.
#[derive(Clone, Copy)]
pub struct Pattern {
    stream: usize,
}

impl Pattern {
    pub const fn of_stream(number: usize) -> Self {
        Self { stream: number }
    }

    /// At most `max` bytes from `position` on, and at least one.
    pub fn at(&self, position: usize, max: usize) -> &'static [u8] {
        static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
        let bytes = BYTES.get_or_init(|| {
            let mut state = 0x9e37_79b9_7f4a_7c15_u64; // xorshift64, any seed but 0
            let next = |_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state as u8
            };
            (0..PERIOD).map(next).collect()
        });
        let from = (position + self.stream * 7919) % PERIOD;
        &bytes[from..PERIOD.min(from + max)]
    }

    /// Checks bytes that arrived at `position`.
    pub fn check(&self, mut position: usize, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let expected = self.at(position, bytes.len());
            let (now, later) = bytes.split_at(expected.len());
            if now != expected {
                let at = now.iter().zip(expected).position(|(a, b)| a != b).unwrap_or(0);
                panic!("stream {}: byte {} is not what was sent", self.stream, position + at);
            }
            position += now.len();
            bytes = later;
        }
    }
}

/// Sends the bytes of the pattern from position `from` up to `to`.
pub fn send(mut stream: &TcpStream, pattern: Pattern, from: usize, to: usize) {
    let mut sent = from;
    while sent < to {
        let bytes = pattern.at(sent, CHUNK.min(to - sent));
        sent += stream.write(bytes).unwrap_or_else(|error| fail("writing", sent, &error));
    }
}

/// Receives the bytes of the pattern from position `from` up to `to`, and checks each.
pub fn expect(stream: &TcpStream, pattern: Pattern, from: usize, to: usize) {
    let mut received = from;
    while received < to {
        let count = receive(stream, pattern, received, CHUNK.min(to - received));
        assert!(count > 0, "end of file after {received} of {to} bytes");
        received += count;
    }
}

/// Receives at most `max` bytes (and [`CHUNK`]) and checks them. 0 is the end of the stream.
pub fn receive(mut stream: &TcpStream, pattern: Pattern, position: usize, max: usize) -> usize {
    let mut bytes = [0; CHUNK];
    let count = match stream.read(&mut bytes[..max]) {
        Ok(count) => count,
        Err(error) => fail("reading", position, &error),
    };
    pattern.check(position, &bytes[..count]);
    count
}

fn fail(what: &str, position: usize, error: &io::Error) -> ! {
    if error.kind() == io::ErrorKind::WouldBlock {
        panic!("{what} after {position} bytes: nothing moved for {LIMIT:?}");
    }
    panic!("{what} after {position} bytes: {error}");
}

/// Sends one message and waits for its echo.
pub fn exchange(stream: &TcpStream, pattern: Pattern, from: usize, to: usize) {
    send(stream, pattern, from, to);
    expect(stream, pattern, from, to);
}

/// Checks that nothing comes but the end of the stream.
pub fn expect_end(stream: &TcpStream) {
    let mut rest = Vec::new();
    let end = { stream }.read_to_end(&mut rest);
    assert!(end.is_ok() && rest.is_empty(), "{} bytes instead of the end: {end:?}", rest.len());
}

/// Half-closes, and checks that the server then closes.
pub fn finish(stream: &TcpStream) {
    stream.shutdown(Shutdown::Write).expect("it is connected");
    expect_end(stream);
}

/// Sends `total` bytes and half-closes, and reads nothing before the sender is done or can send no
/// more, because every buffer on the way is full. Calls `then`, and reads to the end.
pub fn stuff_then_read(stream: &TcpStream, pattern: Pattern, total: usize, then: impl FnOnce()) {
    sys::fix_receive_buffer(stream, 16 << 10);
    let sent = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            while sent.load(SeqCst) < total {
                let from = sent.load(SeqCst);
                let to = total.min(from + CHUNK);
                send(stream, pattern, from, to);
                sent.store(to, SeqCst);
            }
            stream.shutdown(Shutdown::Write).expect("it is connected");
        });
        wait_until_it_stands_still(&sent, total);
        then();
        expect(stream, pattern, 0, total);
    });
    expect_end(stream);
}

/// Returns when the counter has reached its end, or has not moved for a while. The kernel tells
/// nothing that all buffers are full; to guess it too early makes a test weaker, never wrong.
fn wait_until_it_stands_still(counter: &AtomicUsize, end: usize) {
    let mut before = usize::MAX;
    let mut still = 0;
    while still < 10 && before != end {
        thread::sleep(Duration::from_millis(20));
        let now = counter.load(SeqCst);
        still = if now == before { still + 1 } else { 0 };
        before = now;
    }
}

/// One of a crowd of connections: sends its pattern, and reads the echo at the same time.
pub struct Talker {
    pub stream: TcpStream,
    pub pattern: Pattern,
    sent: usize,
    received: usize,
    total: usize,
}

impl Talker {
    pub fn new(stream: TcpStream, number: usize) -> Self {
        let pattern = Pattern::of_stream(number);
        Self { stream, pattern, sent: 0, received: 0, total: 0 }
    }

    fn send_some(&mut self) {
        let bytes = self.pattern.at(self.sent, CHUNK.min(self.total - self.sent));
        match self.stream.write(bytes) {
            Ok(count) => self.sent += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => fail("writing", self.sent, &error),
        }
    }

    fn receive_some(&mut self) {
        let count = receive(&self.stream, self.pattern, self.received, CHUNK);
        assert!(count > 0, "end of file after {} of {} bytes", self.received, self.total);
        self.received += count;
    }
}

/// Has every talker send `bytes` more and receive their echo, all at the same time.
pub fn converse(talkers: &mut [Talker], bytes: usize) {
    let epoll = Epoll::create(CreateFlags::CLOEXEC).expect("epoll");
    for (number, talker) in talkers.iter_mut().enumerate() {
        talker.total += bytes;
        talker.stream.set_nonblocking(true).expect("a socket");
        let data = EventData::from_u64(number as u64);
        epoll.add(&talker.stream, EventFlags::IN | EventFlags::OUT, data).expect("a new socket");
    }
    let mut talking = talkers.len();
    let mut events = EventBuffer::with_capacity(64);
    while talking > 0 {
        let count = epoll.wait(&mut events, Some(LIMIT)).expect("no signal is handled here");
        assert!(count > 0, "{talking} connections without progress for {LIMIT:?}");
        for event in &events {
            let talker = &mut talkers[event.data().u64() as usize];
            if event.flags().contains(EventFlags::OUT) {
                talker.send_some();
                if talker.sent == talker.total {
                    epoll.modify(&talker.stream, EventFlags::IN, event.data()).expect("registered");
                }
            }
            if event.flags() != EventFlags::OUT {
                talker.receive_some();
            }
            if talker.received == talker.total {
                epoll.delete(&talker.stream).expect("registered");
                talker.stream.set_nonblocking(false).expect("a socket");
                talking -= 1;
            }
        }
    }
}
