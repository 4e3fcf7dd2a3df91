//! Past one process's descriptor limit: several servers listen on one port (SO_REUSEPORT), and the
//! kernel spreads the connections over them. A message must cost what it costs one process with few
//! connections.
//!
//! All server processes share one processor, so that the cost of a message can be compared. What
//! several processes cost by themselves is not what many connections cost: to see both, the same
//! number of processes is measured with few connections too.

use crate::alternate::progress;
use crate::instance::{Effort, Instance, alternate};
use crate::load::Shape;
use crate::outcome::{Outcome, cost, ratio};
use crate::server::Server;
use crate::servers::subjects;
use crate::statistics::Median;
use rustix::net::{AddressFamily, SocketType, bind, socket, sockopt};
use serde::Serialize;
use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// Few connections and many, on one server process and on several.
#[derive(Serialize)]
pub struct Scaling {
    /// What served.
    pub server: String,
    pub processes: usize,
    pub connections: usize,
    /// Connections with traffic.
    pub active: usize,
    /// Open descriptors of each process.
    pub descriptors: Vec<usize>,
    pub outcomes: Vec<Outcome>,
    /// The processor time of a message with all connections, to that of as many processes with few.
    pub cost_of_connections: Median,
}

/// Measures these connections, `active` of them with traffic, spread over the processes.
pub fn run(
    connections: usize,
    active: usize,
    processes: usize,
    effort: Effort,
) -> Result<Scaling, Box<dyn Error>> {
    let server = subjects::sharing_a_port()?;
    let idle = (connections / effort.fewer).saturating_sub(active);
    let shape = Shape { connections: active, message: 64, depth: 1 };
    let plan = [
        (format!("1 process, {active} connections"), 1, 0),
        (format!("1 process, {active} connections again"), 1, 0),
        (format!("{processes} processes, {active} connections"), processes, 0),
        (format!("{processes} processes, {} connections", idle + active), processes, idle),
    ];
    let bar = progress(plan.len() as u64 + u64::from(effort.rounds), "scaling");
    let mut instances = Vec::new();
    for (name, processes, idle) in plan {
        let reserved = reserve_port()?;
        let port = ["--port", &reserved.local_addr()?.port().to_string()].map(str::to_owned);
        let mut commands: Vec<_> = (0..processes).map(|_| server.command()).collect();
        for command in &mut commands {
            command.args(&port);
        }
        instances.push(Instance::start(&name, &mut commands, shape, idle)?);
        bar.inc(1);
    }
    let descriptors: Vec<_> = instances[3].servers.iter().map(Server::descriptors).collect();
    assert!(descriptors.iter().sum::<usize>() >= idle + active, "all connections are accepted");
    alternate(&mut instances, effort, &bar)?;
    bar.finish_and_clear();
    let cost_of_connections = ratio(&instances[3], &instances[2], cost);
    let outcomes =
        instances.iter().map(|instance| Outcome::of(instance, &instances[0], None)).collect();
    instances.into_iter().try_for_each(|instance| instance.stop().map(drop))?;
    Ok(Scaling {
        server: server.name,
        processes,
        connections: idle + active,
        active,
        descriptors,
        outcomes,
        cost_of_connections,
    })
}

/// A port for several servers: this socket has it, and does not listen.
fn reserve_port() -> io::Result<TcpListener> {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    sockopt::set_socket_reuseport(&socket, true)?;
    bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    Ok(TcpListener::from(socket))
}
