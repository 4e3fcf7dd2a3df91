//! Peers that vanish in the middle of a transfer. Only their own connection may suffer.

use super::client::{CHUNK, Pattern, exchange, expect, finish, send};
use super::server::{Server, on_every_server};
use epshim_harness::{OnDrop, sys};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

const PATTERN: Pattern = Pattern::of_stream(3);

/// How a peer can leave while echoes are under way to it.
const WAYS_TO_LEAVE: [fn(TcpStream); 2] = [
    // With a reset: the server's next read or write fails with ECONNRESET.
    sys::reset,
    // As a crashed program does: the kernel sends a FIN, or a reset if something is unread, and
    // answers what still comes with resets. The server's second write then fails with EPIPE, and
    // raises SIGPIPE.
    drop,
];

#[test]
fn a_reset_in_mid_transfer_harms_nobody_else() {
    on_every_server(|program| {
        let server = program.start();
        let descriptors = server.descriptors();
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let witness = scope.spawn(|| transfer_until(&server, &over));
            let end = OnDrop(|| over.store(true, SeqCst));
            for round in 0..100 {
                for leave in WAYS_TO_LEAVE {
                    leave_in_mid_transfer(&server, round, leave);
                }
            }
            drop(end);
            let bytes = witness.join().expect("the witness has lost nothing");
            assert!(bytes > 0);
        });
        server.wait_for_descriptors(descriptors);
        server.stop();
    });
}

/// Sends, reads a part of the echo, and leaves. Every fourth time the server is stopped meanwhile,
/// so that it finds data, the end and the reset all at once.
fn leave_in_mid_transfer(server: &Server, round: usize, leave: fn(TcpStream)) {
    let stream = server.connect();
    exchange(&stream, PATTERN, 0, 1000);
    send(&stream, PATTERN, 1000, 2 * CHUNK);
    expect(&stream, PATTERN, 1000, 1000 + 100 * round);
    if round % 4 == 0 {
        server.freeze();
        send(&stream, PATTERN, 2 * CHUNK, 2 * CHUNK + 20_000);
        if round % 8 == 0 {
            expect_what_is_here(&stream, 1000 + 100 * round);
        }
        leave(stream);
        server.thaw();
    } else {
        leave(stream);
    }
}

/// Takes in what the stopped server has sent already, so that leaving sends no reset.
fn expect_what_is_here(stream: &TcpStream, mut position: usize) {
    stream.set_nonblocking(true).expect("a socket");
    let mut byte = [0];
    while stream.peek(&mut byte).is_ok_and(|count| count > 0) {
        position += super::client::receive(stream, PATTERN, position, CHUNK);
    }
}

/// Transfers without pause until the others are done, and returns how much.
fn transfer_until(server: &Server, over: &AtomicBool) -> usize {
    let stream = server.connect();
    let mut position = 0;
    while !over.load(SeqCst) {
        exchange(&stream, PATTERN, position, position + 10_000);
        position += 10_000;
    }
    finish(&stream);
    position
}
