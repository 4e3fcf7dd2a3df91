//! Echo servers, one for each of the widespread event loops. Those in C and Rust are the benchmarks'.

use crate::survives::serves;
use crate::text;
use epshim_harness::c_compiler::c11;
use epshim_harness::products::folder;
use epshim_harness::tools::{are_there, skip};
use epshim_harness::{cargo, peers, pythons};

#[test]
fn libuv_survives() {
    in_c("libuv");
}

#[test]
fn libevent_survives() {
    in_c("libevent");
}

#[test]
fn libev_survives() {
    in_c("libev");
}

#[test]
fn tokio_survives() {
    let program = cargo::built("epshim-bench", "epshim-bench");
    serves("tokio", &["echo_client.py"], None, &[text(&program), "serve", "tokio"]);
}

#[test]
fn asyncio_survives() {
    // `python3` may be a script that looks for it.
    if let Some(python) = pythons::pythons().pop() {
        let program = [text(&python.path), &source("echo.py")];
        serves("asyncio", &["echo_client.py"], None, &program);
    }
}

#[test]
fn node_survives() {
    if are_there(&["node"]) {
        serves("node-net", &["echo_client.py"], None, &["node", &source("echo.js")]);
    }
}

#[test]
fn http_of_node_survives() {
    if are_there(&["node"]) {
        serves("node-http", &["http_client.py", "/"], None, &["node", &source("http.js")]);
    }
}

fn in_c(name: &str) {
    if let Some(reason) = peers::missing(name) {
        return skip(&reason);
    }
    let program = folder(&format!("chaos-build-{name}")).join(name);
    peers::build(name, c11().args(["-g", "-O2"]), &program)
        .unwrap_or_else(|error| panic!("{error}"));
    serves(name, &["echo_client.py"], None, &[text(&program), "0", "65536"]);
}

fn source(name: &str) -> String {
    text(&cargo::root().join("crates/cli/tests/chaos").join(name)).to_owned()
}
