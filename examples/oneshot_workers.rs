//! Several threads wait on one epoll, and each descriptor is handled by one thread at a time.
//!
//! Run it with `cargo run --example oneshot_workers`. The registrations are one-shot: a delivery
//! disarms the descriptor, so no other thread can be woken for it until the one that handles it
//! arms it again. Every thread counts it when it enters a descriptor that another has not left;
//! the summary says 0. With `--without-oneshot` the same counter shows what happens else.
//!
//! Edge-triggered delivery is *not* enough for this: data that arrives while one thread is busy
//! makes a new edge, which wakes another. And beside one-shot it adds nothing: arming again looks
//! at the readiness anew, so bytes that were left are delivered once more.

#![forbid(unsafe_code)]

use epshim::{CreateFlags, Epoll, EventBuffer, EventData, EventFlags};
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

const HELP: &str = "\
Usage: oneshot_workers [--without-oneshot]

  --without-oneshot  leave the flag out, and count how often threads overlap";

/// More than descriptors: without one-shot the idle ones are woken for descriptors that are busy.
const WORKERS: u64 = 4;
const DESCRIPTORS: usize = 3;
const MESSAGES: u64 = 100;
/// The data of the registration that stops the workers.
const STOP: u64 = u64::MAX;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let interest = match arguments[..] {
        [] => EventFlags::IN | EventFlags::ONESHOT,
        ["--without-oneshot"] => EventFlags::IN,
        ["--help" | "-h"] => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("oneshot_workers: bad arguments: {}; try --help", arguments.join(" "));
            return ExitCode::from(2);
        }
    };
    match run(interest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("oneshot_workers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(interest: EventFlags) -> io::Result<()> {
    let (shared, mut writers) = Shared::new(interest)?;
    thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|worker| {
                let shared = &shared;
                scope.spawn(move || shared.work(worker).inspect_err(|_| shared.stop()))
            })
            .collect();
        let sent = send_all(&mut writers);
        // The ends of the streams: the workers read them like everything else, and the worker that reads
        // the last stops all.
        drop(writers);
        for worker in workers {
            worker.join().map_err(|_| io::Error::other("a worker panicked"))??;
        }
        sent
    })?;
    shared.print_summary();
    Ok(())
}

/// Writes the messages in turn: the numbers 0, 1, 2... to each descriptor.
fn send_all(writers: &mut [UnixStream]) -> io::Result<()> {
    for number in 0..MESSAGES {
        for writer in &mut *writers {
            writer.write_all(&number.to_ne_bytes())?;
        }
    }
    Ok(())
}

/// What the workers share. All of it is used through `&self`: the kernel locks the epoll.
struct Shared {
    epoll: Epoll,
    interest: EventFlags,
    watched: Vec<Watched>,
    /// How many descriptors have not reached their end.
    open: AtomicUsize,
    /// Registered level-triggered and never read: once its other end is shut down it is
    /// delivered to every worker, each of which then leaves.
    _stop: UnixStream,
    stopper: UnixStream,
}

struct Watched {
    reader: UnixStream,
    /// Whether a thread is handling it: the proof of the example.
    busy: AtomicBool,
    ended: AtomicBool,
    handled: AtomicU64,
    overlaps: AtomicU64,
    out_of_order: AtomicU64,
    /// One bit for each worker that handled a message.
    workers: AtomicU64,
}

impl Shared {
    fn new(interest: EventFlags) -> io::Result<(Self, Vec<UnixStream>)> {
        let epoll = Epoll::create(CreateFlags::CLOEXEC)?;
        let (stop, stopper) = UnixStream::pair()?;
        epoll.add(&stop, EventFlags::IN, EventData::from_u64(STOP))?;
        let (mut watched, mut writers) = (Vec::new(), Vec::new());
        for index in 0..DESCRIPTORS {
            let (reader, writer) = UnixStream::pair()?;
            reader.set_nonblocking(true)?;
            epoll.add(&reader, interest, EventData::from_u64(index as u64))?;
            watched.push(Watched::new(reader));
            writers.push(writer);
        }
        let open = AtomicUsize::new(DESCRIPTORS);
        Ok((Self { epoll, interest, watched, open, _stop: stop, stopper }, writers))
    }

