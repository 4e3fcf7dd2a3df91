//! Clients of a server of echoes, which measure.

use epshim_harness::ports::connect;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

/// What clients have measured.
#[derive(Debug, Default)]
pub struct Measured {
    pub bytes: u64,
    /// How long each answer took.
    pub answers: Vec<Duration>,
}

impl Measured {
    pub fn p99(&self) -> Duration {
        let mut answers = self.answers.clone();
        answers.sort_unstable();
        answers[(answers.len() - 1) * 99 / 100]
    }
}

/// Clients that each send messages of this size, one after the other, and wait for the answer.
pub fn echo(address: SocketAddr, clients: usize, messages: usize, size: usize) -> Measured {
    paced(address, clients, messages, size, Duration::ZERO)
}

/// The same, with a pause before each message, which is longer for each client: they do not come together.
pub fn paced(
    address: SocketAddr,
    clients: usize,
    messages: usize,
    size: usize,
    pause: Duration,
) -> Measured {
    let client = move |pause: Duration| {
        let mut stream = connect(address.port());
        let (sent, mut got) = (vec![7; size], vec![0; size]);
        let mut answers = Vec::with_capacity(messages);
        for _ in 0..messages {
            // As people and other servers do: nothing is waited for.
            thread::sleep(pause);
            let begin = Instant::now();
            stream.write_all(&sent).expect("it takes");
            stream.read_exact(&mut got).expect("it answers");
            answers.push(begin.elapsed());
        }
        answers
    };
    let threads: Vec<_> =
        (1..=clients as u32).map(|number| thread::spawn(move || client(pause * number))).collect();
    let all = threads.into_iter().flat_map(|thread| thread.join().expect("it measures"));
    let answers: Vec<_> = all.collect();
    Measured { bytes: (clients * messages * size) as u64, answers }
}

/// Clients that come one after the other.
pub fn one_by_one(address: SocketAddr, clients: usize) -> u64 {
    (0..clients).map(|_| echo(address, 1, 1, 10).bytes).sum()
}

/// A client that asks, and then reads slowly what comes until it ends.
pub fn slow(address: SocketAddr, pause: Duration) -> u64 {
    let mut stream = connect(address.port());
    stream.write_all(b"x").expect("it takes");
    let (mut bytes, mut all) = (vec![0; 256 << 10], 0);
    loop {
        // The peer is slow: that is what is measured, and nothing waits for it.
        thread::sleep(pause);
        match stream.read(&mut bytes).expect("it sends") {
            0 => return all,
            count => all += count as u64,
        }
    }
}
