//! Five requests to a slow server, whose answers come in the order 5, 4, 3, 2, 1.
//!
//! Run it with `cargo run --example delayed_responses`; it brings its own server. Request `i` asks
//! for a delay of `(5 - i)` seconds, and its connection is registered one-shot with data `i`, so
//! each wait tells which request was answered.
//!
//! With `--unpacked` the waits go through the structure that the manual page seems to describe
//! (epoll_event(3type)): `u32`, then `u64`, no packing. On x86-64 that is wrong by four bytes:
//! C pads before a `u64`, the kernel does not (`EPOLL_PACKED` in `include/uapi/linux/eventpoll.h`),
//! and the data that comes back is half garbage. Nothing reports an error.

#![deny(unsafe_code)]

use epshim::{CreateFlags, Epoll, EventBuffer, EventData, EventFlags};
use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

const HELP: &str = "\
Usage: delayed_responses [--unpacked] [--step MS]

  --unpacked  use the unpacked structure, and show what comes back
  --step MS   request i is delayed by (5 - i) times MS milliseconds (default 1000)";

const REQUESTS: u64 = 5;

fn main() -> ExitCode {
    let (mut is_unpacked, mut step) = (false, Ok(1000));
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--unpacked" => is_unpacked = true,
            "--step" => step = arguments.next().unwrap_or_default().parse::<u32>(),
            "--help" | "-h" => {
                println!("{HELP}");
                return ExitCode::SUCCESS;
            }
            other => {
                eprintln!("delayed_responses: bad argument: {other}; try --help");
                return ExitCode::from(2);
            }
        }
    }
    let Ok(step) = step else {
        eprintln!("delayed_responses: --step takes a number of milliseconds; try --help");
        return ExitCode::from(2);
    };
    match run(is_unpacked, step) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("delayed_responses: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(is_unpacked: bool, step: u32) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    // After each delivery the server is told, and only then answers the next: however loaded the
    // machine is, no two answers are ready at once, and the order is that of the delays.
    let (received, acknowledged) = mpsc::channel();
    let server = thread::spawn(move || slow_server(&listener, &acknowledged));

    let epoll = Epoll::create(CreateFlags::CLOEXEC)?;
    // The streams are kept: dropping one closes it, and a closed one is never delivered.
    let mut streams = HashMap::new();
    for i in 1..=REQUESTS {
        let delay = (REQUESTS - i) * u64::from(step);
        let stream = request(address, delay)?;
        if is_unpacked {
            unpacked::add(&epoll, &stream, i)?;
        } else {
            // One-shot: after its delivery the registration is silent, and needs no delete while
            // the answer is handled.
            let interest = EventFlags::IN | EventFlags::ONESHOT;
            epoll.add(&stream, interest, EventData::from_u64(i))?;
        }
        streams.insert(i, stream);
    }
    if is_unpacked {
        unpacked::explain();
    }

    let mut events = EventBuffer::with_capacity(10);
    for _ in 0..REQUESTS {
        let (flags, data) =
            if is_unpacked { unpacked::wait(&epoll)? } else { wait(&epoll, &mut events)? };
        let answer = match streams.remove(&data) {
            Some(mut stream) => read_answer(&mut stream)?,
            None => format!("no request has this data ({data:#x})"),
        };
        println!("RECEIVED: events {flags}, data {data}: {answer}");
        // If the server has gone it has its reason, which joining it will tell.
        let _ = received.send(());
    }
    drop(received);
    server.join().map_err(|_| io::Error::other("the server panicked"))??;
    println!("FINISHED");
    Ok(())
}

/// The right way: one delivery, as its flags and data.
fn wait(epoll: &Epoll, events: &mut EventBuffer) -> io::Result<(u32, u64)> {
    loop {
        match epoll.wait(events, None) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
            // One answer at a time is out, so a batch has one delivery.
            Ok(_) => {
                if let Some(event) = events.iter().next() {
                    return Ok((event.flags().bits(), event.data().u64()));
                }
            }
        }
    }
}

/// Sends a request for an answer that comes after `delay` milliseconds.
fn request(server: SocketAddr, delay: u64) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(server)?;
    let request = format!("GET /delay/{delay} HTTP/1.1\r\nHost: {server}\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    Ok(stream)
}

/// The body of an answer. The server sends it whole and closes, so reading to the end of the
/// stream does not block for long; a loop with more to do would read non-blocking, piece by piece.
fn read_answer(stream: &mut TcpStream) -> io::Result<String> {
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.trim_end().to_owned());
    body.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "an answer without a body"))
}

