//! What looks do to the process that is looked at: `cargo run --release -p epshim-attach --example disturbance
//! -- [REGISTRATIONS [ROUNDS]]`.
//!
//! A process calls epoll_wait with a timeout of 0 without a pause, on an epoll with N registrations: the call needs
//! the lock that the kernel holds while it writes the list for a look. Each call is timed. Seconds without a look
//! alternate with seconds in which two looks are made each 200 ms; printed are the medians over the rounds.

use epshim_attach::gather::{Options, Order, Round, Target};
use rustix::event::{EventfdFlags, Timespec, epoll, eventfd};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Calls that take longer are counted as this.
const LONGEST: usize = 1_000_000;
/// What is printed: of a thousand calls the fastest 500, 990, 999.
const SHARES: [(&str, u64); 3] = [("p50", 500), ("p99", 990), ("p99.9", 999)];

fn main() {
    let words: Vec<usize> =
        std::env::args().skip(1).map(|word| word.parse().expect("a number")).collect();
    match words[..] {
        [registrations, _, _] => call(registrations),
        _ => measure(words.first().copied().unwrap_or(10_000), words.get(1).copied().unwrap_or(10)),
    }
}

/// For each line that it is sent: calls for a second, and says what the calls took, in nanoseconds.
fn call(registrations: usize) {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).expect("an epoll");
    let files: Vec<_> = (0..registrations)
        .map(|nth| {
            let file = eventfd(0, EventfdFlags::CLOEXEC).expect("a descriptor");
            let data = epoll::EventData::new_u64(nth as u64);
            epoll::add(&epoll, &file, data, epoll::EventFlags::IN).expect("a registration");
            file
        })
        .collect();
    let mut events = Vec::with_capacity(16);
    for _ in std::io::stdin().lock().lines() {
        let mut counts = vec![0_u64; LONGEST + 1];
        let end = Instant::now() + Duration::from_secs(1);
        let mut before = Instant::now();
        while before < end {
            epoll::wait(
                &epoll,
                rustix::buffer::spare_capacity(&mut events),
                Some(&Timespec::default()),
            )
            .expect("a wait");
            let after = Instant::now();
            counts[((after - before).as_nanos() as usize).min(LONGEST)] += 1;
            before = after;
        }
        let all: u64 = counts.iter().sum();
        let shares = SHARES.map(|(_, share)| {
            let mut left = all * share / 1000;
            let slower = |&&count: &&u64| {
                left = left.saturating_sub(count);
                left > 0
            };
            counts.iter().take_while(slower).count().to_string()
        });
        println!("{}", shares.join(" "));
        std::io::stdout().flush().expect("a pipe");
    }
    drop(files);
}

fn measure(registrations: usize, rounds: usize) {
    let own = std::env::current_exe().expect("a path");
    let mut command = Command::new(own);
    command.args([&registrations.to_string(), "0", "0"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs");
    let mut orders = child.stdin.take().expect("piped");
    let mut answers = BufReader::new(child.stdout.take().expect("piped")).lines();
    let pid = i32::try_from(child.id()).expect("a process id");
    let mut second = |is_looked_at: bool| {
        let is_over = AtomicBool::new(!is_looked_at);
        std::thread::scope(|scope| {
            writeln!(orders, "go").expect("it runs");
            scope.spawn(|| look_until(&is_over, pid));
            let line = answers.next().expect("an answer").expect("text");
            is_over.store(true, Ordering::Relaxed);
            line.split(' ').map(|word| word.parse().expect("a number")).collect::<Vec<u64>>()
        })
    };
    second(false);
    let mut found = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        for (is_looked_at, found) in [false, true].into_iter().zip(&mut found) {
            found.push(second(is_looked_at));
        }
    }
    for (name, found) in ["alone", "looked at"].into_iter().zip(found) {
        let shares = SHARES.iter().enumerate().map(|(nth, (share, _))| {
            let mut all: Vec<u64> = found.iter().map(|round| round[nth]).collect();
            all.sort_unstable();
            format!("{share} {} ns", all[all.len() / 2])
        });
        println!("{name}: {}", shares.collect::<Vec<_>>().join(", "));
    }
    drop(orders);
    child.wait().expect("it ends");
}

fn look_until(is_over: &AtomicBool, pid: i32) {
    let options = Options { copies: false };
    while !is_over.load(Ordering::Relaxed) {
        let Ok(mut target) = Target::of(pid) else { return };
        for order in [Order::ThreadsFirst, Order::ThreadsLast] {
            if target.look(order, options, &Round::of(1)).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}
