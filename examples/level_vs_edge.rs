//! Level-triggered against edge-triggered, on 400 bytes that are read 100 at a time.
//!
//! Run it with `cargo run --example level_vs_edge`.
//!
//! Level-triggered, the default: a wait reports the descriptor *as long as* it is ready.
//! Edge-triggered (`EventFlags::ET`): a wait reports it *once when it becomes* ready. A program that stops
//! reading early leaves the rest stranded, until more data arrives and makes a new edge. So an
//! edge-triggered descriptor is drained: read until EAGAIN, which it must be non-blocking to give.

#![forbid(unsafe_code)]

use epshim::{CreateFlags, Epoll, EventBuffer, EventData, EventFlags};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::time::Duration;

const WRITTEN: usize = 400;
const READ: usize = 100;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("level_vs_edge: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    println!("level-triggered, one read of {READ} after each wait");
    let mut level = Watched::new(EventFlags::IN)?;
    let left = level.one_read_after_each_wait()?;
    println!("  {left} bytes are stranded");

    println!("edge-triggered, one read of {READ} after each wait: the mistake");
    let mut edge = Watched::new(EventFlags::IN | EventFlags::ET)?;
    let left = edge.one_read_after_each_wait()?;
    println!("  {left} bytes are stranded");
    // They are not lost, only silent: new data is a new edge.
    edge.writer.write_all(b"x")?;
    println!("  1 more byte is written");
    if edge.wait()? {
        let bytes = edge.drain()?;
        println!("  read until EAGAIN: {bytes} bytes");
    }

    println!("edge-triggered, read until EAGAIN after each wait: right");
    let mut edge = Watched::new(EventFlags::IN | EventFlags::ET)?;
    let mut left = WRITTEN;
    while edge.wait()? {
        let bytes = edge.drain()?;
        println!("  read until EAGAIN: {bytes} bytes");
        left -= bytes;
    }
    println!("  {left} bytes are stranded");
    Ok(())
}

/// A socket with 400 bytes to read, registered with an epoll of its own.
struct Watched {
    epoll: Epoll,
    events: EventBuffer,
    reader: UnixStream,
    writer: UnixStream,
}

impl Watched {
    fn new(interest: EventFlags) -> io::Result<Self> {
        let (reader, mut writer) = UnixStream::pair()?;
        reader.set_nonblocking(true)?;
        let epoll = Epoll::create(CreateFlags::CLOEXEC)?;
        epoll.add(&reader, interest, EventData::from_u64(0))?;
        writer.write_all(&[b'#'; WRITTEN])?;
        Ok(Self { epoll, events: EventBuffer::with_capacity(1), reader, writer })
    }

    /// Whether the reader is reported. The bytes are in the socket before the wait begins, and
    /// this is the only writer, so a wait that finds nothing now would find nothing ever: it does not
    /// have to block to show that.
    fn wait(&mut self) -> io::Result<bool> {
        self.epoll.wait(&mut self.events, Some(Duration::ZERO))?;
        let delivery = self.events.iter().next();
        match delivery {
            Some(event) => println!("  wait: {:?}", event.flags()),
            None => println!("  wait: nothing (without a timeout it would block)"),
        }
        Ok(delivery.is_some())
    }

    /// What is right for level and wrong for edge. Returns how many bytes were never read.
    fn one_read_after_each_wait(&mut self) -> io::Result<usize> {
        let mut left = WRITTEN;
        while self.wait()? {
            let bytes = self.reader.read(&mut [0; READ])?;
            left -= bytes;
            println!("  read {bytes} bytes, {left} are left");
        }
        Ok(left)
    }

    /// Reads until nothing is left. Returns how many bytes that were.
    fn drain(&mut self) -> io::Result<usize> {
        let mut total = 0;
        loop {
            match self.reader.read(&mut [0; READ]) {
                // The end of the stream, which no EAGAIN would follow.
                Ok(0) => return Ok(total),
                Ok(bytes) => total += bytes,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(total),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}
