//! [`Fd`]: a descriptor that is owned, and closed when its owner goes.
//!
//! It is what `std::os::fd::OwnedFd` is, which needs std; where there is std one becomes the other. An error
//! of close(2) is not looked at: the descriptor is gone even then (close(2), Dealing with error returns).

use libc::c_int;

/// An open descriptor of this process, which nothing else owns.
#[derive(Debug)]
pub(crate) struct Fd(c_int);

impl Fd {
    /// Takes over a descriptor.
    ///
    /// # Safety
    ///
    /// It is open, and nothing else owns it.
    pub unsafe fn owning(fd: c_int) -> Self {
        Self(fd)
    }

    /// Its number.
    #[inline]
    pub fn number(&self) -> c_int {
        self.0
    }
}

impl Drop for Fd {
    fn drop(&mut self) {
        // SAFETY: this value owns the descriptor, and is the last to know it.
        unsafe { libc::close(self.0) };
    }
}

#[cfg(feature = "std")]
mod with_std {
    use super::Fd;
    use std::mem::ManuallyDrop;
    use std::os::fd::{AsFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};

    impl AsFd for Fd {
        fn as_fd(&self) -> BorrowedFd<'_> {
            // SAFETY: it is open as long as this value, which the result borrows.
            unsafe { BorrowedFd::borrow_raw(self.0) }
        }
    }

    impl From<Fd> for OwnedFd {
        fn from(fd: Fd) -> Self {
            let fd = ManuallyDrop::new(fd);
            // SAFETY: it was owned by a value that is not dropped.
            unsafe { Self::from_raw_fd(fd.0) }
        }
    }

    impl From<OwnedFd> for Fd {
        fn from(fd: OwnedFd) -> Self {
            Self(fd.into_raw_fd())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Fd;
    use std::io::Read;
    use std::os::fd::IntoRawFd;
    use std::os::unix::net::UnixStream;

    #[test]
    fn what_is_owned_is_closed_with_its_owner() {
        let (mut reader, writer) = UnixStream::pair().unwrap();
        // SAFETY: the socket has just given it up.
        let fd = unsafe { Fd::owning(writer.into_raw_fd()) };
        assert!(fd.number() > 2);
        drop(fd);
        // The end of the stream comes only when the other side is closed.
        assert_eq!(reader.read(&mut [0]).unwrap(), 0);
    }

    #[test]
    #[cfg(feature = "std")]
    fn it_becomes_an_owned_descriptor_of_std_and_stays_open() {
        use std::io::Write;
        use std::os::fd::{AsRawFd, OwnedFd};

        let (mut reader, writer) = UnixStream::pair().unwrap();
        let number = writer.as_raw_fd();
        let fd = Fd::from(OwnedFd::from(writer));
        assert_eq!(fd.number(), number);
        let mut writer = UnixStream::from(OwnedFd::from(fd));
        writer.write_all(b"x").unwrap();
        drop(writer);
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"x");
    }
}
