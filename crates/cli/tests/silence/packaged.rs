//! Proxies, a resolver, a pooler and two servers of applications as distributions package them, under load.

use crate::checked::{Checked, QUIET, source};
use crate::http::{load, serve};
use epshim_harness::ports::{connect, free_port};
use epshim_harness::process::stdout_of;
use epshim_harness::tools::are_there;
use epshim_harness::{products, pypi};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::Command;
use std::thread::{self, sleep};

/// A folder with a file of configuration, in which `FOLDER` is the folder itself.
fn configured(name: &str, text: &str) -> (PathBuf, String) {
    let folder = products::folder(&format!("silence_{name}"));
    let file = folder.join("configuration");
    fs::write(&file, text.replace("FOLDER", folder.to_str().unwrap())).unwrap();
    (folder, file.to_str().unwrap().to_owned())
}

#[test]
fn haproxy_is_silent() {
    if !are_there(&["haproxy"]) {
        return;
    }
    let (front, back) = (free_port().unwrap(), serve());
    let text = format!(
        "global
            nbthread 2
        defaults
            mode http
            timeout connect 30s
            timeout client 30s
            timeout server 30s
        frontend front
            bind 127.0.0.1:{front}
            default_backend back
        backend back
            server one 127.0.0.1:{back}\n"
    );
    let (folder, file) = configured("haproxy", &text);
    let server = Checked::start_in(folder, &["haproxy", "-db", "-f", &file]);
    load(front, "");
    server.signal(libc::SIGUSR1);
    server.ends_with(0).is_silent();
}

#[test]
fn squid_is_silent() {
    if !are_there(&["squid"]) {
        return;
    }
    let (front, back) = (free_port().unwrap(), serve());
    // Started by root, it works as another user.
    let text = format!(
        "http_port 127.0.0.1:{front}
http_access allow all
cache deny all
pid_filename none
access_log none
cache_log /dev/null
coredump_dir /
pinger_enable off
max_filedescriptors 1024
shutdown_lifetime 0 seconds\n"
    );
    let (folder, file) = configured("squid", &text);
    let server = Checked::start_in(folder, &["squid", "-N", "-f", &file]);
    load(front, &format!("http://127.0.0.1:{back}"));
    server.signal(libc::SIGTERM);
    server.ends_with(0).is_silent();
}

#[test]
fn unbound_is_silent() {
    if !are_there(&["unbound"]) {
        return;
    }
    let port = free_port().unwrap();
    let text = format!(
        "server:
    directory: \"FOLDER\"
    chroot: \"\"
    username: \"\"
    pidfile: \"\"
    use-syslog: no
    interface: 127.0.0.1@{port}
    num-threads: 2
    do-ip6: no
    module-config: \"iterator\"
    local-zone: \"example.\" static
    local-data: \"a.example. A 192.0.2.1\"
remote-control:
    control-enable: no\n"
    );
    let (folder, file) = configured("unbound", &text);
    let server = Checked::start_in(folder, &["unbound", "-d", "-c", &file]);
    drop(connect(port));
    thread::scope(|scope| {
        scope.spawn(|| asks_by_datagrams(port));
        scope.spawn(|| asks_by_streams(port));
        scope.spawn(|| {
            let idle = connect(port);
            sleep(QUIET);
            drop(idle);
        });
    });
    server.signal(libc::SIGTERM);
    server.ends_with(0).is_silent();
}

/// The address of a.example: a header of 12 bytes, of which the first two come back, then the question.
const QUESTION: &[u8] = b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\x01a\x07example\0\0\x01\0\x01";

fn asks_by_datagrams(port: u16) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(("127.0.0.1", port)).unwrap();
    for _ in 0..2000 {
        let mut answer = [0; 512];
        socket.send(QUESTION).unwrap();
        let length = socket.recv(&mut answer).unwrap();
        assert!(length > QUESTION.len() && answer[..2] == QUESTION[..2]);
    }
}

fn asks_by_streams(port: u16) {
    let length = u16::try_from(QUESTION.len()).unwrap().to_be_bytes();
    for round in 0..100 {
        let mut stream = connect(port);
        for _ in 0..5 {
            stream.write_all(&[&length, QUESTION].concat()).unwrap();
            let mut head = [0; 2];
            stream.read_exact(&mut head).unwrap();
            stream.read_exact(&mut vec![0; u16::from_be_bytes(head).into()]).unwrap();
        }
        if round % 2 == 0 {
            // It leaves with an answer unread.
            stream.write_all(&[&length, QUESTION].concat()).unwrap();
            assert_eq!(stream.peek(&mut [0]).unwrap(), 1);
        }
        drop(stream);
        connect(port).write_all(&length[..1]).unwrap();
    }
}

