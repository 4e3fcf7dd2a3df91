//! What calls and waits come to: the parts of observations.

use crate::io::Outcome;

/// After this number of calls of a descriptor [`What::Futile`](crate::What::Futile) is said of one that got `EAGAIN`.
pub const FUTILE: u16 = 1024;

/// What a wait delivered for one registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Delivery {
    /// The events that are ready.
    pub events: u32,
    /// The registration's data.
    pub data: u64,
}

/// One of the waits of [`What::EmptyWaits`](crate::What::EmptyWaits).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct EmptyWait {
    /// Nanoseconds from the end of the one before to its begin.
    pub after: u32,
    /// Nanoseconds that it took.
    pub took: u32,
}

/// How a call that moves bytes ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It moved some bytes; 0 of some is the end of the file.
    Moved {
        /// What the call returned.
        bytes: u64,
        /// The size of the buffer.
        asked: u64,
    },
    /// It failed, with this errno.
    Failed(i32),
}

/// A call that may block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names of the calls")]
pub enum Call {
    Read,
    Write,
    Accept,
    Recv,
    Send,
}

impl Ended {
    /// As the descriptor's state knows it.
    #[must_use]
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::Moved { bytes, asked } => Outcome::Moved { bytes, asked },
            Self::Failed(errno) => Outcome::of_errno(errno),
        }
    }

    /// The errno; 0: it did not fail.
    #[must_use]
    pub const fn errno(self) -> i32 {
        match self {
            Self::Moved { .. } => 0,
            Self::Failed(errno) => errno,
        }
    }
}

impl Call {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Read, Self::Write, Self::Accept, Self::Recv, Self::Send];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Accept => "accept",
            Self::Recv => "recv",
            Self::Send => "send",
        }
    }
}
