//! Servers that are right and under load: nothing is found, also where connections were there before.

use crate::engine::{attach, can_attach, file, outcome};
use crate::nginx;
use epshim_harness::ports::{connect, free_port};
use epshim_harness::process::{Process, run};
use epshim_harness::products::folder;
use epshim_harness::tools::are_there;
use epshim_harness::{cargo, deadline};
use std::env;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Long enough for every suspicion to be asked about. `make soak` has more.
fn seconds() -> u64 {
    env::var("EPSHIM_SOAK_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(8)
}

/// Attaches to a server, works on it meanwhile, and expects no finding, notes included.
fn is_silent(server: &Process, mut work: impl FnMut()) {
    let to = file();
    let time = format!("{}s", seconds());
    let engine = attach(server.id(), &["--notes", "--for", &time], &to);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(seconds() - 1) {
        work();
    }
    let outcome = outcome(engine, &to, Vec::new());
    assert_eq!(outcome.findings().count(), 0, "{}", outcome.err);
    assert!(!outcome.err.contains(" 0 waits"), "{}", outcome.err);
    eprintln!("{}", outcome.err);
}

/// The same with clients that keep their connection, and clients that close it, at a time.
fn answers_silently(server: &Process, port: u16, ask: &(impl Fn(&mut TcpStream) + Sync)) {
    let _idle = connect(port);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut stream = connect(port);
                while !is_over.load(Ordering::Relaxed) {
                    ask(&mut stream);
                }
            });
        }
        is_silent(server, || ask(&mut connect(port)));
        is_over.store(true, Ordering::Relaxed);
    });
}

/// One request of HTTP, of which the connection is kept.
fn get(stream: &mut TcpStream) {
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let (mut answer, mut buffer) = (Vec::new(), [0; 1024]);
    while !answer.ends_with(b"hello") {
        let length = stream.read(&mut buffer).unwrap();
        assert!(length > 0, "{}", String::from_utf8_lossy(&answer));
        answer.extend(&buffer[..length]);
    }
}

/// The port that a server says, as the last number of its first line.
fn port_of(server: &mut Process) -> u16 {
    let line = server.next_line(deadline()).unwrap().expect("it says its port");
    line.rsplit(|it: char| !it.is_ascii_digit()).next().unwrap().parse().unwrap()
}

#[test]
fn node_under_load_is_silent() {
    if !are_there(&["node"]) || !can_attach() {
        return;
    }
    const SERVER: &str = "const server = require('http').createServer((_, answer) => answer.end('hello')); \
                          server.listen(0, '127.0.0.1', () => console.log(server.address().port));";
    let mut server = Process::start("node", Command::new("node").args(["-e", SERVER]));
    let port = port_of(&mut server);
    answers_silently(&server, port, &get);
}

#[test]
fn go_under_load_is_silent() {
    if !are_there(&["go"]) || !can_attach() {
        return;
    }
    const SERVER: &str = r#"
package main

import (
	"fmt"
	"net"
	"net/http"
)

func main() {
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, http.HandlerFunc(func(to http.ResponseWriter, _ *http.Request) { fmt.Fprint(to, "hello") }))
}
"#;
    let folder = folder("attached-go-http");
    fs::write(folder.join("main.go"), SERVER).unwrap();
    let program = folder.join("server");
    let mut go = Command::new("go");
    go.env("GO111MODULE", "off").args(["build", "-o"]).arg(&program).arg("main.go");
    run(go.current_dir(&folder));
    let mut server = Process::start("go", &mut Command::new(&program));
    let port = port_of(&mut server);
    answers_silently(&server, port, &get);
}

#[test]
fn tokio_under_load_is_silent() {
    if !can_attach() {
        return;
    }
    let program = cargo::built("epshim-bench", "epshim-bench");
    let mut server = Process::start("tokio", Command::new(program).args(["serve", "tokio"]));
    let port = server.listening_address().unwrap().port();
    answers_silently(&server, port, &|stream| {
        stream.write_all(b"hello").unwrap();
        stream.read_exact(&mut [0; 5]).unwrap();
    });
}

#[test]
fn redis_under_load_is_silent() {
    if !are_there(&["redis-server"]) || !can_attach() {
        return;
    }
    let port = free_port().unwrap();
    let mut server = Command::new("redis-server");
    let server = Process::start("redis", server.args(["--port", &port.to_string(), "--save", ""]));
    let mut idle = connect(port);
    is_silent(&server, || {
        for stream in [&mut idle, &mut connect(port)] {
            for _ in 0..500 {
                stream.write_all(b"SET a 1\r\nGET a\r\n").unwrap();
                let mut answer = [0; 12];
                stream.read_exact(&mut answer).unwrap();
            }
        }
    });
}

#[test]
fn nginx_under_load_is_silent() {
    if !are_there(&["nginx"]) || !can_attach() {
        return;
    }
    let (server, port) = nginx::start("attached-nginx", "master_process off;");
    let _idle = connect(port);
    is_silent(&server, || {
        assert!(nginx::get(port).unwrap().starts_with(b"HTTP/1.1 200"));
    });
}
