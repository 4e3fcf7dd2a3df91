//! The command line: `[--bind ADDR] [--port N]`.

use super::server::{Program, on_every_server};
use crate::support::process::Process;
use crate::support::wait_for;
use std::net::TcpListener;

#[test]
fn a_bad_argument_ends_with_status_2_and_one_line() {
    on_every_server(|program| {
        let cases: &[&[&str]] = &[
            &["--port"],
            &["--port", "x"],
            &["--port", ""],
            &["--port", "-1"],
            &["--port", "65536"],
            &["--port", "4294967296"],
            &["--port", "80x"],
            &["--bind"],
            &["--bind", "nowhere"],
            &["--bind", "127.0.0.1:80"],
            &["--bind", "127.0.0.256"],
            &["--no-such-option"],
            &["extra"],
        ];
        cases.iter().for_each(|arguments| expect_refusal(program, arguments, 2));
    });
}

#[test]
fn a_port_in_use_ends_with_status_1_and_one_line() {
    on_every_server(|program| {
        let taken = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let port = taken.local_addr().expect("it is bound").port().to_string();
        expect_refusal(program, &["--port", &port], 1);
        expect_refusal(program, &["--bind", "192.0.2.1"], 1); // TEST-NET-1, nobody's (RFC 5737)
    });
}

fn expect_refusal(program: &Program, arguments: &[&str], status: i32) {
    let name = format!("{} {arguments:?}", program.name);
    let mut process = Process::start(&name, program.command().args(arguments));
    assert_eq!(process.wait().code(), Some(status), "{arguments:?}");
    wait_for("a line on stderr", || process.stderr().ends_with('\n').then_some(()));
    let (stdout, stderr) = (process.stdout(), process.stderr());
    assert_eq!(stderr.lines().count(), 1, "{arguments:?}: {stderr}");
    assert_eq!(stdout, "", "{arguments:?}");
}
