//! A server for a proxy to stand before, and clients of all kinds for a server of HTTP.

use crate::checked::QUIET;
use epshim_harness::ports::{connect, with_limits};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread::{self, sleep};
use std::time::Duration;

/// More than the buffers of the sockets hold.
const BIG: usize = 8 << 20;

/// A server for as long as this process: a small answer, or a big one to a path that ends in `big`.
/// Returns its port.
pub fn serve() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            // What a proxy gives up is no mistake.
            thread::spawn(|| answer(&mut with_limits(stream.unwrap())));
        }
    });
    port
}

fn answer(stream: &mut TcpStream) -> std::io::Result<()> {
    let request = head(stream)?;
    let is_big = request.lines().next().is_some_and(|line| line.contains("big "));
    let body = vec![b'x'; if is_big { BIG } else { 100 }];
    let length = body.len();
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")?;
    stream.write_all(&body)
}

/// What comes before the empty line.
fn head(stream: &mut TcpStream) -> std::io::Result<String> {
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        text.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Clients that keep their connection, that read late, that leave in the middle with a reset, and that are idle.
/// `prefix` is what a request has before `/small` and `/big`.
pub fn load(port: u16, prefix: &str) {
    first_answer(port, prefix);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| keeps(port, prefix));
        }
        scope.spawn(|| leaves(port, prefix));
        scope.spawn(|| reads_late(port, prefix));
        scope.spawn(|| {
            let idle = connect(port);
            sleep(QUIET);
            drop(idle);
        });
    });
}

/// It may have opened its port before it can answer.
fn first_answer(port: u16, prefix: &str) {
    epshim_harness::wait_for("an answer", || {
        let mut stream = ask(port, prefix, "small", "close");
        head(&mut stream).is_ok_and(|head| head.contains(" 200")).then_some(())
    });
}

fn request(prefix: &str, name: &str, connection: &str) -> String {
    format!("GET {prefix}/{name} HTTP/1.1\r\nHost: localhost\r\nConnection: {connection}\r\n\r\n")
}

fn ask(port: u16, prefix: &str, name: &str, connection: &str) -> TcpStream {
    let mut stream = connect(port);
    stream.write_all(request(prefix, name, connection).as_bytes()).unwrap();
    stream
}

fn keeps(port: u16, prefix: &str) {
    let mut stream = connect(port);
    for _ in 0..300 {
        stream.write_all(request(prefix, "small", "keep-alive").as_bytes()).unwrap();
        let head = head(&mut stream).unwrap().to_lowercase();
        assert!(head.contains(" 200"), "{head}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.expect("a length").parse().unwrap()];
        stream.read_exact(&mut body).unwrap();
        if head.contains("connection: close") {
            stream = connect(port);
        }
    }
}

fn leaves(port: u16, prefix: &str) {
    for _ in 0..30 {
        let mut stream = ask(port, prefix, "big", "keep-alive");
        stream.read_exact(&mut [0; 1000]).unwrap();
        // Unread bytes make it a reset.
        drop(stream);
        let mut stream = connect(port);
        stream.write_all(b"GET / HT").unwrap();
        sleep(Duration::from_millis(10));
    }
}

fn reads_late(port: u16, prefix: &str) {
    let mut stream = ask(port, prefix, "big", "close");
    sleep(QUIET);
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.len() > BIG, "{}", String::from_utf8_lossy(&answer[..200]));
}
