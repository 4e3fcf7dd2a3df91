//! The command line. It is read where it lies: nothing is copied or allocated.

use crate::mistake::{Kind, Mistake};
use std::ffi::OsStr;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

/// What `--help` prints. The C server prints the same.
pub const HELP: &str = "\
Usage: epshim-echo [--bind ADDR] [--port N] [--reuseport] [--threads N] [--spin-us N]

Sends back every byte that it receives over TCP, until the peer ends its side.

Options:
  --bind ADDR  numeric IPv4 or IPv6 address to listen on (default 127.0.0.1)
  --port N     port to listen on, 0 to 65535; 0 picks a free one (default 7878)
  --reuseport  let other servers of this user listen there too: the kernel deals out the
               connections (SO_REUSEPORT)
  --threads N  threads, 1 to 64, each with an epoll, a listener and connections of its
               own; more than 1 imply --reuseport (default 1)
  --spin-us N  look for events for up to N microseconds, 0 to 1000000, before going to
               sleep: shorter round trips, and a processor always busy (default 0)
  --help       print this text

The first line on stdout is the chosen address: listening on 127.0.0.1:7878

Signals:
  SIGTERM, SIGINT  stop: accept no new connections, echo what has arrived, then close.
                   A peer without progress for 10 seconds is given up. A second signal
                   stops at once.
  SIGUSR1          print one line of statistics on stderr for each thread

Memory: an idle connection takes up less than 128 bytes, besides what the kernel keeps. It owns
a buffer only while its peer is slow to read, of at most 512 KiB; until that is sent, nothing
more is read from it.

Exit status: 0 stopped, all bytes echoed; 1 cannot start, or stopped with bytes lost;
2 wrong arguments.
";

const DEFAULT_PORT: usize = 7878;
pub const MAX_THREADS: usize = 64;
const MAX_SPIN_US: usize = 1_000_000;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Print the help.
    Help,
    /// Serve.
    Run(Options),
}

/// How to serve.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    /// Where to listen.
    pub address: SocketAddr,
    /// Others may listen there too.
    pub reuse_port: bool,
    pub threads: usize,
    /// For how long to look for events before going to sleep.
    pub spin: Duration,
}

const BIND: Kind = Kind { name: "--bind", value: "a numeric address" };
const PORT: Kind = Kind { name: "--port", value: "a number from 0 to 65535" };
const THREADS: Kind = Kind { name: "--threads", value: "a number from 1 to 64" };
const SPIN: Kind = Kind { name: "--spin-us", value: "a number from 0 to 1000000" };

/// Parses the arguments, without the program's name. It allocates nothing.
pub fn parse<'a>(arguments: impl IntoIterator<Item = &'a OsStr>) -> Result<Command, Mistake<'a>> {
    let mut arguments = arguments.into_iter();
    let mut bind = Given::new(&BIND);
    let mut port = Given::new(&PORT);
    let mut threads = Given::new(&THREADS);
    let mut spin = Given::new(&SPIN);
    let mut reuse_port = false;
    'arguments: while let Some(argument) = arguments.next() {
        if argument == "--help" {
            return Ok(Command::Help);
        }
        if argument == "--reuseport" {
            reuse_port = true;
            continue;
        }
        for option in [&mut bind, &mut port, &mut threads, &mut spin] {
            if option.take(argument, &mut arguments)? {
                continue 'arguments;
            }
        }
        return Err(Mistake::Unknown(argument));
    }
    let port = port.number(0..=65535, DEFAULT_PORT)? as u16;
    let threads = threads.number(1..=MAX_THREADS, 1)?;
    let spin = spin.number(0..=MAX_SPIN_US, 0)?;
    let address = bind.value.map_or(Ok(Ipv4Addr::LOCALHOST.into()), |text| {
        parse_address(text).ok_or(Mistake::NoAddress(text))
    })?;
    Ok(Command::Run(Options {
        address: SocketAddr::new(address, port),
        reuse_port: reuse_port || threads > 1,
        threads,
        spin: Duration::from_micros(spin as u64),
    }))
}

/// An option with a value, and the value once it was given.
struct Given<'a> {
    kind: &'static Kind,
    value: Option<&'a OsStr>,
}

impl<'a> Given<'a> {
    fn new(kind: &'static Kind) -> Self {
        Self { kind, value: None }
    }

