//! What a connection costs that has nothing to do.

use super::client::{Pattern, Talker, converse, stuff_then_read};
use super::server::on_every_server;
use epshim_harness::sys;

const CONNECTIONS: usize = 5000;
/// Those that are there before, and are gone again.
const SOME: usize = 500;

/// What `--help` promises, in bytes.
const EACH: u64 = 128;

/// The server's memory is counted once everything is there that does not grow with the connections:
/// the whole shared buffer, and what the allocator takes for a start.
#[test]
fn an_idle_connection_takes_up_less_memory_than_promised() {
    // The tests of this program run at the same time, and share its descriptors.
    sys::allow_descriptors(17_500);
    on_every_server(|program| {
        let server = program.start();
        let descriptors = server.descriptors();
        stuff_then_read(&server.connect(), Pattern::of_stream(1), 4 << 20, || ());
        server.wait_for_descriptors(descriptors);
        // Code and buffers that many at once need, too.
        let mut some: Vec<_> =
            (0..SOME).map(|number| Talker::new(server.connect(), number)).collect();
        converse(&mut some, 100);
        some.into_iter().for_each(|talker| sys::reset(talker.stream));
        server.wait_for_descriptors(descriptors);
        let before = server.memory_now();

        let mut talkers: Vec<_> =
            (0..CONNECTIONS).map(|number| Talker::new(server.connect(), number)).collect();
        converse(&mut talkers, 100);
        server.wait_for_descriptors(descriptors + CONNECTIONS);
        let grown = (server.memory_now() - before) * 1024;
        println!("{}: {} bytes each", program.name, grown / CONNECTIONS as u64);
        assert!(grown < EACH * CONNECTIONS as u64, "memory grew by {grown} bytes");
        // A connection costs something, or this test measures nothing.
        assert!(grown > 16 * CONNECTIONS as u64, "memory grew by {grown} bytes");

        talkers.into_iter().for_each(|talker| sys::reset(talker.stream));
        server.wait_for_descriptors(descriptors);
        server.stop();
    });
}
