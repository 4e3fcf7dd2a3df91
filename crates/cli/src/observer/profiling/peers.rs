//! The other ends of connections, and how full their queues are, as /proc/PID/net says it: of the program's descriptors
//! that have none yet, twice a second. A connection that is shorter may have no name.

use crate::observer::recording::Shared;
use epshim_attach::look::{Address, Protocol, Socket, State};
use epshim_attach::texts::net;
use epshim_observe::{Fd, Pid};
use std::collections::HashMap;
use std::fs;

/// A table with more sockets than these is not read again: it takes the kernel long.
const MOST: usize = 20_000;

/// What asks.
#[derive(Debug, Default)]
pub struct Peers {
    is_off: bool,
}

impl Peers {
    pub fn look(&mut self, model: &Shared) {
        if self.is_off {
            return;
        }
        let open = model.lock().as_ref().map(|model| model.connections()).unwrap_or_default();
        let mut by_pid: HashMap<Pid, Vec<Fd>> = HashMap::new();
        for (pid, fd) in open {
            by_pid.entry(pid).or_default().push(fd);
        }
        for (pid, fds) in by_pid {
            self.of_process(model, pid, &fds);
        }
    }

    fn of_process(&mut self, model: &Shared, pid: Pid, fds: &[Fd]) {
        let inode = |fd: Fd| {
            let link = fs::read_link(format!("/proc/{pid}/fd/{fd}")).ok()?;
            link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse::<u64>().ok()
        };
        let inodes: Vec<(Fd, u64)> = fds.iter().filter_map(|&fd| Some((fd, inode(fd)?))).collect();
        if inodes.is_empty() {
            return;
        }
        let mut all: HashMap<u64, Socket> = HashMap::new();
        for (name, protocol) in [("tcp", Protocol::Tcp), ("tcp6", Protocol::Tcp)] {
            let text = fs::read(format!("/proc/{pid}/net/{name}")).unwrap_or_default();
            all.extend(net::internet(&text, protocol));
        }
        self.is_off = all.len() > MOST;
        let mut model = model.lock();
        let Some(model) = model.as_mut() else { return };
        for (fd, inode) in inodes {
            let Some(socket) = all.get(&inode) else { continue };
            if let Address::Internet(address) = &socket.peer {
                if address.port() != 0 {
                    model.peer(pid, fd, &address.to_string());
                }
            }
            let size = |queue: Option<u32>| queue.unwrap_or(0).into();
            match socket.state {
                State::Listen => model.backlog(size(socket.receive_queue)),
                _ => model.queues(size(socket.receive_queue), size(socket.send_queue)),
            }
        }
    }
}
