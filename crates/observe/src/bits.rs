//! The bits of `struct epoll_event.events` that rules look at (epoll_ctl(2)).

#![allow(missing_docs, reason = "the names of epoll_ctl(2)")]

pub const IN: u32 = 0x001;
pub const OUT: u32 = 0x004;
pub const ERR: u32 = 0x008;
pub const HUP: u32 = 0x010;
pub const RDHUP: u32 = 0x2000;
pub const EXCLUSIVE: u32 = 1 << 28;
pub const WAKEUP: u32 = 1 << 29;
pub const ONESHOT: u32 = 1 << 30;
pub const ET: u32 = 1 << 31;
/// What is left of a one-shot's interest when it has fired.
pub const PRIVATE: u32 = EXCLUSIVE | WAKEUP | ONESHOT | ET;

/// The kernel adds these to every interest.
pub const ALWAYS_ON: u32 = ERR | HUP;
/// What a fired one-shot may be listed with: the kernel adds `EPOLLERR` and `EPOLLHUP` to every
/// interest, and takes them away with the rest (fs/eventpoll.c, `EP_PRIVATE_BITS`).
pub const ALWAYS: u32 = PRIVATE | ALWAYS_ON;

/// All that has a name, without `EPOLL`: the one list of them beside the shim's, which a test of the command holds it
/// to.
pub const NAMES: [(&str, u32); 15] = [
    ("IN", IN),
    ("PRI", 0x002),
    ("OUT", OUT),
    ("ERR", ERR),
    ("HUP", HUP),
    ("RDNORM", 0x040),
    ("RDBAND", 0x080),
    ("WRNORM", 0x100),
    ("WRBAND", 0x200),
    ("MSG", 0x400),
    ("RDHUP", RDHUP),
    ("EXCLUSIVE", EXCLUSIVE),
    ("WAKEUP", WAKEUP),
    ("ONESHOT", ONESHOT),
    ("ET", ET),
];

/// `EPOLLRDNORM` to `EPOLLMSG`, which say what others say, or nothing.
const POLLS: u32 = 0x7c0;

/// Their names, as a report writes them.
#[must_use]
pub fn names(events: u32) -> String {
    let shown = events & !POLLS;
    let set = NAMES.iter().filter(|(_, bit)| shown & bit != 0);
    let names: Vec<String> = set.map(|(name, _)| format!("EPOLL{name}")).collect();
    if names.is_empty() { format!("{events:#x}") } else { names.join("|") }
}
