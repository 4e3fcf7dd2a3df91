//! What the server needs of the process: standard streams and signals, and what the kernel knows of a socket.
//!
//! Not the standard library's streams: those take a closed one for one that takes everything, and allocate
//! a buffer, where memory that is out ends the process. Nothing here allocates once the servers are made.

use epshim::Waker;
use libc::{c_int, c_ulong};
use std::ffi::CStr;
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::mem::{ManuallyDrop, zeroed};
use std::net::TcpStream;
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// A server cannot start, or go on. It has been said why.
pub struct Failed;

pub trait OrSay<T> {
    /// Says on stderr what cannot be done, and why.
    fn or_say(self, what: impl fmt::Display) -> Result<T, Failed>;
}

impl<T> OrSay<T> for io::Result<T> {
    fn or_say(self, what: impl fmt::Display) -> Result<T, Failed> {
        self.map_err(|error| {
            say(format_args!("{what}: {}", Reason(&error)));
            Failed
        })
    }
}

/// An error as [`io::Error`] shows it, which allocates to do so.
pub struct Reason<'a>(pub &'a io::Error);

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(code) = self.0.raw_os_error() else { return self.0.fmt(f) };
        let mut text = [0; 128];
        // SAFETY: it writes a string, cut to the size that is given, to the array, which lives through
        // the call (strerror_r(3), the XSI one). If it fails it may write none: zeroes are an empty one.
        unsafe { libc::strerror_r(code, text.as_mut_ptr().cast(), text.len() - 1) };
        let text = CStr::from_bytes_until_nul(&text).unwrap_or_default().to_bytes();
        write!(f, "{} (os error {code})", std::str::from_utf8(text).unwrap_or("?"))
    }
}

pub fn no_memory() -> io::Error {
    io::Error::from_raw_os_error(libc::ENOMEM)
}

/// One line on stderr. An error has nowhere else to be said.
pub fn say(message: impl fmt::Display) {
    let mut room = [0; 1024];
    let _ = write_to(libc::STDERR_FILENO, line(&mut room, message));
}

/// The message as a line in the room, cut where it is too long.
fn line(room: &mut [u8; 1024], message: impl fmt::Display) -> &[u8] {
    let mut rest = &mut room[..1023];
    let _ = write!(rest, "epshim-echo: {message}");
    let length = 1023 - rest.len();
    room[length] = b'\n';
    &room[..=length]
}

/// Writes to stdout.
pub fn print(text: &[u8]) -> io::Result<()> {
    write_to(libc::STDOUT_FILENO, text)
}

fn write_to(fd: RawFd, text: &[u8]) -> io::Result<()> {
    // SAFETY: it is never dropped, and so closes nothing. Whether the descriptor is open the kernel says.
    ManuallyDrop::new(unsafe { File::from_raw_fd(fd) }).write_all(text)
}

/// Opens what is closed of stdin and stderr, to nothing: else a descriptor of the server's own would get
/// that number, and what is said on stderr be written to it. A closed stdout is an error.
pub fn open_streams() -> Result<(), Failed> {
    // SAFETY: takes integers.
    let check_open = |fd| check(unsafe { libc::fcntl(fd, libc::F_GETFD) });
    check_open(libc::STDOUT_FILENO).or_say("cannot write the address to standard output")?;
    for fd in [libc::STDIN_FILENO, libc::STDERR_FILENO] {
        if check_open(fd).is_err() {
            // SAFETY: the path lives through the call. The new descriptor has the lowest number.
            check(unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) })
                .or_say("cannot open /dev/null for a closed standard stream")?;
        }
    }
    Ok(())
}

/// How many bytes wait to be read: all of them are acknowledged to the peer.
pub fn unread(stream: &TcpStream) -> u32 {
    bytes(stream, libc::FIONREAD as c_ulong)
}

/// How many sent bytes the peer has not acknowledged; the end of the stream counts as one.
pub fn unacknowledged(stream: &TcpStream) -> u32 {
    // SIOCOUTQ has the number of TIOCOUTQ (`include/uapi/linux/sockios.h`).
    bytes(stream, libc::TIOCOUTQ as c_ulong)
}

fn bytes(stream: &TcpStream, request: c_ulong) -> u32 {
    let mut bytes: c_int = 0;
    // SAFETY: both requests write one int, which lives through the call (tcp(7)).
    let result = unsafe { libc::ioctl(stream.as_raw_fd(), request as _, &raw mut bytes) };
    if result == 0 { u32::try_from(bytes).unwrap_or(0) } else { 0 }
}

fn check(result: c_int) -> io::Result<c_int> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// How many signals have come since the start: SIGTERM and SIGINT, and SIGUSR1.
pub static STOPS: AtomicU32 = AtomicU32::new(0);
pub static REPORTS: AtomicU32 = AtomicU32::new(0);
/// Of every server.
static WAKERS: OnceLock<Vec<Waker>> = OnceLock::new();

/// Catches the signals from now on, and ignores SIGPIPE. A signal comes to one thread only, and its
/// handler wakes all servers. It is without SA_RESTART: it interrupts the call that the thread is in.
pub fn catch_signals(wakers: Vec<Waker>) -> io::Result<()> {
    let _ = WAKERS.set(wakers);
    // SAFETY: a sigaction is made of integers and optional pointers, for which zeroes are a value: no
    // flags, no further signals blocked. The sets and actions live through the calls.
    unsafe {
        let mut action: libc::sigaction = zeroed();
        let mut caught = zeroed();
        libc::sigemptyset(&raw mut caught);
        action.sa_sigaction = on_signal as extern "C" fn(c_int) as usize;
        for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGUSR1] {
            libc::sigaddset(&raw mut caught, signal);
            check(libc::sigaction(signal, &raw const action, ptr::null_mut()))?;
        }
        action.sa_sigaction = libc::SIG_IGN;
        check(libc::sigaction(libc::SIGPIPE, &raw const action, ptr::null_mut()))?;
        check(libc::sigprocmask(libc::SIG_UNBLOCK, &raw const caught, ptr::null_mut()))?;
    }
    Ok(())
}

/// Async-signal-safe: it adds to a number, and wakes.
extern "C" fn on_signal(signal: c_int) {
    let count = if signal == libc::SIGUSR1 { &REPORTS } else { &STOPS };
    count.fetch_add(1, Relaxed);
    WAKERS.get().into_iter().flatten().for_each(Waker::wake);
}

#[cfg(test)]
mod tests {
    use super::{Reason, line};
    use std::io;

    #[test]
    fn a_reason_is_what_the_standard_library_says() {
        for code in [libc::ENOMEM, libc::EBADF, libc::EAGAIN, 9999] {
            let error = io::Error::from_raw_os_error(code);
            assert_eq!(Reason(&error).to_string(), error.to_string());
        }
        let error = io::Error::from(io::ErrorKind::NotConnected);
        assert_eq!(Reason(&error).to_string(), error.to_string());
    }

    #[test]
    fn a_line_that_is_too_long_is_cut_and_is_still_one_line() {
        assert_eq!(line(&mut [0; 1024], "one"), b"epshim-echo: one\n");
        let mut room = [0; 1024];
        let long = line(&mut room, "\u{fffd}xx".repeat(500));
        assert_eq!((long.len(), long[1023]), (1024, b'\n'));
        assert!(long.starts_with(b"epshim-echo: \xef\xbf\xbdxx"));
    }
}
