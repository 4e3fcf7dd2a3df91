//! A call of the program, as the model counts it.

use epshim_observe::errno::EAGAIN;
use epshim_observe::{Ended, Fd, Nanos, Observation, What};

/// Which call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Which {
    Wait,
    Ctl,
    Read,
    Write,
    Accept,
    Connect,
    Close,
    Other,
}

impl Which {
    /// As the document has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::Ctl => "ctl",
            Self::Read => "read",
            Self::Write => "write",
            Self::Accept => "accept",
            Self::Connect => "connect",
            Self::Close => "close",
            Self::Other => "other",
        }
    }

    /// Whether it is counted as input or output.
    pub const fn is_io(self) -> bool {
        matches!(self, Self::Read | Self::Write | Self::Accept | Self::Connect | Self::Other)
    }
}

/// A call that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Called {
    pub at: Nanos,
    pub which: Which,
    pub fd: Fd,
    /// What it was asked for; 0: nothing to be counted.
    pub asked: u64,
    /// What it moved; the new descriptor of an accept.
    pub got: u64,
    /// 0: it did not fail.
    pub errno: i32,
}

impl Called {
    /// The call of an observation, if it is one that is counted on a descriptor.
    pub fn of(it: &Observation<'_>) -> Option<Self> {
        let call = |which, fd, asked, got, errno| Self { at: it.at, which, fd, asked, got, errno };
        let moved = |which, fd, ended| match ended {
            // What is more is damaged.
            Ended::Moved { bytes, asked } => call(which, fd, asked, bytes.min(1 << 40), 0),
            Ended::Failed(errno) => call(which, fd, 0, 0, errno),
        };
        Some(match it.what {
            What::Read { fd, ended } => moved(Which::Read, fd, ended),
            What::Write { fd, ended } => moved(Which::Write, fd, ended),
            What::Accept { fd, accepted: Ok(new) } => {
                call(Which::Accept, fd, 0, new.unsigned_abs().into(), 0)
            }
            What::Accept { fd, accepted: Err(errno) } => call(Which::Accept, fd, 0, 0, errno),
            What::Connect { fd, errno } => call(Which::Connect, fd, 0, 0, errno),
            What::Touch { fd } | What::Shutdown { fd } => call(Which::Other, fd, 0, 0, 0),
            What::Ctl { fd, errno, .. } => call(Which::Ctl, fd, 0, 0, errno),
            What::Close { fd, .. } => call(Which::Close, fd, 0, 0, 0),
            _ => return None,
        })
    }

    pub const fn is_again(&self) -> bool {
        self.errno == EAGAIN
    }

    /// The bytes that were moved.
    pub const fn bytes(&self) -> u64 {
        match self.which {
            Which::Read | Which::Write if self.errno == 0 => self.got,
            _ => 0,
        }
    }

    pub const fn is_short(&self) -> bool {
        matches!(self.which, Which::Read | Which::Write) && self.errno == 0 && self.got < self.asked
    }

    /// Whether it shows that the descriptor was not ready any more.
    pub const fn saw_not_ready(&self) -> bool {
        self.is_again() || self.is_short()
    }
}
