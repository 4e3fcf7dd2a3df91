//! Who is measured: epshim's servers, the hand-tuned limit, and the peers', each with the command that starts
//! it.

use crate::peer::Peer;
use crate::programs::{self, CServer};
use clap::ValueEnum;
use epshim_harness::peers;
use std::env;
use std::error::Error;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A server, and whether it also has to carry the idle connections of the scenario.
#[derive(Clone)]
pub struct Subject {
    pub name: String,
    program: PathBuf,
    arguments: Vec<String>,
    pub with_idle: bool,
    /// For a peer the unit, in bytes, of its last argument: what one read takes at most.
    buffer_unit: Option<usize>,
}

/// What all others are compared to: the C server on libc.
pub const REFERENCE: &str = "C, libc";
/// The same again: its ratio must read 1.00.
pub const AGAIN: &str = "C, libc again";
/// The servers of this project besides the reference: the same source on epshim's functions, and those on
/// its reactor.
pub const OURS: [&str; 3] = ["C, epshim", "C, epshim_reactor", "Rust, Reactor"];

/// What no server of the project does: all calls of a message are inlined system calls.
pub const LIMIT: &str = "limit: inlined system calls";
/// What one read of our servers takes at most.
const OUR_BUFFER: usize = 512 * 1024;

impl Subject {
    fn new(name: &str, program: PathBuf, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        Self { name: name.to_owned(), program, arguments, with_idle: true, buffer_unit: None }
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        command
    }

    /// The same under another name, with more arguments.
    fn and(&self, arguments: &[&str]) -> Self {
        let mut this = self.clone();
        this.arguments.extend(arguments.iter().map(|&argument| argument.to_owned()));
        this.name = format!("{} {}", self.name, arguments.join(" "));
        this
    }

    /// The same without idle connections.
    pub fn without_idle(&self) -> Self {
        let name = format!("{}, none idle", self.name);
        Self { name, with_idle: false, ..self.clone() }
    }

    fn of_peer(name: &str, program: PathBuf, arguments: &[&str], buffer_unit: usize) -> Self {
        Self { buffer_unit: Some(buffer_unit), ..Self::new(name, program, arguments) }
    }

    /// A peer with the buffer of our servers, if it has another.
    pub fn with_our_buffer(&self) -> Option<Self> {
        let size = (OUR_BUFFER / self.buffer_unit?).to_string();
        let mut this = self.clone();
        let given = this.arguments.last_mut()?;
        if *given == size {
            return None;
        }
        *given = size;
        this.name = format!("{}, 512 KiB", self.name);
        Some(this)
    }

    /// Whether its help names an option.
    fn knows(&self, option: &str) -> bool {
        let output = Command::new(&self.program).arg("--help").stderr(Stdio::null()).output();
        output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(option))
    }

    /// The same, polling for a while before it sleeps; nothing where it cannot.
    pub fn spinning(&self) -> Option<Self> {
        self.knows("--spin-us").then(|| self.and(&["--spin-us", "100"]))
    }
}

/// All subjects, the reference first, and why some are missing.
pub fn all(peer_buffer: u32) -> Result<(Vec<Subject>, Vec<String>), Box<dyn Error>> {
    let port = ["--port", "0"];
    let libc = programs::c_server(CServer::Libc)?;
    let mut subjects = vec![
        Subject::new(REFERENCE, libc.clone(), &port),
        Subject::new(AGAIN, libc, &port),
        Subject::new(OURS[0], programs::c_server(CServer::Epshim)?, &port),
        Subject::new(OURS[1], programs::c_server(CServer::Reactor)?, &port),
        Subject::new(OURS[2], programs::rust_server()?, &port),
        Subject::new(LIMIT, programs::c_peer(Peer::Limit)?, &["0", &OUR_BUFFER.to_string()]),
    ];
    let mut missing = Vec::new();
    let own = env::current_exe()?;
    let buffer = peer_buffer.to_string();
    for &peer in Peer::value_variants() {
        let name = peer.name();
        match peer {
            Peer::Limit => {} // Above: it is no peer.
            Peer::Libuv | Peer::Libevent | Peer::Libev => match peers::missing(&name) {
                None => {
                    let bytes = (peer_buffer * 1024).to_string();
                    let program = programs::c_peer(peer)?;
                    subjects.push(Subject::of_peer(&name, program, &["0", &bytes], 1));
                }
                Some(reason) => missing.push(format!("{name}: {reason}")),
            },
            _ => {
                let arguments = ["serve", &name, "--buffer", &buffer];
                subjects.push(Subject::of_peer(&name, own.clone(), &arguments, 1024));
            }
        }
    }
    Ok((subjects, missing))
}

/// A server that shares a port with others of its kind: ours where it can.
pub fn sharing_a_port() -> Result<Subject, Box<dyn Error>> {
    let ours = Subject::new(OURS[2], programs::rust_server()?, &["--reuseport"]);
    if ours.knows("--reuseport") {
        return Ok(ours);
    }
    let name = Peer::Rustix.name();
    Ok(Subject::new(&name, env::current_exe()?, &["serve", &name, "--reuseport"]))
}
