//! Many connections at once.

use super::client::{Talker, converse, exchange};
use super::server::{Server, on_every_server};
use epshim_harness::sys;

fn connect(server: &Server, count: usize) -> Vec<Talker> {
    (0..count).map(|number| Talker::new(server.connect(), number)).collect()
}

#[test]
fn a_thousand_connections_get_every_byte_back() {
    // The tests of this program run at the same time, and share its descriptors.
    sys::allow_descriptors(12_500);
    on_every_server(|program| {
        let server = program.start();
        let descriptors = server.descriptors();
        let mut talkers = connect(&server, 1000);
        converse(&mut talkers, 1);
        server.wait_for_descriptors(descriptors + 1000);
        converse(&mut talkers, 50_000);
        drop(talkers);
        server.wait_for_descriptors(descriptors);
        server.stop();
    });
}

#[test]
fn a_hundred_connections_are_served_amid_ten_thousand_idle_ones() {
    sys::allow_descriptors(12_500);
    on_every_server(|program| {
        let server = program.start();
        let descriptors = server.descriptors();
        let idle = connect(&server, 10_000);
        server.wait_for_descriptors(descriptors + 10_000);

        let mut active = connect(&server, 100);
        converse(&mut active, 500_000);

        // The idle ones were not forgotten.
        for talker in &idle {
            exchange(&talker.stream, talker.pattern, 0, 10);
        }
        assert_eq!(server.descriptors(), descriptors + 10_100);
        drop(active);
        // Resets leave no connection in TIME_WAIT, where ten thousand ports would be kept busy.
        idle.into_iter().for_each(|talker| sys::reset(talker.stream));
        server.wait_for_descriptors(descriptors);
        server.stop();
    });
}
