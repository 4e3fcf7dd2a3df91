//! The peers' servers, and the hand-tuned limit, are fair: each echoes everything, to a slow reader and to one that has closed
//! its side too, and ends well at SIGTERM.

use epshim_harness::deadline;
use epshim_harness::ports::connect;
use epshim_harness::process::Process;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::thread;

const PEERS: [&str; 9] =
    ["mio", "tokio", "nix", "rustix", "polling", "libuv", "libevent", "libev", "limit"];
/// More than the sockets of both directions hold.
const MUCH: usize = 24 << 20;

struct Peer {
    process: Process,
    port: u16,
}

impl Peer {
    /// Starts it; nothing where it is in C and its library is not installed.
    fn start(name: &str) -> Option<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_epshim-bench"));
        let mut process = Process::start(name, command.args(["serve", name]));
        match process.listening_address() {
            Ok(address) => Some(Self { process, port: address.port() }),
            Err(error) => {
                let (status, _, reason) = process.finish(deadline()).unwrap();
                assert!(!status.success(), "{error}");
                let reason = reason.join("\n");
                assert!(reason.contains("install Debian's lib"), "{name}: {reason}");
                println!("skipped: {reason}");
                None
            }
        }
    }

    fn connect(&self) -> TcpStream {
        connect(self.port)
    }

    fn stop(mut self) {
        self.process.signal(libc::SIGTERM);
        assert!(self.process.wait().success());
    }
}

#[test]
fn every_peer_echoes_everything_and_stops() {
    for peer in PEERS.into_iter().filter_map(Peer::start) {
        let mut other = peer.connect();
        echo(&mut other, b"before");
        slow_reader(&peer, &mut other);
        let mut half = peer.connect();
        half.write_all(b"the last words").unwrap();
        half.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        half.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "the last words");
        peer.stop();
    }
}

fn echo(stream: &mut TcpStream, message: &[u8]) {
    stream.write_all(message).unwrap();
    let mut answer = vec![0; message.len()];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer, message);
}

/// Sends until nothing more fits, and only then reads; meanwhile others are served.
fn slow_reader(peer: &Peer, other: &mut TcpStream) {
    let mut slow = peer.connect();
    let bytes: Vec<u8> = (0..MUCH).map(|i| (i * 31 / 7) as u8).collect();
    slow.set_nonblocking(true).unwrap();
    let mut sent = 0;
    let mut stuck = 0;
    while stuck < 3 {
        match slow.write(&bytes[sent..]) {
            Ok(count) => (sent, stuck) = (sent + count, 0),
            // The server is asked something else: when it has answered, it has had its chance.
            Err(_) => {
                echo(other, b"meanwhile");
                stuck += 1;
            }
        }
        assert!(sent < MUCH, "the server must not take everything");
    }
    slow.set_nonblocking(false).unwrap();
    let mut rest = slow.try_clone().unwrap();
    let mut answer = vec![0; MUCH];
    thread::scope(|scope| {
        scope.spawn(|| rest.write_all(&bytes[sent..]).unwrap());
        slow.read_exact(&mut answer).unwrap();
    });
    assert!(answer == bytes, "what comes back is what was sent");
}