    /// Takes `--name=value`, or `--name` and the next argument. False: it is another argument.
    fn take(
        &mut self,
        argument: &'a OsStr,
        rest: &mut impl Iterator<Item = &'a OsStr>,
    ) -> Result<bool, Mistake<'a>> {
        let Some(tail) = argument.as_bytes().strip_prefix(self.kind.name.as_bytes()) else {
            return Ok(false);
        };
        if !tail.is_empty() && tail[0] != b'=' {
            return Ok(false);
        }
        if self.value.is_some() {
            return Err(Mistake::GivenTwice(self.kind));
        }
        self.value = match tail {
            [] => rest.next(),
            [_, value @ ..] => Some(OsStr::from_bytes(value)),
        };
        self.value.map(|_| true).ok_or(Mistake::NoValue(self.kind))
    }

    /// Its value as a number, or what it is by default.
    fn number(&self, range: RangeInclusive<usize>, otherwise: usize) -> Result<usize, Mistake<'a>> {
        let Some(text) = self.value else { return Ok(otherwise) };
        parse_number(text)
            .filter(|number| range.contains(number))
            .ok_or(Mistake::NoNumber(self.kind, text))
    }
}

/// Digits only: `usize::from_str` would take "+80".
fn parse_number(text: &OsStr) -> Option<usize> {
    let text = text.to_str()?;
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

fn parse_address(text: &OsStr) -> Option<IpAddr> {
    text.to_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Command, parse};
    use std::ffi::OsStr;
    use std::time::Duration;

    fn parsed(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(OsStr::new)).map_err(|mistake| mistake.to_string())
    }

    fn address(line: &str) -> String {
        match parsed(line) {
            Ok(Command::Run(options)) => options.address.to_string(),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn both_forms_of_an_option_mean_the_same_in_any_order() {
        assert_eq!(address(""), "127.0.0.1:7878");
        assert_eq!(address("--port 0"), "127.0.0.1:0");
        assert_eq!(address("--port=080"), "127.0.0.1:80");
        assert_eq!(address("--bind ::1"), "[::1]:7878");
        assert_eq!(address("--port=65535 --bind=0.0.0.0"), "0.0.0.0:65535");
        assert_eq!(address("--bind :: --port 1"), "[::]:1");
    }

    #[test]
    fn several_threads_share_the_port() {
        let options = |line| match parsed(line) {
            Ok(Command::Run(options)) => (options.threads, options.reuse_port, options.spin),
            other => panic!("{line}: {other:?}"),
        };
        assert_eq!(options(""), (1, false, Duration::ZERO));
        assert_eq!(options("--reuseport --threads=1"), (1, true, Duration::ZERO));
        assert_eq!(options("--threads 64 --spin-us 20"), (64, true, Duration::from_micros(20)));
    }

    #[test]
    fn help_wins_over_what_follows_it() {
        assert_eq!(parsed("--help"), Ok(Command::Help));
        assert_eq!(parsed("--port 1 --help --nonsense"), Ok(Command::Help));
        assert!(parsed("--nonsense --help").is_err());
    }

    #[test]
    fn a_mistake_names_the_option_and_what_it_needs() {
        for (line, expected) in [
            ("--port", "--port needs a value: a number from 0 to 65535"),
            ("--bind", "--bind needs a value: a numeric address"),
            ("--port 1 --port=2", "--port is given twice; give it once"),
            ("--port=", "--port needs a number from 0 to 65535, not ''"),
            ("--port 65536", "--port needs a number from 0 to 65535, not '65536'"),
            ("--port +80", "--port needs a number from 0 to 65535, not '+80'"),
            ("--port -1", "--port needs a number from 0 to 65535, not '-1'"),
            ("--ports 1", "unknown argument '--ports'; --help lists what there is"),
            ("--threads 0", "--threads needs a number from 1 to 64, not '0'"),
            ("--threads=65", "--threads needs a number from 1 to 64, not '65'"),
            ("--spin-us 1000001", "--spin-us needs a number from 0 to 1000000, not '1000001'"),
            ("--spin-us=1ms", "--spin-us needs a number from 0 to 1000000, not '1ms'"),
            ("--reuseport=1", "unknown argument '--reuseport=1'; --help lists what there is"),
            ("1234", "unknown argument '1234'; --help lists what there is"),
        ] {
            assert_eq!(parsed(line), Err(expected.to_owned()), "{line}");
        }
    }

    #[test]
    fn an_address_is_numeric() {
        for line in ["localhost", "127.1", "1.2.3.4.5", "[::1]", "::1%lo", "127.0.0.1:80", ":::"] {
            let mistake = parsed(&format!("--bind {line}")).unwrap_err();
            assert!(mistake.contains(line) && mistake.contains("such as 127.0.0.1 or ::1"));
        }
    }
}
