//! The main job of epshim in one run: the layout proof, a C program on the library, echo servers under
//! real traffic, and what the checker says of a program with a mistake. `make demo` builds what it shows
//! and runs it.
//!
//! Usage: demo PROGRAM... : programs whose name begins with `hello` are run, `stranded` under
//! `epshim check`; those with `echo` in their name are started as servers, filled with traffic, and stopped.

use epshim::layout::{CREATE_FLAGS, CTL_OPS, EVENT_FLAGS};
use epshim::proof::WITNESSES;
use std::error::Error;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const CONNECTIONS: usize = 16;
const MESSAGES: usize = 1000;
const MESSAGE: usize = 64;
const STREAM: usize = 16 << 20;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let programs: Vec<String> = std::env::args().skip(1).collect();
    if programs.is_empty() {
        return Err("name the programs to show; `make demo` builds them and does".into());
    }
    title("The layout of struct epoll_event on this target, by each witness");
    layout();
    title("A C program on libepshim, linked with the shared and the static library");
    for program in programs.iter().filter(|program| name(program).starts_with("hello")) {
        hello(program)?;
    }
    title("Echo servers, every byte that comes back compared");
    for program in programs.iter().filter(|program| name(program).contains("echo")) {
        echo(program).map_err(|error| format!("{program}: {error}"))?;
    }
    let named = |wanted: &str| programs.iter().find(|program| name(program) == wanted);
    if let (Some(epshim), Some(program)) = (named("epshim"), named("stranded")) {
        title("What `epshim check` says of examples/stranded.c");
        check(epshim, program)?;
    }
    println!("\n{}", green("All of it works on this machine."));
    Ok(())
}

fn layout() {
    println!("  {:<28} size  align  events at  data at  packed", "");
    for (witness, layout) in WITNESSES {
        println!(
            "  {witness:<28} {:>4}  {:>5}  {:>9}  {:>7}  {}",
            layout.size,
            layout.align,
            layout.events_offset,
            layout.data_offset,
            if layout.packed == 1 { "yes" } else { "no" },
        );
    }
    let constants = EVENT_FLAGS.len() + CTL_OPS.len() + CREATE_FLAGS.len();
    let equal = WITNESSES.iter().all(|(_, layout)| *layout == WITNESSES[0].1);
    assert!(equal, "this program would not have compiled");
    println!(
        "  {}",
        green(&format!("equal, and so are {constants} constants and every signature"))
    );
}

fn hello(program: &str) -> Result<()> {
    let output = Command::new(program).output()?;
    if !output.status.success() {
        return Err(format!("{program}: {}", output.status).into());
    }
    print!("  {:<28} {}", name(program), String::from_utf8(output.stdout)?);
    Ok(())
}

/// Shows what was found and where; the advice that follows is in the README.
fn check(epshim: &str, program: &str) -> Result<()> {
    let output = Command::new(epshim).arg("check").arg(program).output()?;
    let report = String::from_utf8(output.stderr)?;
    let lines = report.lines().filter_map(|line| line.split_once("== ").map(|(_, line)| line));
    let shown: Vec<_> = lines
        .skip_while(|line| !line.contains("epshim: edge-not-drained"))
        .take_while(|line| *line != "  registered by:")
        .collect();
    if shown.is_empty() {
        return Err(format!("{program}: nothing was found\n{report}").into());
    }
    for line in shown {
        println!("  {line}");
    }
    Ok(())
}

/// A server process, killed if the demo fails before it stops it.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn echo(program: &str) -> Result<()> {
    let command = &mut Command::new(program);
    let mut server = Server(command.args(["--port", "0"]).stdout(Stdio::piped()).spawn()?);
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

fn name(program: &str) -> &str {
    Path::new(program).file_name().and_then(|name| name.to_str()).unwrap_or(program)
}

fn is_colourful() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

fn title(text: &str) {
    if is_colourful() { println!("\n\x1b[1;36m{text}\x1b[0m") } else { println!("\n{text}") }
}

fn green(text: &str) -> String {
    if is_colourful() { format!("\x1b[32m{text}\x1b[0m") } else { text.to_owned() }
}
