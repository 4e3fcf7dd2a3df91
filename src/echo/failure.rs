//! Why a server cannot start, or go on: each is one line.
//!
//! Nothing here allocates, for memory may be what is missing; [`io::Error`] does, when it is shown.

use std::ffi::CStr;
use std::fmt;
use std::io;
use std::net::SocketAddr;

/// What cannot be done, and why.
#[derive(Debug)]
pub enum Failure {
    CreateEpoll(io::Error),
    SetUpSignals(io::Error),
    Listen(SocketAddr, io::Error),
    LearnAddress(io::Error),
    /// A thread of so many: there is no memory for its server, or no thread.
    StartThread(usize, usize, io::Error),
    OpenNull(io::Error),
    WriteAddress(io::Error),
    WriteHelp(io::Error),
    Wait(io::Error),
    ChangeInterest(io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, error) = match self {
            Self::CreateEpoll(error) => ("cannot create an epoll", error),
            Self::SetUpSignals(error) => ("cannot set up signals", error),
            Self::LearnAddress(error) => ("cannot learn the address", error),
            Self::OpenNull(error) => ("cannot open /dev/null for a closed standard stream", error),
            Self::WriteAddress(error) => ("cannot write the address to standard output", error),
            Self::WriteHelp(error) => ("cannot write the help to standard output", error),
            Self::Wait(error) => ("epoll_wait failed", error),
            Self::ChangeInterest(error) => ("cannot change the interest in the listener", error),
            Self::StartThread(number, of, error) => {
                return write!(f, "cannot start thread {number} of {of}: {}", Reason(error));
            }
            Self::Listen(address, error) => {
                return write!(
                    f,
                    "cannot listen on {address}: {}; choose another --port (0 picks a free one) or \
                     --bind",
                    Reason(error)
                );
            }
        };
        write!(f, "{what}: {}", Reason(error))
    }
}

/// An error as [`io::Error`] shows it.
pub struct Reason<'a>(pub &'a io::Error);

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(code) = self.0.raw_os_error() else { return self.0.fmt(f) };
        let mut text = [0; 128];
        // SAFETY: it writes a string, cut to the size that is given, to the array, which lives through
        // the call (strerror_r(3), the XSI one). If it fails it may write none: zeroes are an empty one.
        unsafe { libc::strerror_r(code, text.as_mut_ptr().cast(), text.len() - 1) };
        let text = CStr::from_bytes_until_nul(&text).unwrap_or(c"");
        for chunk in text.to_bytes().utf8_chunks() {
            f.write_str(chunk.valid())?;
        }
        write!(f, " (os error {code})")
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, Reason};
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
    fn a_thread_that_cannot_be_started_is_counted_from_1() {
        let failure = Failure::StartThread(3, 64, io::Error::from_raw_os_error(libc::ENOMEM));
        let line = "cannot start thread 3 of 64: Cannot allocate memory (os error 12)";
        assert_eq!(failure.to_string(), line);
    }
}
