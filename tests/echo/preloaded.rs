//! A preloaded library sees what the servers receive and send, though they make these calls
//! themselves otherwise: the checker depends on it.

use super::client::{Pattern, exchange, finish};
use super::server::on_every_server;
use epshim_harness::c_compiler::{build, c11};
use epshim_harness::wait_for;
use std::path::Path;

const PATTERN: Pattern = Pattern::of_stream(1);

#[test]
fn a_preloaded_library_sees_every_recv_and_send() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("c_tests/echo_watcher.c");
    let mut command = c11();
    command.args(["-shared", "-fPIC", "-O2"]).arg(source).arg("-ldl");
    let library = build(&mut command, "echo_watcher.so");
    on_every_server(|program| {
        let server = program.start_preloading(&library);
        let stream = server.connect();
        for message in 0..10 {
            exchange(&stream, PATTERN, message * 10, message * 10 + 10);
        }
        wait_for("ten calls of each to be seen", || {
            let seen = server.stderr();
            let count = |line| seen.matches(line).count();
            (count("recv was seen") >= 10 && count("send was seen") >= 10).then_some(())
        });
        finish(&stream);
        server.stop();
    });
}
