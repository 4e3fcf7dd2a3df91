//! The command line of the echo servers: the same table against the C and the Rust programs. And the unit
//! tests of `examples/echo`, which cargo does not run in an example.
//!
//! Every mistake is exactly one line on stderr and exit status 2, a port that is taken or a stdout that
//! takes no address is one line and 1, and the first line on stdout is the address, before anything else
//! is needed.
#![cfg(feature = "verify")]

use epshim_harness::process::Process;
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

#[path = "../examples/echo/mistake.rs"]
mod mistake;
#[allow(dead_code, reason = "the help is read from the program")]
#[path = "../examples/echo/options.rs"]
mod options;
#[allow(dead_code, reason = "a part is for the program only")]
#[path = "../examples/echo/process.rs"]
mod process;
#[path = "echo/programs.rs"]
mod programs;

static SERVERS: LazyLock<[String; 4]> = LazyLock::new(|| {
    [programs::c_on_libc(), programs::c_on_epshim(), programs::c_on_the_reactor(), programs::rust()]
        .map(|path| path.into_os_string().into_string().expect("a path of ours is text"))
});

fn servers() -> impl Iterator<Item = &'static str> {
    SERVERS.iter().map(String::as_str)
}

/// Runs a server that is expected to end by itself.
fn run<A: AsRef<OsStr>>(server: &str, arguments: &[A]) -> Output {
    Command::new(server).args(arguments).stdin(Stdio::null()).output().expect("it starts")
}

/// Each server's stderr, exit status, and the promise that stdout stays empty.
fn mistakes<A: AsRef<OsStr>>(arguments: &[A]) -> [(String, Option<i32>); 4] {
    SERVERS.each_ref().map(|server| {
        let output = run(server, arguments);
        assert_eq!(output.stdout, b"", "{server}");
        (String::from_utf8_lossy(&output.stderr).into_owned(), output.status.code())
    })
}

fn assert_one_line(line: &str) {
    assert!(line.starts_with("epshim-echo: ") && line.ends_with('\n'), "{line:?}");
    assert_eq!(line.matches('\n').count(), 1, "{line:?}");
}

/// A running server, and the address on the first line of its stdout.
fn listening(server: &str, arguments: &[&str]) -> (Process, SocketAddr) {
    let mut process = Process::start(server, Command::new(server).args(arguments));
    let address = address_of(&mut process);
    (process, address)
}

/// The address on the first line of its stdout.
fn address_of(process: &mut Process) -> SocketAddr {
    let address = process.listening_address().unwrap_or_else(|error| panic!("{error}"));
    // Written as the standard library writes it.
    assert!(process.stdout().starts_with(&format!("listening on {address}\n")));
    address
}

fn has_ipv6() -> bool {
    TcpListener::bind("[::1]:0").is_ok()
}

fn assert_echoes(address: SocketAddr) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.write_all(b"hello").expect("it reads");
    stream.shutdown(Shutdown::Write).expect("connected");
    let mut echoed = Vec::new();
    stream.read_to_end(&mut echoed).expect("it answers");
    assert_eq!(echoed, b"hello");
}

#[test]
fn help_teaches_on_stdout_and_is_the_same_in_all() {
    let [c, others @ ..] = SERVERS.each_ref().map(|server| {
        let output = run(server, &["--help"]);
        assert_eq!((output.status.code(), &output.stderr[..]), (Some(0), &b""[..]), "{server}");
        String::from_utf8(output.stdout).expect("text")
    });
    assert!(others.iter().all(|help| *help == c), "{others:?}");
    for taught in [
        "--bind ADDR",
        "--port N",
        "7878",
        "127.0.0.1",
        "SIGTERM",
        "SIGUSR1",
        "512 KiB",
        "128 bytes",
        "--threads N",
        "--reuseport",
        "--spin-us N",
    ] {
        assert!(c.contains(taught), "{taught} is not in the help");
    }
}

