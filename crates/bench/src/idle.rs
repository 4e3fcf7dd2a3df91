//! Idle connections, kept by processes of their own: the descriptors of one process are limited.
//!
//! Each connection exchanges a message when it is made, and another whenever its keeper is asked:
//! idle does not mean forgotten.

use crate::load::{Load, PER_ADDRESS, Shape};
use epshim_harness::deadline;
use epshim_harness::process::Process;
use std::env;
use std::error::Error;
use std::io::{self, BufRead, Write};
use std::net::SocketAddrV4;
use std::process::{ChildStdin, Command, Stdio};

const SHAPE: Shape = Shape { connections: 0, message: 64, depth: 1 };
/// Connections of one keeper: enough descriptors are left for what else a process has.
const PER_KEEPER: usize = 18_500;
/// Source addresses of one keeper.
const SOURCES: usize = PER_KEEPER.div_ceil(PER_ADDRESS);
/// The source address of the connections with traffic: 127.0.0.2.
pub const ACTIVE_SOURCE: u8 = 2;

/// A keeper: connects, says so, and exchanges a message on every connection for each line that
/// it is sent. Ends with its input.
pub fn keep(
    address: SocketAddrV4,
    connections: usize,
    first_source: u8,
) -> Result<(), Box<dyn Error>> {
    let mut load = Load::connect(address, Shape { connections, ..SHAPE }, first_source)?;
    say(load.len())?;
    for line in io::stdin().lock().lines() {
        line?;
        load.exchange(0, 1)?;
        say(load.len())?;
    }
    Ok(())
}

fn say(connections: usize) -> io::Result<()> {
    println!("{connections} connections are alive");
    io::stdout().flush()
}

/// Idle connections to one server.
pub struct IdleConnections(Vec<Keeper>);

/// A process that keeps some of them.
struct Keeper {
    process: Process,
    orders: ChildStdin,
    connections: usize,
}

impl IdleConnections {
    /// Starts as many processes as are needed, and waits until all connections have echoed.
    pub fn start(address: SocketAddrV4, connections: usize) -> Result<Self, Box<dyn Error>> {
        let mut this = Self(Vec::new());
        let mut left = connections;
        while left > 0 {
            let count = left.min(PER_KEEPER);
            let source = ACTIVE_SOURCE as usize + 1 + this.0.len() * SOURCES;
            this.0.push(Keeper::start(address, count, u8::try_from(source)?)?);
            left -= count;
        }
        Ok(this)
    }

    /// The number of connections.
    pub fn len(&self) -> usize {
        self.0.iter().map(|keeper| keeper.connections).sum()
    }

    /// Asserts that every connection still echoes.
    pub fn check(&mut self) -> Result<(), Box<dyn Error>> {
        for keeper in &mut self.0 {
            keeper.orders.write_all(b"\n")?;
            keeper.expect_answer()?;
        }
        Ok(())
    }
}

impl Keeper {
    fn start(
        address: SocketAddrV4,
        connections: usize,
        first_source: u8,
    ) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(env::current_exe()?);
        command.args(["keep-idle".to_owned(), address.to_string(), connections.to_string()]);
        command.arg(first_source.to_string()).stdin(Stdio::piped());
        let mut process = Process::spawn("idle connections", &mut command)?;
        let orders = process.take_stdin();
        let mut this = Self { process, orders, connections };
        this.expect_answer()?;
        Ok(this)
    }

    fn expect_answer(&mut self) -> Result<(), Box<dyn Error>> {
        let line = self.process.next_line(deadline())?.ok_or("idle connections: an end")?;
        if line == format!("{} connections are alive", self.connections) {
            return Ok(());
        }
        Err(format!("idle connections: {line}").into())
    }
}