    /// One worker, until it is stopped.
    fn work(&self, worker: u64) -> io::Result<()> {
        // Room for one: a larger batch would keep descriptors from idle workers.
        let mut events = EventBuffer::with_capacity(1);
        loop {
            match self.epoll.wait(&mut events, None) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result?,
            };
            for event in &events {
                let data = event.data();
                if data.u64() == STOP {
                    return Ok(());
                }
                let watched = &self.watched[data.u64() as usize];
                if watched.handle(worker)? {
                    self.retire(watched)?;
                } else if self.interest.contains(EventFlags::ONESHOT) {
                    // The last thing to do: from here on another worker may be at it.
                    self.epoll.modify(&watched.reader, self.interest, data)?;
                }
            }
        }
    }

    /// Ends a registration; the last one stops the workers.
    fn retire(&self, watched: &Watched) -> io::Result<()> {
        // Without one-shot two threads may both have read the end; only one may delete.
        if !watched.ended.swap(true, Ordering::AcqRel) {
            self.epoll.delete(&watched.reader)?;
            if self.open.fetch_sub(1, Ordering::AcqRel) == 1 {
                self.stop();
            }
        }
        Ok(())
    }

    fn stop(&self) {
        // It fails only if the socket is not connected, and then the workers see that as well.
        let _ = self.stopper.shutdown(Shutdown::Write);
    }

    fn print_summary(&self) {
        let (mut handled, mut overlaps, mut workers) = (0, 0, 0);
        for (index, watched) in self.watched.iter().enumerate() {
            handled += watched.handled.load(Ordering::Relaxed);
            overlaps += watched.overlaps.load(Ordering::Relaxed);
            workers |= watched.workers.load(Ordering::Relaxed);
            println!(
                "descriptor {index}: {} messages by {} threads, {} overlaps, {} out of order",
                watched.handled.load(Ordering::Relaxed),
                watched.workers.load(Ordering::Relaxed).count_ones(),
                watched.overlaps.load(Ordering::Relaxed),
                watched.out_of_order.load(Ordering::Relaxed),
            );
        }
        let all = DESCRIPTORS as u64 * MESSAGES;
        let by = workers.count_ones();
        println!(
            "all: {handled} of {all} messages by {by} of {WORKERS} threads, {overlaps} overlaps"
        );
    }
}

impl Watched {
    fn new(reader: UnixStream) -> Self {
        let (busy, ended) = (AtomicBool::new(false), AtomicBool::new(false));
        let (handled, overlaps) = (AtomicU64::new(0), AtomicU64::new(0));
        let (out_of_order, workers) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { reader, busy, ended, handled, overlaps, out_of_order, workers }
    }

    /// Handles one message, and returns whether the stream has ended instead.
    fn handle(&self, worker: u64) -> io::Result<bool> {
        // Acquire and release pair up: who enters sees all that who left had done. The kernel
        // orders them too, through its lock, but the language does not know that.
        if self.busy.swap(true, Ordering::AcqRel) {
            self.overlaps.fetch_add(1, Ordering::Relaxed);
        }
        let outcome = self.read_message(worker);
        self.busy.store(false, Ordering::Release);
        outcome
    }

    fn read_message(&self, worker: u64) -> io::Result<bool> {
        // Stands for the work that a message makes, and gives others the time to interfere.
        thread::sleep(Duration::from_micros(100));
        let mut message = [0; 8];
        match (&self.reader).read(&mut message) {
            Ok(0) => return Ok(true),
            // Each was written whole, and a Unix socket keeps what one write gave together.
            Ok(8) => {}
            Ok(_) => return Err(ErrorKind::UnexpectedEof.into()),
            // Without one-shot: another thread was faster.
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        }
        let number = self.handled.fetch_add(1, Ordering::Relaxed);
        if number != u64::from_ne_bytes(message) {
            self.out_of_order.fetch_add(1, Ordering::Relaxed);
        }
        self.workers.fetch_or(1 << worker, Ordering::Relaxed);
        Ok(false)
    }
}