#[test]
fn a_bad_argument_is_one_line_that_says_what_to_do_and_status_2() {
    for (arguments, expected) in [
        (&["--port"][..], "--port needs a value: a number from 0 to 65535"),
        (&["--bind"], "--bind needs a value: a numeric address"),
        (&["--port", "1", "--bind"], "--bind needs a value: a numeric address"),
        (&["--port", "80x"], "--port needs a number from 0 to 65535, not '80x'"),
        (&["--port="], "--port needs a number from 0 to 65535, not ''"),
        (&["--port", ""], "--port needs a number from 0 to 65535, not ''"),
        (&["--port", "65536"], "--port needs a number from 0 to 65535, not '65536'"),
        (&["--port=4294967296"], "--port needs a number from 0 to 65535, not '4294967296'"),
        (&["--port", "-1"], "--port needs a number from 0 to 65535, not '-1'"),
        (&["--port", "+1"], "--port needs a number from 0 to 65535, not '+1'"),
        (&["--port", " 1"], "--port needs a number from 0 to 65535, not ' 1'"),
        (&["--port", "--bind"], "--port needs a number from 0 to 65535, not '--bind'"),
        (&["--port", "0", "--port=0"], "--port is given twice; give it once"),
        (&["--bind=::1", "--bind", "::1"], "--bind is given twice; give it once"),
        (&["--threads"], "--threads needs a value: a number from 1 to 64"),
        (&["--threads", "0"], "--threads needs a number from 1 to 64, not '0'"),
        (&["--threads=65"], "--threads needs a number from 1 to 64, not '65'"),
        (
            &["--threads=18446744073709551617"],
            "--threads needs a number from 1 to 64, not '18446744073709551617'",
        ),
        (&["--threads=2", "--threads", "2"], "--threads is given twice; give it once"),
        (&["--spin-us", "-1"], "--spin-us needs a number from 0 to 1000000, not '-1'"),
        (&["--spin-us=1000001"], "--spin-us needs a number from 0 to 1000000, not '1000001'"),
        (&["--spin", "1"], "unknown argument '--spin'; --help lists what there is"),
        (&["--reuseport=1"], "unknown argument '--reuseport=1'; --help lists what there is"),
        (&["--verbose"], "unknown argument '--verbose'; --help lists what there is"),
        (&["--help=yes"], "unknown argument '--help=yes'; --help lists what there is"),
        (&["--portable"], "unknown argument '--portable'; --help lists what there is"),
        (&["--"], "unknown argument '--'; --help lists what there is"),
        (&[""], "unknown argument ''; --help lists what there is"),
        (&["7878"], "unknown argument '7878'; --help lists what there is"),
    ] {
        let expected = (format!("epshim-echo: {expected}\n"), Some(2));
        assert_eq!(mistakes(arguments), std::array::from_fn(|_| expected.clone()), "{arguments:?}");
    }
}

#[test]
fn an_address_that_is_not_numeric_is_refused_by_all_alike() {
    for text in [
        "",
        "localhost",
        "127.1",
        "1",
        "1.2.3.4.5",
        "256.0.0.1",
        "01.2.3.4",
        "1.2.3.4 ",
        "0x7f.0.0.1",
        "127.0.0.1:80",
        "[::1]",
        "::1%lo",
        ":::",
        "1::2::3",
        "12345::",
        "::1.2.3",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "::256.0.0.1",
        "::g",
    ] {
        let expected = format!(
            "epshim-echo: --bind needs a numeric address such as 127.0.0.1 or ::1, not '{text}'\n"
        );
        let expected = (expected, Some(2));
        assert_eq!(
            mistakes(&["--bind", text]),
            std::array::from_fn(|_| expected.clone()),
            "{text:?}"
        );
    }
}

#[test]
fn whatever_the_bytes_of_an_argument_the_complaint_is_one_line() {
    let long = "x".repeat(100_000);
    let cases: [&[u8]; 5] = [b"a\nb", b"\x1b[31m\r\n", b"\xff\xfe", b"%s%n", long.as_bytes()];
    for bytes in cases {
        for (line, status) in mistakes(&[OsStr::from_bytes(bytes)]) {
            assert_one_line(&line);
            assert_eq!(status, Some(2));
        }
        for (line, status) in mistakes(&[OsStr::new("--port"), OsStr::from_bytes(bytes)]) {
            assert_one_line(&line);
            assert_eq!(status, Some(2));
        }
    }
}

#[test]
fn a_port_that_is_taken_is_one_line_and_status_1() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("bound");
    let expected = format!(
        "epshim-echo: cannot listen on {address}: Address already in use (os error 98); \
         choose another --port (0 picks a free one) or --bind\n"
    );
    let expected = (expected, Some(1));
    let port = format!("--port={}", address.port());
    assert_eq!(mistakes(&[port]), std::array::from_fn(|_| expected.clone()));
}

#[test]
fn an_address_that_is_not_this_machines_is_one_line_and_status_1() {
    // 192.0.2.0/24 and 2001:db8::/32 are for documentation: no machine has them (RFC 5737, 3849).
    for bind in ["192.0.2.1", "2001:db8::1"] {
        let [c, others @ ..] = mistakes(&["--bind", bind, "--port", "0"]);
        assert!(others.iter().all(|line| *line == c), "{others:?}");
        assert_one_line(&c.0);
        assert!(c.0.contains(bind) && c.0.contains("--bind"), "{c:?}");
        assert_eq!(c.1, Some(1));
    }
}

/// Runs a server as a shell does that was told to redirect its streams.
fn redirected(server: &str, redirections: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("exec \"$@\" {redirections}"), "sh", server]).args(arguments);
    command.stdin(Stdio::null());
    command
}

