//! The peers: other event loops, each with an echo server in `crates/bench/servers/`.

use clap::ValueEnum;

/// The peers that have a server here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Peer {
    /// mio: edge-triggered, a short read is a drain
    Mio,
    /// tokio: one task a connection, on the current thread
    Tokio,
    /// nix: its epoll type, edge-triggered
    Nix,
    /// rustix: its epoll functions, edge-triggered
    Rustix,
    /// polling: level-triggered
    Polling,
    /// libuv, in C: streams
    Libuv,
    /// libevent, in C: raw events
    Libevent,
    /// libev, in C: ev_io
    Libev,
    /// No library, in C: a loop by hand with inlined system calls
    Limit,
}

impl Peer {
    /// As on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().expect("none is skipped").get_name().to_owned()
    }
}
