//! What the checker costs: redis with redis-benchmark and nginx with wrk, alternately without it, with
//! the library transparent, with the checker, and under strace.
//!
//!     cargo build --release -p epshim-preload
//!     cargo run --release -p epshim-cli --example cost -- [ROUNDS]
//!
//! All servers are up for the whole run, on core 0; the load is on core 1. A round gives each a short
//! slice in turn, and a ratio is of two slices of one round: what else the machine does hits both.
//! Printed are the median ratio and its 95 % interval (of order statistics), of the throughput and
//! of the requests per second of the server's processor time, which noise disturbs less.

use std::error::Error;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How a server runs; the first is what the others are compared to.
const WAYS: [&str; 4] = ["plain", "transparent", "checked", "strace -f"];

fn main() -> Result<()> {
    let rounds = std::env::args().nth(1).map_or(Ok(15), |word| word.parse())?;
    for program in [redis(), nginx()?] {
        let servers = WAYS.iter().map(|way| (program.start)(way)).collect::<Result<Vec<_>>>()?;
        let mut slices = vec![Vec::new(); WAYS.len()];
        for round in 0..rounds {
            for turn in 0..WAYS.len() {
                let place = (round + turn) % WAYS.len();
                slices[place].push(slice(&servers[place], program.load)?);
            }
        }
        println!("{}, {rounds} rounds", program.name);
        for (way, there) in WAYS.iter().zip(&slices) {
            let of = |value: fn(&Slice) -> f64| {
                let pairs = there.iter().zip(&slices[0]);
                Interval::of(pairs.map(|(slice, plain)| value(slice) / value(plain)).collect())
            };
            let all = Interval::of(there.iter().map(|slice| slice.rate).collect());
            let (rate, cost) = (of(|slice| slice.rate), of(|slice| slice.per_cpu_second));
            println!("  {way:12} {:9.0}/s   throughput {rate}   per CPU second {cost}", all.median);
        }
    }
    Ok(())
}

/// Starts a server in one of the ways.
type Start = Box<dyn Fn(&str) -> Result<Server>>;

struct Program {
    name: &'static str,
    start: Start,
    /// One slice of load on a port: requests, and requests per second.
    load: fn(u16) -> Result<(f64, f64)>,
}

struct Server {
    child: Child,
    port: u16,
}

#[derive(Clone)]
struct Slice {
    rate: f64,
    per_cpu_second: f64,
}

fn slice(server: &Server, load: fn(u16) -> Result<(f64, f64)>) -> Result<Slice> {
    let before = server.cpu()?;
    let (requests, rate) = load(server.port)?;
    let seconds = (server.cpu()? - before).as_secs_f64();
    Ok(Slice { rate, per_cpu_second: requests / seconds })
}

impl Server {
    /// Starts a command that listens on this port, on core 0, in one of the ways.
    fn start(way: &str, port: u16, command: &[&str]) -> Result<Self> {
        let mut start = Command::new("taskset");
        start.args(["-c", "0"]);
        match way {
            "transparent" => drop(start.env("LD_PRELOAD", library()?)),
            "checked" => {
                start.env("LD_PRELOAD", library()?).env("EPSHIM_OPTIONS", "mode=check");
            }
            "strace -f" => drop(start.args(["strace", "-f", "-qq", "-o", "/dev/null"])),
            _ => {}
        }
        start.args(command).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
        let child = start.spawn()?;
        let server = Self { child, port };
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if Instant::now() > until {
                return Err(format!("{command:?} does not listen").into());
            }
            sleep(Duration::from_millis(10));
        }
        Ok(server)
    }

    /// The threads of it and its descendants, as folders of /proc; those that start others first.
    fn threads(&self) -> Result<Vec<PathBuf>> {
        let mut threads = Vec::new();
        let mut processes = vec![self.child.id()];
        while let Some(id) = processes.pop() {
            for thread in fs::read_dir(format!("/proc/{id}/task"))? {
                let thread = thread?.path();
                let children = fs::read_to_string(thread.join("children"))?;
                processes.extend(children.split_whitespace().flat_map(str::parse::<u32>));
                threads.push(thread);
            }
        }
        Ok(threads)
    }

    /// Their processor time so far.
    fn cpu(&self) -> Result<Duration> {
        let mut nanos = 0;
        for thread in self.threads()? {
            // The first number is the time on a processor (Documentation/scheduler/sched-stats.rst).
            let times = fs::read_to_string(thread.join("schedstat"))?;
            nanos += times.split(' ').next().unwrap_or("").parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanos))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // strace ends when what it runs has ended, and takes no notice of SIGTERM until then.
        for thread in self.threads().unwrap_or_default() {
            let id = thread.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let _ = Command::new("sh").args(["-c", &format!("kill -TERM {id} 2>&-")]).status();
        }
        let _ = self.child.wait();
    }
}

