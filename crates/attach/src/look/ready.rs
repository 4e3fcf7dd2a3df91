//! Whether a registered file is ready, from what the kernel says of it without a copy.
//!
//! Surprising: that a socket can be written to is not shown by anything; it is derived. And a fill level of a
//! pipe is not to be had at all: such a file is `Readiness::Unknown`, unless `--copies` was given.

use super::file::{File, Kind};
use super::socket::{Protocol, Socket, State};
use epshim_observe::bits;

/// What epoll would say of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// Events that it has, as the kernel says for certain.
    pub certain: u32,
    /// Events that it has in all likelihood.
    pub likely: u32,
}

impl Readiness {
    const NOTHING: Self = Self { certain: 0, likely: 0 };

    const fn certainly(events: u32) -> Self {
        Self { certain: events, likely: 0 }
    }

    /// What of it is asked for, for certain.
    #[must_use]
    pub const fn of_interest(self, events: u32) -> u32 {
        self.certain & events
    }
}

/// The readiness of a file. `None`: unknown.
#[must_use]
pub fn readiness(file: &File) -> Option<Readiness> {
    if let Some(polled) = file.polled {
        return Some(Readiness::certainly(polled));
    }
    let input = |is_ready: Option<bool>| {
        is_ready.map(|is_ready| Readiness::certainly(if is_ready { bits::IN } else { 0 }))
    };
    match &file.kind {
        Kind::Socket(Some(socket)) => of_socket(socket),
        Kind::Unlisted { protocol } => {
            let is_tcp = protocol.as_deref().is_some_and(|name| name.starts_with("TCP"));
            let hung_up = bits::IN | bits::OUT | bits::RDHUP | bits::HUP;
            is_tcp.then_some(Readiness { certain: 0, likely: hung_up })
        }
        Kind::Event { count } => {
            let count = (*count)?;
            let room = if count < u64::MAX - 1 { bits::OUT } else { 0 };
            let ready = if count > 0 { bits::IN } else { 0 };
            Some(Readiness::certainly(ready | room))
        }
        Kind::Timer { ticks } => input(ticks.map(|ticks| ticks > 0)),
        Kind::Signal { is_pending } => input(*is_pending),
        Kind::Process { has_ended, .. } => input(*has_ended),
        _ => None,
    }
}

fn of_socket(socket: &Socket) -> Option<Readiness> {
    let queue = socket.receive_queue?;
    let input = if queue > 0 { bits::IN } else { 0 };
    let room = match (socket.send_queue, socket.send_buffer) {
        // Of a quiet socket among many the room is not asked.
        (Some(0), None) => bits::OUT,
        (Some(used), Some(all)) if used < all / 3 => bits::OUT,
        _ => 0,
    };
    let hung_up = bits::IN | bits::RDHUP;
    Some(match (socket.protocol, socket.state) {
        (_, State::Listen) => Readiness::certainly(input),
        // The kernel says both also where the end was read.
        (Protocol::Tcp, State::CloseWait) => Readiness { certain: hung_up, likely: room },
        (Protocol::Tcp, State::Established) => Readiness { certain: input, likely: room },
        (Protocol::Tcp, State::FinWait) => Readiness::certainly(input),
        (Protocol::Tcp, _) => Readiness::NOTHING,
        (Protocol::Udp, _) => Readiness::certainly(input),
        (_, state) => {
            let (reads, writes) = (socket.shutdown & 1 != 0, socket.shutdown & 2 != 0);
            let end = if reads { hung_up } else { 0 };
            let both = if reads && writes { bits::HUP } else { 0 };
            let room = if state == State::Established { room } else { 0 };
            Readiness { certain: input | end | both, likely: room }
        }
    })
}

/// What is registered, in words: `IN`, `IN RDHUP ET`, `one-shot, fired`. What the kernel adds by itself is left out.
#[must_use]
pub fn words(events: u32) -> String {
    if is_fired(events) {
        return "one-shot, fired".to_owned();
    }
    let asked = events & !bits::ALWAYS_ON;
    let names = bits::NAMES.into_iter().filter(|&(_, bit)| asked & bit != 0);
    let names: Vec<&str> = names.map(|(name, _)| name).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(" ") }
}

/// A one-shot that has fired: only its private bits are left.
#[must_use]
pub const fn is_fired(events: u32) -> bool {
    events & bits::ONESHOT != 0 && events & !bits::PRIVATE == 0
}

/// A registration that is reported as long as it is ready.
#[must_use]
pub const fn is_level(events: u32) -> bool {
    events & (bits::ET | bits::ONESHOT) == 0
}
