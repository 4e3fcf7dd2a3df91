//! Servers that are right and under load: nothing is found, also where connections were there before.

use crate::engine::{attach, can_attach, file, outcome};
use epshim_harness::ports::{connect, free_port};
use epshim_harness::process::Process;
use epshim_harness::products::folder;
use epshim_harness::tools::are_there;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

/// Long enough for every suspicion to be asked about.
const LONG: &str = "8s";

/// Attaches to a server, works on it meanwhile, and expects no finding, notes included.
fn is_silent(server: &Process, mut work: impl FnMut()) {
    let to = file();
    let engine = attach(server.id(), &["--notes", "--for", LONG], &to);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(7) {
        work();
    }
    let outcome = outcome(engine, &to, Vec::new());
    assert_eq!(outcome.findings().count(), 0, "{}", outcome.err);
    assert!(!outcome.err.contains(" 0 waits"), "{}", outcome.err);
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
    let folder = folder("attached-nginx");
    let port = free_port().unwrap();
    let place = folder.to_str().unwrap();
    let configuration = format!(
        "daemon off; master_process off; pid {place}/pid; error_log stderr; events {{}}\n\
         http {{ access_log off; client_body_temp_path {place}; proxy_temp_path {place}; fastcgi_temp_path {place};\n\
         uwsgi_temp_path {place}; scgi_temp_path {place};\n\
         server {{ listen 127.0.0.1:{port}; location / {{ return 200 hello; }} }} }}\n"
    );
    let path = folder.join("nginx.conf");
    fs::write(&path, configuration).unwrap();
    let mut server = Command::new("nginx");
    let server = server.args(["-e", "stderr", "-p", place, "-c", path.to_str().unwrap()]);
    let server = Process::start("nginx", server);
    let _idle = connect(port);
    is_silent(&server, || {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 200"));
    });
}
