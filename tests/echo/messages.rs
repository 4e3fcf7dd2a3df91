//! One connection: messages, single bytes, the half-close.

use super::client::{Pattern, exchange, expect, expect_end, finish, send, stuff_then_read};
use super::server::on_every_server;
use std::net::{Shutdown, TcpListener};
use std::thread;

const PATTERN: Pattern = Pattern::of_stream(1);

#[test]
fn a_message_comes_back() {
    on_every_server(|program| {
        let server = program.start();
        assert!(server.address.ip().is_loopback() && server.address.is_ipv4());
        let stream = server.connect();
        exchange(&stream, PATTERN, 0, 100);
        exchange(&stream, PATTERN, 100, 5000);
        finish(&stream);
        server.stop();
    });
}

#[test]
fn a_message_comes_back_over_ipv6() {
    if let Err(error) = TcpListener::bind("[::1]:0") {
        println!("skipped: this machine has no IPv6: {error}");
        return;
    }
    on_every_server(|program| {
        let server = program.start_on_ipv6();
        assert!(server.address.ip().is_loopback() && server.address.is_ipv6());
        let stream = server.connect();
        exchange(&stream, PATTERN, 0, 100);
        finish(&stream);
        server.stop();
    });
}

#[test]
fn bytes_sent_one_by_one_come_back_in_order() {
    on_every_server(|program| {
        let server = program.start();
        let stream = server.connect();
        stream.set_nodelay(true).expect("it is TCP");
        for position in 0..1000 {
            exchange(&stream, PATTERN, position, position + 1);
        }
        thread::scope(|scope| {
            scope.spawn(|| {
                for position in 1000..20_000 {
                    send(&stream, PATTERN, position, position + 1);
                }
            });
            expect(&stream, PATTERN, 1000, 20_000);
        });
        finish(&stream);
        server.stop();
    });
}

#[test]
fn an_end_of_file_without_data_is_answered_with_one() {
    on_every_server(|program| {
        let server = program.start();
        finish(&server.connect());
        server.stop();
    });
}

#[test]
fn a_half_close_behind_a_message_loses_nothing() {
    on_every_server(|program| {
        let server = program.start();
        for round in 0..200 {
            // Every other time the server finds the message and the end in one go.
            let stream = server.connect();
            if round % 2 == 0 {
                server.freeze();
            }
            send(&stream, PATTERN, 0, 1 + 97 * round);
            stream.shutdown(Shutdown::Write).expect("it is connected");
            server.thaw();
            expect(&stream, PATTERN, 0, 1 + 97 * round);
            expect_end(&stream);
        }
        server.stop();
    });
}

/// The sender is done before the first byte is read, so that the server meets the end of the
/// stream while its own buffer and both of its socket's are full.
#[test]
fn a_half_close_behind_full_buffers_loses_nothing() {
    on_every_server(|program| {
        let server = program.start();
        for megabytes in [1, 3, 5, 8] {
            let stream = server.connect();
            stuff_then_read(&stream, PATTERN, (megabytes << 20) + 12_345, || ());
        }
        server.stop();
    });
}
