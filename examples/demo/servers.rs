//! Echo servers under real traffic.

use super::{Result, Running, green, name};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const CONNECTIONS: usize = 16;
const MESSAGES: usize = 1000;
const MESSAGE: usize = 64;
const STREAM: usize = 16 << 20;

/// Starts a server, fills it with traffic, and stops it.
pub fn echo(program: &str) -> Result<()> {
    let command = &mut Command::new(program);
    let mut server = Running(command.args(["--port", "0"]).stdout(Stdio::piped()).spawn()?);
    let stdout = server.0.stdout.take().ok_or("no stdout")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let address = line.trim().strip_prefix("listening on ").ok_or("no address on stdout")?;

    let start = Instant::now();
    in_parallel(|| ping(address))?;
    let pings = start.elapsed();
    let start = Instant::now();
    stream(address)?;
    let streamed = start.elapsed();

    // The shell's own: not every machine has the program kill.
    Command::new("sh").args(["-c", "kill $0", &server.0.id().to_string()]).status()?;
    let status = server.0.wait()?;
    if !status.success() {
        return Err(format!("ended with {status}").into());
    }
    let messages = CONNECTIONS * MESSAGES;
    println!(
        "  {:<28} {messages} messages on {CONNECTIONS} connections: {:>7.0}/s; 16 MiB: {:>5.0} MiB/s  {}",
        name(program),
        messages as f64 / pings.as_secs_f64(),
        (STREAM >> 20) as f64 / streamed.as_secs_f64(),
        green("stopped cleanly"),
    );
    Ok(())
}

fn in_parallel(work: impl Fn() -> Result<()> + Sync) -> Result<()> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(&work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a client panicked")?)
    })
}

fn connect(address: &str) -> Result<TcpStream> {
    let connection = TcpStream::connect(address)?;
    connection.set_nodelay(true)?;
    connection.set_read_timeout(Some(Duration::from_secs(20)))?;
    connection.set_write_timeout(Some(Duration::from_secs(20)))?;
    Ok(connection)
}

/// Short messages, each answered before the next is sent.
fn ping(address: &str) -> Result<()> {
    let mut connection = connect(address)?;
    for number in 0..MESSAGES {
        let message = [number as u8; MESSAGE];
        connection.write_all(&message)?;
        let mut answer = [0; MESSAGE];
        connection.read_exact(&mut answer)?;
        if answer != message {
            return Err("an echo differs from what was sent".into());
        }
    }
    Ok(())
}

/// One long stream, sent and read at the same time.
fn stream(address: &str) -> Result<()> {
    let mut connection = connect(address)?;
    let mut writer = connection.try_clone()?;
    let sent: Vec<u8> = (0..STREAM).map(|i| (i * 31 + (i >> 8)) as u8).collect();
    thread::scope(|scope| {
        let sender = scope.spawn(|| {
            writer.write_all(&sent)?;
            writer.shutdown(std::net::Shutdown::Write)
        });
        let mut received = Vec::with_capacity(STREAM);
        connection.read_to_end(&mut received)?;
        sender.join().map_err(|_| "the sender panicked")??;
        if received == sent { Ok(()) } else { Err("the stream came back changed".into()) }
    })
}
