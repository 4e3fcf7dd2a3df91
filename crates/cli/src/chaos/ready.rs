//! When a program is ready for its test. No connection is made to find out: it would be the program's first.

use std::fs;
use std::path::Path;

/// What makes a program ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ready {
    /// A socket of TCP listens on this port.
    Port(u16),
    /// It has written this.
    Text(String),
}

impl Ready {
    /// Whether it is. `output`: the file with what the program has written.
    pub fn is(&self, output: &Path) -> bool {
        match self {
            Self::Port(port) => ["/proc/net/tcp", "/proc/net/tcp6"]
                .iter()
                .any(|path| fs::read_to_string(path).is_ok_and(|text| listens(&text, *port))),
            Self::Text(text) => {
                let written = fs::read(output).unwrap_or_default();
                written.windows(text.len()).any(|part| part == text.as_bytes())
            }
        }
    }
}

/// Whether a table of sockets (proc_pid_net(5)) has a listener on the port.
fn listens(table: &str, port: u16) -> bool {
    const LISTEN: &str = "0A"; // TCP_LISTEN, include/net/tcp_states.h
    let wanted = format!(":{port:04X}");
    table.lines().skip(1).any(|line| {
        let mut words = line.split_whitespace();
        let (local, state) = (words.nth(1), words.nth(1));
        state == Some(LISTEN) && local.is_some_and(|local| local.ends_with(&wanted))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_found_by_port_and_state() {
        let table = "  sl  local_address rem_address   st tx_queue\n\
             0: 0100007F:1B58 00000000:0000 0A 00000000:00000000\n\
             1: 0100007F:1B59 0100007F:C001 01 00000000:00000000\n";
        assert!(listens(table, 7000));
        assert!(!listens(table, 7001), "a connection");
        assert!(!listens(table, 80) && !listens("", 7000));
    }
}
