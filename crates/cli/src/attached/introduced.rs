//! What a descriptor is open on, as it was seen from outside, in the words that the library's reports have.

use epshim_attach::look::{Address, File, Kind, Protocol, Socket, State};
use epshim_report::Descriptor;
use epshim_report::descriptor::{Connection, Side, What};
use epshim_trace::Introduced;
use std::net::SocketAddr;

pub fn descriptor(introduced: &Introduced) -> Option<Descriptor> {
    let Introduced { fd, file, end, is_accepted } = introduced;
    Some(Descriptor { fd: *fd, what: what(file, *end, *is_accepted)? })
}

fn what(file: &File, end: Option<(bool, Option<i32>)>, is_accepted: bool) -> Option<What> {
    let anonymous = |name: &str| What::Anonymous { name: name.to_owned() };
    Some(match &file.kind {
        Kind::Unknown => return None,
        Kind::Socket(Some(socket)) => self::socket(socket, is_accepted),
        Kind::Socket(None) => What::Socket,
        Kind::Unlisted { protocol }
            if protocol.as_deref().is_some_and(|it| it.starts_with("TCP")) =>
        {
            What::Tcp(Connection { state: Some("CLOSE"), ..Connection::default() })
        }
        Kind::Unlisted { .. } => What::Socket,
        Kind::Pipe => {
            let (is_read_end, other_end) = end?;
            What::Pipe { is_read_end, other_end }
        }
        Kind::Event { .. } => anonymous("eventfd"),
        Kind::Timer { .. } => anonymous("timerfd"),
        Kind::Signal { .. } => anonymous("signalfd"),
        Kind::Process { .. } => anonymous("pidfd"),
        Kind::Inotify => anonymous("inotify"),
        Kind::Ring => anonymous("io_uring"),
        Kind::Epoll => What::Epoll,
        Kind::Named(path) => match path.strip_prefix("anon_inode:") {
            Some(name) => anonymous(name.trim_start_matches('[').trim_end_matches(']')),
            None => What::File { path: path.clone() },
        },
    })
}

fn socket(socket: &Socket, is_accepted: bool) -> What {
    let internet = |address: &Address| match address {
        Address::Internet(it) if it.port() != 0 => {
            Some(SocketAddr::new(it.ip().to_canonical(), it.port()))
        }
        _ => None,
    };
    let name = |address: &Address| match address {
        Address::Name(name) => Some(name.clone()),
        _ => None,
    };
    let (local, peer) = (internet(&socket.local), internet(&socket.peer));
    match socket.protocol {
        Protocol::Tcp => {
            let mut connection =
                Connection { local, peer, state: state(socket.state), opened_by: None };
            // A listener of the process has its port.
            let is_accepted = is_accepted && local.is_some() && peer.is_some();
            connection.opened_by =
                if is_accepted { Some(Side::Peer) } else { connection.opened_by_ports() };
            What::Tcp(connection)
        }
        Protocol::Udp => What::Udp(Connection { local, peer, ..Connection::default() }),
        _ => What::Unix { local: name(&socket.local), peer: name(&socket.peer) },
    }
}

fn state(state: State) -> Option<&'static str> {
    match state {
        State::Listen => Some("LISTEN"),
        State::Other | State::FinWait => None,
        state => Some(state.name()),
    }
}