#[test]
fn pgbouncer_is_silent() {
    if !are_there(&["pgbouncer"]) {
        return;
    }
    let port = free_port().unwrap();
    let text = format!(
        "[databases]
nobody = host=127.0.0.1 port=1
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
admin_users = postgres
server_login_retry = 1
query_wait_timeout = 2\n"
    );
    let (folder, file) = configured("pgbouncer", &text);
    // It refuses to work as root.
    let is_root = stdout_of(Command::new("id").arg("-u")).trim() == "0";
    let user: &[&str] = if is_root { &["-u", "nobody"] } else { &[] };
    let command = [&["pgbouncer"], user, &[file.as_str()]].concat();
    let server = Checked::start_in(folder, &command);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| asks_the_console(port));
        }
        // There is no server behind it: the connection fails, and the client waits.
        scope.spawn(|| {
            let mut stream = log_in(port, "nobody");
            while stream.read(&mut [0; 1000]).is_ok_and(|size| size > 0) {}
        });
    });
    server.signal(libc::SIGINT);
    server.ends_with(0).is_silent();
}

/// Says who it is: version 3.0 of the protocol, and pairs of words.
fn log_in(port: u16, database: &str) -> TcpStream {
    let words = format!("user\0postgres\0database\0{database}\0\0");
    let mut stream = connect(port);
    let length = u32::try_from(8 + words.len()).unwrap().to_be_bytes();
    stream.write_all(&[&length[..], &[0, 3, 0, 0], words.as_bytes()].concat()).unwrap();
    stream
}

/// Reads messages up to the one that says that it is ready.
fn read_until_ready(stream: &mut TcpStream) {
    loop {
        let mut head = [0; 5];
        stream.read_exact(&mut head).unwrap();
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        stream.read_exact(&mut vec![0; length as usize - 4]).unwrap();
        if head[0] == b'Z' {
            return;
        }
    }
}

fn asks_the_console(port: u16) {
    let query = b"Q\0\0\0\x10SHOW CONFIG\0";
    for round in 0..50 {
        let mut stream = log_in(port, "pgbouncer");
        read_until_ready(&mut stream);
        for _ in 0..10 {
            stream.write_all(query).unwrap();
            read_until_ready(&mut stream);
        }
        if round % 2 == 0 {
            // It leaves with an answer unread.
            stream.write_all(query).unwrap();
            assert_eq!(stream.peek(&mut [0]).unwrap(), 1);
        } else {
            stream.write_all(b"X\0\0\0\x04").unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
        }
    }
}

#[test]
fn gunicorn_with_workers_is_silent() {
    if !are_there(&["python3"]) {
        return;
    }
    let packages = ["gunicorn==23.0.0", "packaging==24.2"].map(pypi::package);
    let [Some(gunicorn), Some(packaging)] = packages else { return };
    let program = "import sys; sys.path[:0] = sys.argv[1:4]; sys.argv[1:4] = []
from gunicorn.app.wsgiapp import run
run()";
    let python = "import sys; print(sys.executable)";
    let python = stdout_of(Command::new("python3").args(["-c", python]));
    let port = free_port().unwrap();
    let address = format!("127.0.0.1:{port}");
    let here = source("");
    let command = [
        &[python.trim(), "-c", program][..],
        &[&gunicorn, &packaging, &here].map(|path: &PathBuf| path.to_str().unwrap()),
        &["--workers", "2", "--worker-class", "gthread", "--threads", "4", "--bind", &address],
        &["application:small_and_big"],
    ];
    let server = Checked::start("gunicorn", &command.concat());
    load(port, "");
    server.signal(libc::SIGTERM);
    server.ends_with(0).is_silent();
}

#[test]
fn the_server_of_the_jdk_is_silent() {
    if !are_there(&["java", "javac"]) {
        return;
    }
    let port = free_port().unwrap();
    let program = source("Server.java");
    let command = ["java", program.to_str().unwrap(), &port.to_string()];
    let server = Checked::start("jdk", &command);
    load(port, "");
    server.signal(libc::SIGTERM);
    // The JVM's own code for it.
    server.ends_with(128 + libc::SIGTERM).is_silent();
}
