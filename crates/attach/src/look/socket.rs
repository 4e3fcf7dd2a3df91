//! A socket, as sock_diag lists it.

use super::address::Address;
use serde::{Deserialize, Serialize};

/// Which protocol.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// TCP over IPv4 or IPv6.
    #[default]
    Tcp,
    /// UDP over IPv4 or IPv6.
    Udp,
    /// Unix, stream.
    UnixStream,
    /// Unix, datagram.
    UnixDatagram,
    /// Unix, sequenced packets.
    UnixPackets,
}

impl Protocol {
    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::UnixStream => "unix stream",
            Self::UnixDatagram => "unix datagram",
            Self::UnixPackets => "unix packets",
        }
    }

    /// Of a unix socket, by the number of its type (socket(2), `SOCK_STREAM` and its like).
    #[must_use]
    pub const fn of_unix(kind: u64) -> Option<Self> {
        match kind {
            1 => Some(Self::UnixStream),
            2 => Some(Self::UnixDatagram),
            5 => Some(Self::UnixPackets),
            _ => None,
        }
    }

    /// Whether it is of the unix family.
    #[must_use]
    pub const fn is_unix(self) -> bool {
        matches!(self, Self::UnixStream | Self::UnixDatagram | Self::UnixPackets)
    }
}

/// The states of TCP that matter here; the other families use two of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Both directions are open.
    Established,
    /// A connection is being made.
    SynSent,
    /// The peer has closed, this side has not.
    CloseWait,
    /// This side has closed for writing.
    FinWait,
    /// It waits for connections.
    Listen,
    /// Another one, or not connected.
    #[default]
    Other,
}

impl State {
    /// By the kernel's number (include/net/tcp_states.h).
    #[must_use]
    pub const fn of(number: u8) -> Self {
        match number {
            1 => Self::Established,
            2 => Self::SynSent,
            4 | 5 => Self::FinWait,
            8 => Self::CloseWait,
            10 => Self::Listen,
            _ => Self::Other,
        }
    }

    /// As ss(8) and netstat(8) write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Established => "ESTABLISHED",
            Self::SynSent => "SYN_SENT",
            Self::CloseWait => "CLOSE_WAIT",
            Self::FinWait => "FIN_WAIT",
            Self::Listen => "LISTEN",
            Self::Other => "unconnected",
        }
    }
}

/// A socket.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Socket {
    /// Which protocol.
    pub protocol: Protocol,
    /// Its state.
    pub state: State,
    /// Of TCP: bytes unread, the peer's end counting as one. Of a listener: connections to accept. Of unix:
    /// bytes, of datagrams those of the first. Of UDP: memory. `None`: only /proc could be asked, which does not say.
    pub receive_queue: Option<u32>,
    /// Of TCP: bytes that are not acknowledged. Of a listener: the most connections that may wait.
    pub send_queue: Option<u32>,
    /// The most bytes that may be unsent.
    pub send_buffer: Option<u32>,
    /// Its address, or path.
    pub local: Address,
    /// The peer's address.
    pub peer: Address,
    /// Of unix: which directions are shut down (1: for reading, 2: for writing).
    pub shutdown: u8,
    /// Milliseconds since data came, of TCP.
    pub since_data_ms: Option<u32>,
    /// Milliseconds since an acknowledgement came: the peer's end has one.
    pub since_ack_ms: Option<u32>,
    /// Bytes that ever came.
    pub bytes_received: Option<u64>,
    /// Bytes that were ever sent and acknowledged.
    pub bytes_acked: Option<u64>,
}

impl Socket {
    /// What says whether anything was read, written or came.
    #[must_use]
    pub const fn traffic(&self) -> (Option<u32>, Option<u32>, Option<u64>, Option<u64>) {
        (self.receive_queue, self.send_queue, self.bytes_received, self.bytes_acked)
    }

    /// Bytes of data unread; the peer's end is none.
    #[must_use]
    pub fn unread(&self) -> Option<u32> {
        let queue = self.receive_queue?;
        let is_end_counted = self.state == State::CloseWait && self.protocol == Protocol::Tcp;
        Some(queue.saturating_sub(u32::from(is_end_counted)))
    }

    /// Nothing waits in it, and it is open in both directions.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        let is_open = self.state == State::Established && self.shutdown == 0;
        is_open && self.receive_queue == Some(0) && self.send_queue == Some(0)
    }

    /// Whether it takes part in no connection but waits for them.
    #[must_use]
    pub fn is_listening(&self) -> bool {
        self.state == State::Listen
    }
}