#[test]
fn a_stdout_that_takes_no_address_is_one_line_and_status_1() {
    for (redirection, why) in [
        (">&-", "Bad file descriptor (os error 9)"),
        ("1</dev/null", "Bad file descriptor (os error 9)"),
        (">/dev/full", "No space left on device (os error 28)"),
        ("<&- >&- 2>/dev/stderr", "Bad file descriptor (os error 9)"),
    ] {
        for server in servers() {
            for (arguments, what) in [
                (&["--port=0"][..], "address"),
                (&["--port=0", "--threads=3"], "address"),
                (&["--help"], "help"),
            ] {
                let output = redirected(server, redirection, arguments).output().expect("sh runs");
                let line =
                    format!("epshim-echo: cannot write the {what} to standard output: {why}\n");
                let case = format!("{server} {arguments:?} {redirection}");
                assert_eq!(String::from_utf8_lossy(&output.stderr), line, "{case}");
                assert_eq!(output.status.code(), Some(1), "{case}");
            }
        }
    }
}

#[test]
fn a_stdout_whose_reader_has_gone_is_one_line_and_status_1() {
    for server in servers() {
        let (reader, writer) = UnixStream::pair().expect("a pair");
        drop(reader);
        let mut command = Command::new(server);
        let output =
            command.arg("--port=0").stdout(OwnedFd::from(writer)).output().expect("it starts");
        assert_eq!(
            String::from_utf8_lossy(&output.stderr),
            "epshim-echo: cannot write the address to standard output: Broken pipe (os error 32)\n",
            "{server}"
        );
        assert_eq!(output.status.code(), Some(1), "{server}");
    }
}

/// A descriptor of the server's own with such a number would be taken for the closed stream: an eventfd
/// takes a line of statistics for a count of signals (`fs/eventfd.c`, where it takes more than 8 bytes).
#[test]
fn with_stdin_and_stderr_closed_it_serves_and_says_nothing_to_its_own_descriptors() {
    for server in servers() {
        for redirections in ["<&- 2>&-", "2>&-", "<&-"] {
            let mut command = redirected(server, redirections, &["--port=0", "--threads=2"]);
            let mut running =
                Process::spawn(server, command.stderr(Stdio::null())).expect("it starts");
            let address = address_of(&mut running);
            for fd in [0, 2] {
                let file = format!("/proc/{}/fd/{fd}", running.id());
                let file = std::fs::read_link(file).expect("it is open");
                assert_eq!(file, Path::new("/dev/null"), "{server} {redirections}: {fd}");
            }
            let mut connected = TcpStream::connect(address).expect("it listens");
            for _ in 0..3 {
                running.signal(libc::SIGUSR1);
                for _ in 0..20 {
                    assert_echoes(address);
                }
            }
            connected.write_all(b"x").expect("it is connected");
            assert_eq!(connected.read(&mut [0]).expect("it is connected"), 1);
            drop(connected);
            running.signal(libc::SIGTERM);
            let status = running.wait();
            assert!(status.success(), "{server} {redirections}: {status}");
        }
    }
}

#[test]
fn the_first_line_is_the_chosen_address_and_there_it_echoes() {
    for server in servers() {
        for (arguments, ip) in [
            (&["--port", "0"][..], "127.0.0.1"),
            (&["--port=0", "--bind=127.0.0.1"], "127.0.0.1"),
            (&["--bind", "127.0.0.2", "--port", "000"], "127.0.0.2"),
            (&["--bind=0.0.0.0", "--port=0"], "0.0.0.0"),
            (&["--bind", "::1", "--port", "0"], "::1"),
            (&["--bind=0:0:0:0:0:0:0:1", "--port=0"], "::1"),
            (&["--bind", "::", "--port=0"], "::"),
            (&["--bind", "::ffff:127.0.0.1", "--port=0"], "::ffff:127.0.0.1"),
        ] {
            if ip.contains(':') && !has_ipv6() {
                eprintln!("skipped {arguments:?}: this machine has no IPv6");
                continue;
            }
            let (_running, address) = listening(server, arguments);
            assert_eq!(address.ip(), ip.parse::<IpAddr>().expect("an address"));
            assert_ne!(address.port(), 0);
            assert_echoes(address);
        }
    }
}

#[test]
fn the_port_that_was_asked_for_is_the_one_it_listens_on() {
    for server in servers() {
        // On an address of its own: no other program is given the port in between.
        let (first, address) = listening(server, &["--bind=127.78.78.78", "--port=0"]);
        assert_echoes(address);
        drop(first);
        // Its last connection is in TIME_WAIT: SO_REUSEADDR makes the port usable again.
        let port = address.port().to_string();
        let again = ["--bind=127.78.78.78", "--port", &port];
        let (_second, address_again) = listening(server, &again);
        assert_eq!(address_again, address);
        assert_echoes(address);
    }
}

/// The servers are there to be copied, and a user of the library wants none of them in the search path.
#[test]
fn cargo_installs_no_echo_server() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cargo-install");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["install", "--offline", "--path", env!("CARGO_MANIFEST_DIR"), "--root"]).arg(&root);
    let output = match cargo.output() {
        Err(error) => return println!("skipped: no cargo: {error}"),
        Ok(output) => output,
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("it has no binaries"), "{said}");
    assert!(!root.join("bin").exists(), "something was installed");
}
