//! The sockets of a net namespace, by inode: sock_diag(7), or `/proc/PID/net` where the namespace is another and
//! cannot be entered.
//!
//! One dump of each family costs less than a question for each socket. A namespace is entered by a thread of its
//! own, which ends; what it has opened there stays there.

use super::devices;
use super::folder::Folder;
use super::wanted::Wanted;
use crate::diag::{self, Dump, ID, Part};
use crate::look::{FileId, Protocol, Socket};
use crate::texts::net;
use rustc_hash::{FxHashMap, FxHashSet};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::netlink::SOCK_DIAG;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::os::fd::AsFd as _;
use std::sync::OnceLock;

/// The kernel fills no more at once.
const ANSWER: usize = 64 << 10;
/// Most sockets that are asked for their age one by one.
const MOST_LOUD: usize = 1000;

/// Sockets by inode, and whether all families could be asked.
pub(crate) type Found = (FxHashMap<u64, Socket>, bool);

/// Where sockets are asked for.
#[derive(Debug)]
pub(crate) enum Sockets {
    /// The kernel's sock_diag, of one net namespace.
    Diag {
        /// The socket that asks.
        socket: OwnedFd,
        /// Whether it is this process's own namespace.
        is_ours: bool,
    },
    /// The texts of a process's /proc/PID/net: no ages, and of unix sockets no queues.
    Texts,
    /// Neither is to be had.
    Nowhere,
}

impl Sockets {
    /// For the net namespace of a process.
    #[must_use]
    pub(crate) fn of(process: &Folder) -> Self {
        static OWN: OnceLock<Option<FileId>> = OnceLock::new();
        let own = || Folder::all().and_then(|all| all.stat("self/ns/net")).ok();
        let its = process.stat("ns/net");
        let is_ours = match (*OWN.get_or_init(|| own().as_ref().map(devices::id)), its) {
            (Some(own), Ok(its)) => own == devices::id(&its),
            // It cannot be asked: nearly all are.
            _ => true,
        };
        let socket = if is_ours { open() } else { entered(process).ok_or(Errno::PERM) };
        match socket {
            Ok(socket) => Self::Diag { socket, is_ours },
            Err(_) if process.file("net/tcp").is_ok() => Self::Texts,
            Err(_) => Self::Nowhere,
        }
    }

    /// All sockets, with ages and counts.
    pub(crate) fn all(socket: &OwnedFd) -> Found {
        from_kernel(socket, (&Dump::ALL, None), true, &mut Vec::new())
    }

    /// The sockets of these inodes, with ages and counts: without `has_ages` those only that are not quiet. `false`: some families could not be asked, so that one which is missing may
    /// be there all the same.
    pub(crate) fn find(
        &self,
        process: &Folder,
        wanted: &Wanted,
        has_ages: bool,
        buffer: &mut Vec<u8>,
    ) -> Found {
        match self {
            Self::Diag { socket, .. } => {
                let asked = (&wanted.families(process)[..], Some(&wanted.inodes));
                from_kernel(socket, asked, has_ages, buffer)
            }
            Self::Texts => (from_texts(process, &wanted.inodes, buffer), true),
            Self::Nowhere => (FxHashMap::default(), false),
        }
    }
}

fn open() -> Result<OwnedFd, Errno> {
    let (family, kind) = (AddressFamily::NETLINK, SocketType::RAW);
    rustix::net::socket_with(family, kind, SocketFlags::CLOEXEC, Some(SOCK_DIAG))
}

/// A socket of another namespace.
fn entered(process: &Folder) -> Option<OwnedFd> {
    let namespace = process.file("ns/net").ok()?;
    let inside = move || {
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).ok()?;
        open().ok()
    };
    std::thread::spawn(inside).join().ok()?
}

fn from_kernel(
    socket: &OwnedFd,
    (families, wanted): (&[Dump], Option<&FxHashSet<u64>>),
    has_ages: bool,
    buffer: &mut Vec<u8>,
) -> Found {
    let mut found = FxHashMap::default();
    found.reserve(wanted.map_or(0, FxHashSet::len));
    let mut is_whole = true;
    buffer.resize(buffer.len().max(ANSWER), 0);
    let is_wanted = |inode: u64| wanted.is_none_or(|wanted| wanted.contains(&inode));
    for &dump in families {
        // An inode is in one family: when all are there, the others need not be asked.
        if wanted.is_some_and(|wanted| found.len() >= wanted.len()) {
            break;
        }
        let mut loud = Vec::new();
        let mut keep = |inode: u64, socket: Socket, id: [u8; ID]| {
            if !has_ages && socket.protocol == Protocol::Tcp && !socket.is_quiet() {
                loud.push(id);
            }
            found.insert(inode, socket);
        };
        is_whole &=
            ask(socket, dump, &dump.request(has_ages), &is_wanted, &mut keep, buffer).is_some();
        for id in loud.iter().take(MOST_LOUD) {
            let mut keep = |inode: u64, socket: Socket, _| drop(found.insert(inode, socket));
            // One that is gone meanwhile stays as it was listed.
            let _ = ask(socket, dump, &dump.request_one(id), &is_wanted, &mut keep, buffer);
        }
    }
    (found, is_whole)
}

/// Asks, and reads the answer to its end. `None`: the kernel refuses, or has not this family.
fn ask(
    socket: &OwnedFd,
    dump: Dump,
    question: &[u8],
    is_wanted: &dyn Fn(u64) -> bool,
    keep: &mut dyn FnMut(u64, Socket, [u8; ID]),
    buffer: &mut [u8],
) -> Option<()> {
    rustix::net::send(socket, question, SendFlags::empty()).ok()?;
    loop {
        let received = rustix::io::retry_on_intr(|| {
            rustix::net::recv(socket, &mut *buffer, RecvFlags::empty())
        });
        let (length, _) = received.ok()?;
        match diag::read(dump, &buffer[..length], is_wanted, keep) {
            Part::More if length > 0 && diag::is_of_dump(&buffer[..length]) => {}
            Part::Last | Part::More => return Some(()),
            Part::Refused(_) => return None,
        }
    }
}

fn from_texts(
    process: &Folder,
    wanted: &FxHashSet<u64>,
    buffer: &mut Vec<u8>,
) -> FxHashMap<u64, Socket> {
    const FILES: [(&str, Protocol); 4] = [
        ("net/tcp", Protocol::Tcp),
        ("net/tcp6", Protocol::Tcp),
        ("net/udp", Protocol::Udp),
        ("net/udp6", Protocol::Udp),
    ];
    let mut found = FxHashMap::default();
    for (name, protocol) in FILES {
        let text = process.read(name, buffer).unwrap_or_default();
        found.extend(net::internet(text, protocol));
    }
    found.extend(net::unix(process.read("net/unix", buffer).unwrap_or_default()));
    found.retain(|inode, _| wanted.contains(inode));
    found
}
