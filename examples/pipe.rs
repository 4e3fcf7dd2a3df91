//! The smallest whole use of epoll: a pipe, one registration, one delivery.
//!
//! Run it with `cargo run --example pipe`. It creates an epoll, registers the reading end of a
//! pipe, writes into the other end, waits, and reads what the delivery announced.
//!
//! Nothing here asks for edge-triggered delivery, so it is level-triggered: that is the default
//! (epoll(7)), and it is why a later wait would report bytes that one read left behind. The
//! example `level_vs_edge` shows the difference.

#![deny(unsafe_code)]

use epshim::{CreateFlags, Epoll, EventBuffer, EventData, EventFlags};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pipe: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    // CLOEXEC: a program that this one starts has no business with our epoll.
    let epoll = Epoll::create(CreateFlags::CLOEXEC)?;
    println!("Created epoll instance: {}", epoll.as_raw_fd());

    let (mut reader, mut writer) = pipe()?;
    println!("Pipe created: reader = {}, writer = {}", reader.as_raw_fd(), writer.as_raw_fd());

    // The kernel does not look at the data: it hands it back with each delivery, so that we know
    // which registration is meant. The descriptor number will do while the descriptor stays open.
    epoll.add(&reader, EventFlags::IN, EventData::from_fd(reader.as_raw_fd()))?;

    // 13 bytes: a pipe takes up to PIPE_BUF (4096) of them at once or not at all (pipe(7)).
    writer.write_all(b"Hello, epoll!")?;
    println!("Data written to pipe.");

    // Room for 10 deliveries; the wait writes as many as are ready, and tells how many.
    let mut events = EventBuffer::with_capacity(10);
    let count = wait(&epoll, &mut events)?;
    println!("Number of events: {count}");

    // Iterating gives the deliveries that the kernel wrote, never the rest of the room.
    for event in &events {
        if event.data().fd() == reader.as_raw_fd() {
            let mut buffer = [0; 128];
            // One read, of what is there. `read_to_end` would wait for the writer to be closed.
            let bytes = reader.read(&mut buffer)?;
            println!("Data read from pipe: {}", String::from_utf8_lossy(&buffer[..bytes]));
        }
    }
    Ok(())
    // Dropping closes the three descriptors; closing the reader ends its registration.
}

/// Waits without a time limit. The crate returns EINTR instead of hiding it, because a loop may
/// have to act on the signal; here there is nothing to act on, so the wait starts again.
fn wait(epoll: &Epoll, events: &mut EventBuffer) -> io::Result<usize> {
    loop {
        match epoll.wait(events, None) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// pipe2(2): the reading end and the writing end. From Rust 1.87 on `std::io::pipe` does the same.
#[allow(unsafe_code)]
fn pipe() -> io::Result<(File, File)> {
    let mut ends = [-1; 2];
    // SAFETY: the call writes two descriptors into an array of two.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so both descriptors are open and new, and have no other owner.
    let [reader, writer] = ends.map(|end| unsafe { OwnedFd::from_raw_fd(end) });
    Ok((reader.into(), writer.into()))
}