/// The preload library, beside this program's folder.
fn library() -> Result<PathBuf> {
    let folder = std::env::current_exe()?;
    let folder = folder.parent().and_then(Path::parent).ok_or("no target folder")?;
    let file = folder.join("libepshim_preload.so");
    if file.exists() { Ok(file) } else { Err(format!("{} is not built", file.display()).into()) }
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() { Ok(said) } else { Err(format!("{command:?}: {said}").into()) }
}

fn redis() -> Program {
    let start = |way: &str| {
        let port = free_port()?;
        let number = port.to_string();
        Server::start(way, port, &["redis-server", "--port", &number, "--save", ""])
    };
    Program { name: "redis-benchmark GET, 50 connections", start: Box::new(start), load: benchmark }
}

fn benchmark(port: u16) -> Result<(f64, f64)> {
    let requests = "20000";
    let mut benchmark = Command::new("taskset");
    benchmark.args(["-c", "1", "redis-benchmark", "-c", "50", "-t", "get", "--csv"]);
    let said = output(benchmark.args(["-n", requests, "-p", &port.to_string()]))?;
    let line = said.lines().find(|line| line.starts_with("\"GET")).ok_or("redis-benchmark")?;
    let rate = line.split(',').nth(1).ok_or("redis-benchmark")?.trim_matches('"').parse()?;
    Ok((requests.parse()?, rate))
}

fn nginx() -> Result<Program> {
    let folder = std::env::temp_dir().join(format!("epshim-cost-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("index.html"), [b'x'; 1000])?;
    let start = move |way: &str| {
        let port = free_port()?;
        let here = folder.display();
        let file = folder.join(format!("{port}.conf"));
        let text = format!(
            "daemon off; worker_processes 1; error_log stderr; pid {here}/{port}.pid;\n\
             events {{ worker_connections 512; }}\n\
             http {{ access_log off; sendfile on; keepalive_requests 100000000;\n\
             client_body_temp_path {here}/b; proxy_temp_path {here}/p; fastcgi_temp_path {here}/f;\n\
             uwsgi_temp_path {here}/u; scgi_temp_path {here}/s;\n\
             server {{ listen 127.0.0.1:{port}; root {here}; }} }}\n"
        );
        fs::write(&file, text)?;
        let file = file.display().to_string();
        Server::start(way, port, &["nginx", "-e", "stderr", "-c", &file])
    };
    Ok(Program { name: "nginx, wrk with 50 connections", start: Box::new(start), load: wrk })
}

fn wrk(port: u16) -> Result<(f64, f64)> {
    let url = format!("http://127.0.0.1:{port}/index.html");
    let mut wrk = Command::new("taskset");
    let said = output(wrk.args(["-c", "1", "wrk", "-t1", "-c50", "-d1s", &url]))?;
    let word = |name: &str, at: usize| -> Result<f64> {
        let line = said.lines().find(|line| line.contains(name)).ok_or("wrk")?;
        Ok(line.split_whitespace().nth(at).ok_or("wrk")?.parse()?)
    };
    Ok((word("requests in", 0)?, word("Requests/sec", 1)?))
}

/// A median, and the interval that holds the true one with 95 %.
struct Interval {
    low: f64,
    median: f64,
    high: f64,
}

impl Interval {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let count = values.len();
        // The ranks of the normal approximation to the binomial distribution.
        let half = (0.98 * (count as f64).sqrt()).ceil() as usize;
        let middle = (values[(count - 1) / 2] + values[count / 2]) / 2.0;
        let low = values[(count / 2).saturating_sub(half)];
        let high = values[(count / 2 + half).min(count - 1)];
        Self { low, median: middle, high }
    }
}

impl std::fmt::Display for Interval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.3} [{:.3}, {:.3}]", self.median, self.low, self.high)
    }
}
