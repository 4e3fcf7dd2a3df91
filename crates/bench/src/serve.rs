//! `epshim-bench serve NAME`: the peers' echo servers, one file each in `crates/bench/servers/`.
//!
//! Each is written as its library's documentation advises, with what is known to be fast: all
//! connections read into one buffer, a connection owns memory only while its peer is slow, a short
//! read is a drain where edges are used. They differ in the library only. The buffer has 64 KiB,
//! which is what libuv suggests; `--buffer` tries another size.
//!
//! A peer stops at SIGTERM at once, with exit status 0: it drains nothing, unlike epshim's servers.

#[path = "../servers/mio.rs"]
mod mio;
#[path = "../servers/nix.rs"]
mod nix;
#[path = "../servers/polling.rs"]
#[allow(unsafe_code)] // Its `add` is unsafe.
mod polling;
#[path = "../servers/rustix.rs"]
mod rustix;
mod setup;
#[path = "../servers/tokio.rs"]
mod tokio;

use crate::peer::Peer;
use crate::programs;
use ::rustix::net::{AddressFamily, SocketFlags, SocketType, bind, listen, socket_with, sockopt};
use clap::Args;
use setup::Setup;
use std::error::Error;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// What `serve` takes.
#[derive(Args)]
pub struct Options {
    /// Which server
    peer: Peer,
    /// The port on 127.0.0.1; 0 picks a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// What one read takes at most, in KiB
    #[arg(long, value_name = "KIB", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=4096))]
    buffer: u32,
    /// Let several servers listen on one port (only the Rust ones)
    #[arg(long)]
    reuseport: bool,
}

/// Serves until SIGTERM or SIGINT.
pub fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let serve = match options.peer {
        Peer::Mio => mio::serve,
        Peer::Tokio => tokio::serve,
        Peer::Nix => nix::serve,
        Peer::Rustix => rustix::serve,
        Peer::Polling => polling::serve,
        Peer::Libuv | Peer::Libevent | Peer::Libev | Peer::Limit => {
            return become_c_program(options);
        }
    };
    let listener = open_listener(options)?;
    println!("listening on {}", listener.local_addr()?);
    io::stdout().flush()?;
    Ok(serve(Setup { listener, buffer: options.buffer as usize * 1024 })?)
}

fn open_listener(options: &Options) -> io::Result<TcpListener> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    sockopt::set_socket_reuseport(&socket, options.reuseport)?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, options.port)))?;
    listen(&socket, 4096)?;
    Ok(TcpListener::from(socket))
}

fn become_c_program(options: &Options) -> Result<(), Box<dyn Error>> {
    if options.reuseport {
        return Err("only the Rust servers have --reuseport".into());
    }
    let program = programs::c_peer(options.peer)?;
    let bytes = options.buffer * 1024;
    let mut command = Command::new(program);
    Err(command.args([options.port.to_string(), bytes.to_string()]).exec().into())
}