/// Takes five requests, and answers each when its delay has passed and the client has
/// acknowledged the answer before.
fn slow_server(listener: &TcpListener, acknowledged: &Receiver<()>) -> io::Result<()> {
    let mut requests = Vec::new();
    for _ in 0..REQUESTS {
        let (stream, _) = listener.accept()?;
        requests.push((read_delay(&stream)?, stream));
    }
    requests.sort_by_key(|(delay, _)| *delay);
    let start = Instant::now();
    for (delay, mut stream) in requests {
        thread::sleep(Duration::from_millis(delay).saturating_sub(start.elapsed()));
        write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\ndelayed by {delay} ms\n")?;
        drop(stream);
        if acknowledged.recv().is_err() {
            break; // The client has given up, and says why itself.
        }
    }
    Ok(())
}

/// Reads a request to the empty line that ends it, and returns the delay it asks for.
fn read_delay(stream: &TcpStream) -> io::Result<u64> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let path = first.split(' ').nth(1).and_then(|path| path.strip_prefix("/delay/"));
    path.and_then(|delay| delay.parse().ok())
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("request {first:?}")))
}

/// The wrong way: libc's calls with a structure that is not libc's.
#[allow(unsafe_code)]
mod unpacked {
    use epshim::Epoll;
    use std::io;
    use std::mem::{offset_of, size_of};
    use std::net::TcpStream;
    use std::os::fd::AsRawFd;

    /// Right wherever C aligns a 64-bit integer and nothing packs the structure. See `explain`.
    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Event {
        events: u32,
        data: u64,
    }

    /// What the memory for deliveries holds before the kernel writes to it. With real programs it
    /// is what lay there before; a known pattern shows which bytes the kernel never wrote.
    const OLD: Event = Event { events: 0xaaaa_aaaa, data: 0xaaaa_aaaa_aaaa_aaaa };

    /// The two layouts, and where this one is right.
    pub fn explain() {
        let theirs = offset_of!(epshim::Event, data);
        println!(
            "libc's epoll_event: {} bytes, data at offset {theirs}; unpacked: {} bytes, data at \
             offset {}: {} on this target",
            size_of::<epshim::Event>(),
            size_of::<Event>(),
            offset_of!(Event, data),
            if theirs == offset_of!(Event, data) { "right" } else { "wrong" },
        );
        println!("The unpacked offsets are right on every Linux target but x86-64 and x32.");
    }

    /// The kernel takes the 8 bytes from offset 4 for the data: four bytes of padding, which hold
    /// anything, then the low half of `data`. The high half it never sees.
    pub fn add(epoll: &Epoll, stream: &TcpStream, data: u64) -> io::Result<()> {
        let mut event = Event { events: (libc::EPOLLIN | libc::EPOLLONESHOT) as u32, data };
        // SAFETY: the kernel reads one epoll_event from the pointer; ours is not shorter (`FITS`).
        let result = unsafe {
            let event = (&raw mut event).cast();
            libc::epoll_ctl(epoll.as_raw_fd(), libc::EPOLL_CTL_ADD, stream.as_raw_fd(), event)
        };
        if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// The kernel writes the data to the 8 bytes from offset 4. Where the structure has its `data`,
    /// at offset 8, that leaves the second half of what the kernel wrote, and then four bytes that
    /// it did not write. In a batch it is worse: the second delivery begins at byte 12, which is
    /// inside the first structure, so that its `events` are garbage too.
    pub fn wait(epoll: &Epoll) -> io::Result<(u32, u64)> {
        let mut events = [OLD; 10];
        loop {
            // SAFETY: the kernel writes at most as many epoll_events as `events` has elements, none
            // of which is shorter (`FITS`); all of it is integers, so any bytes are a value.
            let count = unsafe {
                let array = events.as_mut_ptr().cast();
                libc::epoll_wait(epoll.as_raw_fd(), array, events.len() as i32, -1)
            };
            if count >= 1 {
                return Ok((events[0].events, events[0].data));
            }
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
    }

    /// Wrong it is, but never too small: the kernel stays within our memory. (The other mistake,
    /// a packed structure where the kernel's is not, lets it write beyond the array.)
    const FITS: () = assert!(size_of::<Event>() >= size_of::<epshim::Event>());
    const _: () = FITS;
}
