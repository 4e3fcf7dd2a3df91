//! Too little memory: a server starts or says that it cannot, and one that runs goes on.

use super::client::{Pattern, exchange, finish};
use super::server::{Implementation, on_every_server};
use epshim_harness::process::Process;
use epshim_harness::{sys, wait_for};

const KIB: libc::rlim_t = 1024;

/// How a server ended, or that it did not.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// It listened, echoed, and stopped in good order.
    Served,
    /// Status 1, nothing on stdout, and on stderr the line that names the thread.
    NoMemory,
    /// Status 127: the loader has not found the memory to start the program.
    NotLoaded,
    /// What must not happen once the program runs: a signal, another status, another line.
    Other(String),
}

/// The outcome with this much memory (`ulimit -v`).
fn outcome(program: &Implementation, threads: usize, memory: libc::rlim_t) -> Outcome {
    let mut command = program.command();
    command.args(["--port", "0", "--threads", &threads.to_string()]);
    sys::limit_memory(&mut command, memory);
    let mut process = Process::start(program.name, &mut command);
    wait_for("its first line or its end", || {
        (process.stdout().ends_with('\n') || !process.is_running()).then_some(())
    });
    if process.is_running() {
        process.signal(libc::SIGTERM);
    }
    let status = process.wait();
    if status.code().is_some_and(|code| code != 0) {
        wait_for("its last words", || process.stderr().ends_with('\n').then_some(()));
    }
    let (stdout, stderr) = (process.stdout(), process.stderr());
    match status.code() {
        Some(0) if stderr.is_empty() => Outcome::Served,
        Some(1) if stdout.is_empty() && says_which_thread(&stderr, threads) => Outcome::NoMemory,
        Some(127) if !stderr.starts_with("epshim-echo: ") => Outcome::NotLoaded,
        _ => Outcome::Other(format!("{status}, stdout {stdout:?}, stderr {stderr:?}")),
    }
}

/// Whether this is the one line that says which thread of how many cannot be started, and why.
fn says_which_thread(stderr: &str, threads: usize) -> bool {
    let why = stderr.strip_prefix("epshim-echo: cannot start thread ").and_then(|rest| {
        let (number, rest) = rest.split_once(" of ")?;
        let (of, why) = rest.split_once(": ")?;
        let number: usize = number.parse().ok()?;
        (of == threads.to_string() && (1..=threads).contains(&number)).then_some(why)
    });
    // pthread_create(3) says EAGAIN where there is no memory for a stack.
    why == Some("Cannot allocate memory (os error 12)\n")
        || why == Some("Resource temporarily unavailable (os error 11)\n")
}

/// The least memory, in steps of 4 KiB, with which the program is loaded: then it prints its help.
fn least_memory(program: &Implementation) -> libc::rlim_t {
    let is_loaded = |memory| {
        let mut command = program.command();
        sys::limit_memory(command.arg("--help"), memory);
        command.output().is_ok_and(|output| output.status.success())
    };
    let mut memory = 512 * KIB;
    while !is_loaded(memory) {
        memory += 4 * KIB;
        assert!(memory < 64 << 20, "{} is not loaded with {memory} bytes", program.name);
    }
    memory
}

/// Steps of a page where a program begins to be able to do anything, and then larger ones, which meet
/// every part of a start: the server's memory is 512 KiB and a stack half of that.
#[test]
fn with_each_limit_of_memory_a_server_starts_or_says_in_one_line_that_it_cannot() {
    on_every_server(|program| {
        let least = least_memory(program);
        for (threads, step, most) in [(1, 4, 1200), (8, 20, 10_000), (64, 1804, 80_000)] {
            let (mut refused, mut served) = (0, 0);
            let mut memory = least;
            while served < 3 {
                match outcome(program, threads, memory) {
                    Outcome::NoMemory => refused += 1,
                    Outcome::Served => served += 1,
                    // Where the stack begins is random: the loader may need a few pages more.
                    Outcome::NotLoaded if memory < least + 64 * KIB => {}
                    other => panic!("{threads} threads, {} KiB: {other:?}", memory / KIB),
                }
                memory += step * KIB;
                assert!(memory < least + most * KIB, "{threads} threads: {memory} do not do");
            }
            println!("{}: {threads} threads, refused {refused} times", program.name);
            assert!(refused > 3);
        }
    });
}

#[test]
fn sixty_four_threads_in_20000_kib_are_one_line_and_status_1() {
    on_every_server(|program| {
        assert_eq!(outcome(program, 64, 20_000 * KIB), Outcome::NoMemory);
    });
}

/// More than any server has room for in what its allocator has at hand.
const MOST_CLIENTS: usize = 6000;

#[test]
fn without_memory_a_server_rests_serves_whom_it_has_and_later_everyone() {
    // The tests of this program run at the same time, and share its descriptors.
    sys::allow_descriptors(19_000);
    on_every_server(|program| {
        let mut server = program.start();
        let pattern = Pattern::of_stream(0);
        let early = server.connect();
        exchange(&early, pattern, 0, 1000);
        let descriptors = server.descriptors();

        sys::limit_memory_of(server.id(), 0);
        let mut clients = Vec::new();
        // No more than fit the backlog come once it has complained.
        while server.stderr().is_empty() {
            clients.push(server.connect());
            assert!(clients.len() < MOST_CLIENTS, "there is room for all of them");
        }
        clients.extend((0..50).map(|_| server.connect()));
        wait_for("the whole complaint", || server.stderr().ends_with('\n').then_some(()));
        let complaint = "epshim-echo: cannot accept: Cannot allocate memory (os error 12); connections \
                         wait until there is room\n";
        assert!(server.stderr().starts_with(complaint), "{}", server.stderr());
        let accepted = server.descriptors() - descriptors;
        println!("{}: {accepted} of {} accepted without memory", program.name, clients.len());
        assert!(accepted < clients.len());
        exchange(&early, pattern, 1000, 2000);

        sys::limit_memory_of(server.id(), libc::RLIM_INFINITY);
        for stream in &clients {
            exchange(stream, pattern, 0, 10);
        }
        clients.into_iter().for_each(sys::reset);
        finish(&early);
        server.signal(libc::SIGTERM);
        server.wait_for_success();
    });
}
