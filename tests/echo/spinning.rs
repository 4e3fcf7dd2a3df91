//! `--spin-us`: the server looks for events for a while before it sleeps.

use super::client::{Pattern, exchange, finish};
use super::server::on_every_server;
use epshim_harness::wait_for;
use std::time::Duration;

const PATTERN: Pattern = Pattern::of_stream(1);

/// It stays awake for a second after each message, and then sleeps. Without the option it never
/// uses half a second for a few messages.
#[test]
fn a_spinning_server_is_busy_between_messages_and_sleeps_when_none_come() {
    on_every_server(|program| {
        let server = program.start_with(&["--spin-us", "1000000"]);
        let stream = server.connect();
        let mut position = 0;
        wait_for("the server to be busy with nothing", || {
            exchange(&stream, PATTERN, position, position + 10);
            position += 10;
            (server.cpu_time().unwrap() >= Duration::from_millis(500)).then_some(())
        });
        assert!(position < 10_000 * 10, "messages, and no spinning, have kept it busy");
        wait_for("the server to sleep", || server.is_asleep().then_some(()));
        exchange(&stream, PATTERN, position, position + 10);
        finish(&stream);
        server.stop();
    });
}
