//! Standard input with a one-shot registration, 10 bytes a read, re-armed after each delivery.
//!
//! Run it with `cargo run --example stdin_oneshot`, type, and end with ctrl-D; or feed it:
//! `seq 20 | cargo run --example stdin_oneshot`.
//!
//! A one-shot registration is disarmed by its first delivery: it stays registered, and stays
//! silent however much there is to read, until `modify` arms it again. `modify` looks at the
//! readiness anew, so what arrived in between is not missed.
//!
//! The surprising thing: `epoll` refuses a regular file (`stdin_oneshot < notes.txt`) with EPERM,
//! since reading one never blocks (epoll_ctl(2)). That is no reason to fail: it is read plainly.

#![forbid(unsafe_code)]

use epshim::{CreateFlags, Epoll, EventBuffer, EventData, EventFlags};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::Duration;

/// Bytes a read. Small, to show that what one read leaves behind is reported again.
const CHUNK: usize = 10;
const STDIN: EventData = EventData::from_u64(0);
const ONCE: EventFlags = EventFlags::IN.union(EventFlags::ONESHOT);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stdin_oneshot: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    // Not `io::stdin().read()`: it reads ahead into a buffer of its own, and epoll, which sees the
    // kernel's side only, would stay silent about the bytes in there. And not a `File` made from
    // descriptor 0 itself: dropping that would close standard input under everybody else's feet.
    // A duplicate shares the open file, and may be closed.
    let mut input = Input {
        file: File::from(io::stdin().as_fd().try_clone_to_owned()?),
        bytes: 0,
        reads: 0,
        ended: false,
    };
    // It is not made non-blocking either: that flag belongs to the open file, which the shell and
    // others may share. One read after a delivery finds something to read, so it does not block.
    let epoll = Epoll::create(CreateFlags::CLOEXEC)?;
    match epoll.add(&input.file, ONCE, STDIN) {
        Ok(()) => wait_and_read(&epoll, &mut input)?,
        Err(error) if error.raw_os_error() == Some(libc::EPERM) => read_plainly(&mut input)?,
        Err(error) => return Err(error),
    }
    println!("end of input: {} bytes in {} reads", input.bytes, input.reads);
    Ok(())
}

/// The loop of the example: wait, read once, arm again.
fn wait_and_read(epoll: &Epoll, input: &mut Input) -> io::Result<()> {
    println!("waiting for input, {CHUNK} bytes a read");
    let mut events = EventBuffer::with_capacity(3);
    while !input.ended {
        if wait(epoll, &mut events, Duration::from_secs(1))? == 0 {
            println!("no input for 1 s");
            continue;
        }
        // Only stdin is registered, so any delivery is its own. It may be HUP without IN, when the
        // writer is gone and nothing is left: the read then says 0, the end.
        let Some(text) = input.read()? else { continue };
        // Only to show it: even with more to read, a disarmed registration is not delivered.
        let deliveries = wait(epoll, &mut events, Duration::ZERO)?;
        println!("read {text}; deliveries before it is armed again: {deliveries}");
        epoll.modify(&input.file, ONCE, STDIN)?;
    }
    Ok(())
}

/// Without epoll: nothing was read yet, so nothing is lost.
fn read_plainly(input: &mut Input) -> io::Result<()> {
    println!("epoll does not take this input (EPERM): it is a regular file, a directory or a");
    println!("device without poll, which is always ready. Reading it without waiting.");
    while !input.ended {
        if let Some(text) = input.read()? {
            println!("read {text}");
        }
    }
    Ok(())
}

struct Input {
    file: File,
    bytes: usize,
    reads: usize,
    ended: bool,
}

impl Input {
    /// One read, as text to print; `None` at the end.
    fn read(&mut self) -> io::Result<Option<String>> {
        let mut buffer = [0; CHUNK];
        let bytes = loop {
            match self.file.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        self.ended = bytes == 0;
        if self.ended {
            return Ok(None);
        }
        self.bytes += bytes;
        self.reads += 1;
        // Escaped, because ten bytes may end in the middle of a character.
        Ok(Some(format!("{bytes} bytes: \"{}\"", buffer[..bytes].escape_ascii())))
    }
}

/// Stopping the program with ctrl-Z and continuing it interrupts a wait, without any signal
/// handler (signal(7)). There is nothing to do about it but to wait again.
fn wait(epoll: &Epoll, events: &mut EventBuffer, timeout: Duration) -> io::Result<usize> {
    loop {
        match epoll.wait(events, Some(timeout)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
