//! Why a registration is delivered again and again: from what was delivered, and from how the
//! program's last input call ended. It knows nothing of when a row is a spin.

use crate::engine::Advice;
use epshim_observe::Input;
use epshim_observe::{Kind, bits, errno};

/// What the program's input calls on the descriptor came to during a row of deliveries.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken {
    /// How many there were.
    pub calls: u32,
    /// How the last one ended,
    pub input: Input,
    /// and its errno, if it failed.
    pub error: i32,
    pub kind: Kind,
}

/// One of them, in words. `FD` stands for the descriptor.
pub(super) struct Reason {
    pub sentence: String,
    pub advice: Advice,
}

impl Default for Taken {
    fn default() -> Self {
        Self { calls: 0, input: Input::None, error: 0, kind: Kind::Unknown }
    }
}

impl Taken {
    /// Why it does not stop by itself.
    pub(super) fn reason(self, delivered: u32) -> Reason {
        let is_told = self.calls > 0 && delivered & (bits::IN | bits::HUP | bits::RDHUP) != 0;
        match self.input {
            Input::End if is_told => self.at_the_end(),
            Input::WouldBlock if is_told => self.found_nothing(),
            Input::Failed if is_told && self.error == errno::EINVAL => self.too_small(),
            Input::Failed if is_told => self.failed(),
            _ => of_events(delivered, self.kind),
        }
    }

    fn call(self) -> &'static str {
        if self.kind == Kind::Listener { "accept" } else { "read" }
    }

    fn times(self) -> String {
        if self.calls == 1 { "once".to_owned() } else { format!("{} times", self.calls) }
    }

    fn at_the_end(self) -> Reason {
        let gone = if self.kind == Kind::Pipe { "all writers have" } else { "the peer has" };
        Reason {
            sentence: format!("read returned 0 {}: {gone} closed; close fd FD", self.times()),
            advice: Advice {
                fix: "Close the descriptor when read returns 0: the end of the input stays ready.",
                manual: "read(2), RETURN VALUE",
            },
        }
    }

    fn found_nothing(self) -> Reason {
        Reason {
            sentence: format!(
                "{} failed with EAGAIN {}, and there was input: another descriptor was read, or another \
                 thread took it",
                self.call(),
                self.times(),
            ),
            advice: Advice {
                fix: "Read the descriptor that was delivered. Where several threads wait for it, let one \
                      have it: EPOLLEXCLUSIVE, EPOLLONESHOT, or an epoll for each.",
                manual: "epoll_ctl(2), EPOLLEXCLUSIVE",
            },
        }
    }

    fn too_small(self) -> Reason {
        let why = match self.kind {
            Kind::Counter | Kind::Queue => "the buffer is too small",
            _ => "the descriptor is not read so",
        };
        Reason {
            sentence: format!("{} failed with EINVAL {}: {why}", self.call(), self.times()),
            advice: Advice {
                fix: "Read into a buffer that is large enough: 8 bytes for eventfd and timerfd, \
                      sizeof(struct signalfd_siginfo) for signalfd, sizeof(struct inotify_event) + \
                      NAME_MAX + 1 for inotify.",
                manual: "inotify(7), Reading events; signalfd(2), read(2); timerfd_create(2), read(2)",
            },
        }
    }

    fn failed(self) -> Reason {
        Reason {
            sentence: format!(
                "{} failed with {} {}: close fd FD",
                self.call(),
                errno::name(self.error)
                    .map_or_else(|| format!("errno {}", self.error), str::to_owned),
                self.times(),
            ),
            advice: Advice {
                fix: "An error other than EAGAIN and EINTR is the end: delete or close the descriptor.",
                manual: "read(2), ERRORS",
            },
        }
    }
}

/// Nothing was tried, or it helped nothing.
fn of_events(delivered: u32, kind: Kind) -> Reason {
    let (sentence, fix, manual) = if delivered & bits::ERR != 0 {
        (
            "EPOLLERR cannot be switched off; read the error (SO_ERROR) and close it",
            "Read the error (SO_ERROR), then delete or close; EPOLLERR cannot be masked.",
            "epoll_ctl(2), EPOLLERR",
        )
    } else if delivered & bits::HUP != 0 {
        (
            "EPOLLHUP cannot be switched off; delete or close it",
            "Read the rest, then delete or close; EPOLLHUP cannot be masked.",
            "epoll_ctl(2), EPOLLHUP",
        )
    } else if delivered & bits::RDHUP != 0 {
        (
            "the peer has closed its end; read to the end and close it, or stop asking for EPOLLRDHUP",
            "Read to the end and close, or stop asking for EPOLLRDHUP.",
            "epoll_ctl(2), EPOLLRDHUP",
        )
    } else if delivered & bits::IN != 0 {
        let (sentence, fix) = not_taken(kind);
        (sentence, fix, "epoll(7), Level-triggered and edge-triggered")
    } else {
        (
            "it can be written to, and there is nothing to write; ask for EPOLLOUT only while there is",
            "Ask for EPOLLOUT only while something waits to be written.",
            "epoll_ctl(2), EPOLLOUT",
        )
    };
    Reason { sentence: sentence.to_owned(), advice: Advice { fix, manual } }
}

fn not_taken(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Listener => (
            "no connection was accepted",
            "Accept what waits, or delete the listener while no connection is wanted.",
        ),
        Kind::Counter => (
            "it was not read: all 8 bytes are to be read, or it stays ready",
            "Read all 8 bytes, or register it with EPOLLET and never read it.",
        ),
        _ => (
            "its input was not read",
            "Read what has arrived, or stop asking for EPOLLIN while it is not wanted.",
        ),
    }
}
