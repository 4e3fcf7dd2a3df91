//! stdin, stdout and stderr, without the standard library's: those take a closed stream for one that
//! takes everything, and allocate a buffer.
//!
//! Nothing here allocates. A line that is too long is cut: the longest are those that show an argument.

use crate::failure::Failure;
use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, Write as _};
use std::mem::ManuallyDrop;
use std::os::fd::{FromRawFd, RawFd};

/// Opens what is closed of stdin and stderr, to nothing: else a descriptor of the server's own would get
/// that number, and what is said on stderr be written to it. A closed stdout is an error.
pub fn open() -> Result<(), Failure> {
    if !is_open(libc::STDOUT_FILENO) {
        return Err(Failure::WriteAddress(io::Error::from_raw_os_error(libc::EBADF)));
    }
    for fd in [libc::STDIN_FILENO, libc::STDERR_FILENO] {
        // SAFETY: the path lives through the call. It makes a new descriptor, with the lowest number.
        if !is_open(fd) && unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) } == -1 {
            return Err(Failure::OpenNull(io::Error::last_os_error()));
        }
    }
    Ok(())
}

fn is_open(fd: RawFd) -> bool {
    // SAFETY: takes integers.
    unsafe { libc::fcntl(fd, libc::F_GETFD) != -1 }
}

/// Writes to stdout.
pub fn print(text: &[u8]) -> io::Result<()> {
    write(libc::STDOUT_FILENO, text)
}

/// One line on stderr. An error is of no interest: there is nowhere else to say it.
pub fn say(message: impl fmt::Display) {
    let mut line = Line::new();
    // A line takes everything, what is too long too.
    let _ = write!(line, "epshim-echo: {message}");
    let _ = write(libc::STDERR_FILENO, line.end());
}

fn write(fd: RawFd, text: &[u8]) -> io::Result<()> {
    // SAFETY: it is never dropped, and so closes nothing. That the descriptor is open is the kernel's to
    // say.
    ManuallyDrop::new(unsafe { File::from_raw_fd(fd) }).write_all(text)
}

/// A line that is written piece by piece, and cut where it is too long.
pub struct Line {
    bytes: [u8; 1024],
    length: usize,
}

impl Line {
    pub fn new() -> Self {
        Self { bytes: [0; 1024], length: 0 }
    }

    /// All of it, with its end.
    pub fn end(&mut self) -> &[u8] {
        self.bytes[self.length] = b'\n';
        &self.bytes[..=self.length]
    }
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // The last byte is for the line's end.
        let room = self.bytes.len() - 1 - self.length;
        let size = text.len().min(room);
        self.bytes[self.length..self.length + size].copy_from_slice(&text.as_bytes()[..size]);
        self.length += size;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Line;
    use std::fmt::Write;

    #[test]
    fn a_line_that_is_too_long_is_cut_and_is_still_one_line() {
        let mut line = Line::new();
        write!(line, "{} and two", 1).unwrap();
        assert_eq!(line.end(), b"1 and two\n");
        for _ in 0..500 {
            line.write_str("\u{fffd}xx").unwrap();
        }
        let bytes = line.end();
        assert_eq!((bytes.len(), bytes[1023]), (1024, b'\n'));
        assert!(bytes.starts_with(b"1 and two\xef\xbf\xbd"));
    }
}
