//! A server that says "hello" to everyone who connects, and hangs up.
//!
//! Run it with `cargo run --example hello_server`; it prints its address. Then
//! `nc 127.0.0.1 PORT` prints `hello`.
//!
//! The listener is registered with data 1, each connection with a number of its own from 2 on,
//! for `OUT | ET`: it is delivered at once, because a new connection can be written to, and again
//! after each time that it was full and then is not. Once the greeting is out the connection is
//! unregistered and closed.
//!
//! What small servers get wrong, and this one does not: a blocking `accept` when the client has
//! gone again, a short write taken for a whole one, and running out of descriptors, which ends
//! some servers and makes others spin, as the listener stays ready all the while.

#![forbid(unsafe_code)]

use epshim::{CreateFlags, Epoll, EventBuffer, EventData, EventFlags};
use std::collections::HashMap;
use std::io::{self, ErrorKind, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

const HELP: &str = "\
Usage: hello_server [--connections N]

Listens on a free port of 127.0.0.1, prints the address, and sends each client a line.

  --connections N  stop after N connections (without it: until ctrl-C)";

const LISTENER: u64 = 1;
const GREETING: &[u8] = b"hello\n";
/// How long to leave the listener alone when no descriptor is free, if no connection ends before.
const PAUSE: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let limit = match arguments[..] {
        [] => Some(u64::MAX),
        ["--connections", number] => number.parse().ok(),
        ["--help" | "-h"] => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        _ => None,
    };
    let Some(limit) = limit else {
        eprintln!("hello_server: bad arguments: {}; try --help", arguments.join(" "));
        return ExitCode::from(2);
    };
    match Server::new(limit).and_then(|mut server| server.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hello_server: {error}");
            ExitCode::FAILURE
        }
    }
}

struct Server {
    epoll: Epoll,
    listener: TcpListener,
    /// By the number that was registered. A number is never used twice, so a delivery that is
    /// late for its connection finds nothing, and never another connection.
    connections: HashMap<u64, Connection>,
    next: u64,
    /// How many connections may still be accepted.
    limit: u64,
    /// No descriptor was free: the listener is silenced until the next look.
    paused: bool,
}

struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    /// Bytes of the greeting that are out.
    sent: usize,
}

impl Server {
    fn new(limit: u64) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        // A client that connects and leaves before we accept takes its delivery with it: a
        // blocking accept would then wait for the next client, and nothing else would be served.
        listener.set_nonblocking(true)?;
        let epoll = Epoll::create(CreateFlags::CLOEXEC)?;
        epoll.add(&listener, EventFlags::IN, EventData::from_u64(LISTENER))?;
        println!("listening on {}", listener.local_addr()?);
        let connections = HashMap::new();
        Ok(Self { epoll, listener, connections, next: LISTENER + 1, limit, paused: false })
    }

    fn run(&mut self) -> io::Result<()> {
        let mut events = EventBuffer::with_capacity(64);
        while self.limit > 0 || !self.connections.is_empty() {
            let was_paused = self.paused;
            match self.epoll.wait(&mut events, was_paused.then_some(PAUSE)) {
                // Stopped with ctrl-Z and continued, for example.
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result?,
            };
            for event in &events {
                match event.data().u64() {
                    LISTENER => self.accept_all()?,
                    // No look at the flags: after ERR or HUP the write reports the error.
                    number => self.greet(number)?,
                }
            }
            if was_paused {
                // Connections have ended in this round, or the pause is over: listen again.
                self.paused = false;
                self.listen(EventFlags::IN)?;
            }
        }
        Ok(())
    }

    /// Sets the interest in the listener; an empty one leaves it registered, and silent.
    fn listen(&self, interest: EventFlags) -> io::Result<()> {
        self.epoll.modify(&self.listener, interest, EventData::from_u64(LISTENER))
    }

    fn accept_all(&mut self) -> io::Result<()> {
        while self.limit > 0 {
            match self.listener.accept() {
                Ok((stream, peer)) => {
                    self.limit -= 1;
                    // What fails here (ENOSPC: the user's limit of registrations) fails for this
                    // client only.
                    if let Err(error) = self.register(stream, peer) {
                        eprintln!("hello_server: {peer}: {error}");
                    }
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return Ok(()),
                    // This client has gone; the next may be there.
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                    // EMFILE, above all: no descriptor is free. The client stays in the queue and
                    // the listener stays ready, so waiting on it would return at once, for ever.
                    _ => {
                        eprintln!("hello_server: accept: {error}; listening again soon");
                        self.paused = true;
                        return self.listen(EventFlags::empty());
                    }
                },
            }
        }
        // The last one is in. A listener left registered would go on reporting further clients.
        self.epoll.delete(&self.listener)
    }

    fn register(&mut self, stream: TcpStream, peer: SocketAddr) -> io::Result<()> {
        stream.set_nonblocking(true)?;
        let number = self.next;
        let interest = EventFlags::OUT | EventFlags::ET;
        self.epoll.add(&stream, interest, EventData::from_u64(number))?;
        self.connections.insert(number, Connection { stream, peer, sent: 0 });
        self.next += 1;
        Ok(())
    }

    /// Sends what is left of the greeting, as far as it goes now.
    fn greet(&mut self, number: u64) -> io::Result<()> {
        let Some(connection) = self.connections.get_mut(&number) else { return Ok(()) };
        let outcome = match connection.send() {
            // Full: it stays registered, and the next edge comes when there is room again.
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Ok(()) => "sent hello".to_owned(),
            Err(error) => format!("lost: {error}"),
        };
        println!("connection {number} from {}: {outcome}", connection.peer);
        // Closing would end the registration too, but only while no duplicate of the descriptor
        // exists; delete first is the habit that is always right. The drop then closes it.
        // (If the client had sent something that we never read, this close would reset the
        // connection, and the greeting might be lost: a server that talks must read first.)
        let Some(connection) = self.connections.remove(&number) else { return Ok(()) };
        self.epoll.delete(&connection.stream)
    }
}

impl Connection {
    fn send(&mut self) -> io::Result<()> {
        while self.sent < GREETING.len() {
            match self.stream.write(&GREETING[self.sent..]) {
                Ok(bytes) => self.sent += bytes,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
