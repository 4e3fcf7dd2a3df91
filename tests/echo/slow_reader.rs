//! Back-pressure: a peer that does not read must not fill the server's memory, nor hold it up.

use super::client::{Pattern, exchange, finish, stuff_then_read};
use super::server::on_every_server;

/// How much is sent, and comes back.
const TOTAL: usize = 64 << 20;

/// By how much the server's memory may grow, in KiB. A connection may hold 512 KiB; growing a
/// buffer by doubling needs the old one beside the new, which makes 768 KiB at the most; the rest
/// is for code and heap pages touched for the first time, and for the kernel's count of a
/// process's pages, which is off by up to 64 pages a processor (percpu_counter). It is a
/// sixteenth of what a server without back-pressure has to take in.
const MAY_GROW: u64 = 4 << 10;

#[test]
fn a_slow_reader_gets_64_mib_while_the_servers_memory_stays_bounded() {
    on_every_server(|program| {
        let server = program.start();
        let stream = server.connect();
        let pattern = Pattern::of_stream(2);
        exchange(&stream, pattern, 0, 60_000);
        drop(stream);

        let before = server.memory("VmRSS");
        stuff_then_read(&server.connect(), pattern, TOTAL, || ());
        let peak = server.memory("VmHWM");
        println!("{}: {before} KiB before, {peak} KiB at the most", program.name);
        assert!(
            peak <= before + MAY_GROW,
            "memory grew from {before} to {peak} KiB; {MAY_GROW} KiB more are allowed"
        );
        server.stop();
    });
}

#[test]
fn a_client_that_does_not_read_holds_up_nobody_else() {
    on_every_server(|program| {
        let server = program.start();
        let (slow, other) = (Pattern::of_stream(2), Pattern::of_stream(3));
        stuff_then_read(&server.connect(), slow, TOTAL / 2, || {
            let stream = server.connect();
            for round in 0..100 {
                exchange(&stream, other, 1000 * round, 1000 * (round + 1));
            }
            finish(&stream);
        });
        server.stop();
    });
}
