//! Idle connections, kept by processes of their own: the descriptors of one process are limited.
//!
//! Each connection exchanges a message when it is made, and another whenever its keeper is asked:
//! idle does not mean forgotten.

use crate::load::{Load, PER_ADDRESS, Shape};
use crate::process::{read_line, start_child};
use std::env;
use std::error::Error;
use std::io::{self, BufRead, Write};
use std::net::SocketAddrV4;
use std::process::{Child, Command, Stdio};

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

/// Processes that keep idle connections, and how many each.
pub struct IdleConnections(Vec<(Child, usize)>);

impl IdleConnections {
    /// Starts as many as are needed, and waits until all connections have echoed.
    pub fn start(address: SocketAddrV4, connections: usize) -> Result<Self, Box<dyn Error>> {
        let mut this = Self(Vec::new());
        let mut left = connections;
        while left > 0 {
            let count = left.min(PER_KEEPER);
            let source = ACTIVE_SOURCE as usize + 1 + this.0.len() * SOURCES;
            let mut command = Command::new(env::current_exe()?);
            command.args(["keep-idle".to_owned(), address.to_string(), count.to_string()]);
            command.arg(u8::try_from(source)?.to_string());
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            this.0.push((start_child(&mut command, None)?, count));
            this.expect_last()?;
            left -= count;
        }
        Ok(this)
    }

    /// The number of connections.
    pub fn len(&self) -> usize {
        self.0.iter().map(|(_, count)| count).sum()
    }

    /// Asserts that every connection still echoes.
    pub fn check(&mut self) -> Result<(), Box<dyn Error>> {
        for (child, count) in &mut self.0 {
            child.stdin.as_mut().expect("piped").write_all(b"\n")?;
            expect(child, *count)?;
        }
        Ok(())
    }

    fn expect_last(&mut self) -> Result<(), Box<dyn Error>> {
        let (child, count) = self.0.last_mut().expect("just started");
        expect(child, *count)
    }
}

fn expect(child: &mut Child, count: usize) -> Result<(), Box<dyn Error>> {
    let line = read_line(child)?;
    if line == format!("{count} connections are alive") {
        return Ok(());
    }
    Err(format!("idle connections: {line}").into())
}

impl Drop for IdleConnections {
    fn drop(&mut self) {
        for (child, _) in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
