//! redis, nginx and memcached as distributions package them, under load.

use crate::checked::{Checked, QUIET, source};
use epshim_harness::ports::{connect, free_port};
use epshim_harness::process::{run, stdout_of};
use epshim_harness::products;
use epshim_harness::tools::are_there;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::thread::{self, sleep};

#[test]
fn redis_is_silent() {
    redis("redis", &[]);
}

#[test]
fn redis_with_io_threads_is_silent() {
    redis("redis_io_threads", &["--io-threads", "2", "--io-threads-do-reads", "yes"]);
}

fn redis(name: &str, options: &[&str]) {
    if !are_there(&["redis-server", "redis-benchmark", "redis-cli"]) {
        return;
    }
    let port = free_port().unwrap().to_string();
    let mut command = vec!["redis-server", "--port", &port, "--save", ""];
    command.extend(options);
    let server = Checked::start(name, &command);
    let idle = connect(port.parse().unwrap());
    for load in ["-t get,set,lpush,lrange_100,mset -n 2000", "-t get,set -P 16 -n 20000"] {
        let mut benchmark = Command::new("redis-benchmark");
        benchmark.args(["-p", &port, "-c", "50", "-q"]).args(load.split(' '));
        run(&mut benchmark);
    }
    slow_reader(port.parse().unwrap());
    // A child that has a copy of all of it writes the file.
    let cli = |arguments: &[&str]| {
        stdout_of(Command::new("redis-cli").args(["-p", &port]).args(arguments)).trim().to_owned()
    };
    assert_eq!(cli(&["bgsave"]), "Background saving started");
    sleep(QUIET);
    drop(idle);
    cli(&["shutdown", "nosave"]);
    server.ends_with(0).is_silent();
}

/// Asks redis for more than the buffers of the sockets hold, and reads it a while later.
fn slow_reader(port: u16) {
    let mut stream = connect(port);
    let value = vec![b'v'; 1 << 20];
    stream
        .write_all(format!("*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n${}\r\n", value.len()).as_bytes())
        .unwrap();
    stream.write_all(&value).unwrap();
    stream.write_all(b"\r\n").unwrap();
    let mut ok = [0; 5];
    stream.read_exact(&mut ok).unwrap();
    assert_eq!(&ok, b"+OK\r\n");
    for _ in 0..16 {
        stream.write_all(b"GET big\r\n").unwrap();
    }
    sleep(QUIET);
    let mut answers = vec![0; 16 * (value.len() + "$1048576\r\n\r\n".len())];
    stream.read_exact(&mut answers).unwrap();
}

#[test]
fn nginx_is_silent() {
    nginx("silence_nginx", Checked::start_in);
}

#[test]
fn nginx_is_silent_while_it_is_recorded_and_in_the_recording() {
    nginx("silence_nginx_recorded", Checked::start_recorded_in);
}

fn nginx(folder: &str, start: impl FnOnce(PathBuf, &[&str]) -> Checked) {
    if !are_there(&["nginx", "wrk"]) {
        return;
    }
    let folder = products::folder(folder);
    let (port, back) = (free_port().unwrap(), free_port().unwrap());
    let configuration = fs::read_to_string(source("nginx.conf")).unwrap();
    let configuration = configuration
        .replace("FOLDER", folder.to_str().unwrap())
        .replace("FRONT", &port.to_string())
        .replace("BACK", &back.to_string());
    fs::write(folder.join("nginx.conf"), configuration).unwrap();
    let big: Vec<u8> = (0..8 << 20).map(|at: u32| (at / 3) as u8).collect();
    fs::write(folder.join("small"), &big[..10_000]).unwrap();
    fs::write(folder.join("big"), &big).unwrap();
    let (prefix, path) = (folder.to_str().unwrap().to_owned(), folder.join("nginx.conf"));
    let command = ["nginx", "-e", "stderr", "-p", &prefix, "-c", path.to_str().unwrap()];
    let server = start(folder, &command);
    drop(connect(port));
    drop(connect(back));
    for (path, header) in [
        ("small", "Accept: */*"),
        ("small", "Connection: close"),
        ("kept/small", "Accept: */*"),
        ("closed/small", "Accept: */*"),
    ] {
        wrk(&format!("http://127.0.0.1:{port}/{path}"), header);
    }
    thread::scope(|scope| {
        for path in ["big", "kept/big"] {
            let big = &big;
            scope.spawn(move || assert!(get_late(port, path).ends_with(big), "{path} is another"));
        }
        scope.spawn(|| {
            // Leaves in the middle.
            let mut stream = ask(port, "big");
            stream.read_exact(&mut [0; 1000]).unwrap();
        });
    });
    // New workers; the old ones end, and with them the connections that were kept.
    server.signal(libc::SIGHUP);
    wrk(&format!("http://127.0.0.1:{port}/small"), "Connection: close");
    server.signal(libc::SIGQUIT);
    server.ends_with(0).is_silent();
}

fn wrk(url: &str, header: &str) {
    let said = stdout_of(Command::new("wrk").args(["-t1", "-c20", "-d1", "-H", header, url]));
    assert!(said.contains("Requests/sec") && !said.contains("Non-2xx"), "{url}: {said}");
    assert!(!said.contains("Socket errors"), "{url}: {said}");
}

fn ask(port: u16, path: &str) -> TcpStream {
    let mut stream = connect(port);
    stream.write_all(format!("GET /{path} HTTP/1.0\r\n\r\n").as_bytes()).unwrap();
    stream
}

/// The server has to wait for the reader, with most of it unwritten.
fn get_late(port: u16, path: &str) -> Vec<u8> {
    let mut stream = ask(port, path);
    sleep(QUIET);
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

#[test]
fn memcached_is_silent() {
    if !are_there(&["memcached"]) {
        return;
    }
    let port = free_port().unwrap().to_string();
    let command = ["memcached", "-u", "root", "-l", "127.0.0.1", "-U", "0", "-t", "4", "-p", &port];
    let server = Checked::start("memcached", &command);
    let port = port.parse().unwrap();
    thread::scope(|scope| {
        for number in 0..20 {
            scope.spawn(move || stores(port, number, 1000, 200));
        }
        scope.spawn(move || stores(port, 20, 30, 500_000));
    });
    server.signal(libc::SIGTERM);
    server.ends_with(0).is_silent();
}

/// Stores a value and asks for it, again and again; the last answers are read late.
fn stores(port: u16, number: u8, rounds: usize, size: usize) {
    let mut stream = connect(port);
    let value = vec![b'a' + number; size];
    let head = format!("set key{number} 0 0 {size}\r\n");
    let set = [head.as_bytes(), &value, b"\r\n"].concat();
    let head = format!("VALUE key{number} 0 {size}\r\n");
    let got = [head.as_bytes(), &value, b"\r\nEND\r\n"].concat();
    let get = format!("get key{number}\r\n").into_bytes();
    let expect = |stream: &mut TcpStream, answer: &[u8]| {
        let mut there = vec![0; answer.len()];
        stream.read_exact(&mut there).unwrap();
        assert!(there == answer, "the answer is another");
    };
    for _ in 0..rounds {
        stream.write_all(&set).unwrap();
        expect(&mut stream, b"STORED\r\n");
        stream.write_all(&get).unwrap();
        expect(&mut stream, &got);
    }
    for _ in 0..16 {
        stream.write_all(&get).unwrap();
    }
    sleep(QUIET);
    for _ in 0..16 {
        expect(&mut stream, &got);
    }
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
}
