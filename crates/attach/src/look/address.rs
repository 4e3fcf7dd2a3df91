//! A socket's address, or its peer's. It is text only where it is shown: of ten thousand sockets a few are.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::SocketAddr;

/// An address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum Address {
    /// It has none.
    #[default]
    None,
    /// Of the internet's families.
    Internet(SocketAddr),
    /// The peer of a unix socket, by its inode.
    Unix(u32),
    /// A path, a name, or what stands for one.
    Name(String),
}

impl Address {
    /// Whether there is one.
    #[must_use]
    pub fn is_some(&self) -> bool {
        *self != Self::None
    }

    /// Its port, if it is of the internet.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        match self {
            Self::Internet(address) => Some(address.port()),
            _ => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Internet(address) => write!(to, "{address}"),
            Self::Unix(inode) => write!(to, "socket:[{inode}]"),
            Self::Name(name) => to.write_str(name),
        }
    }
}

impl From<String> for Address {
    fn from(text: String) -> Self {
        match text.parse() {
            Ok(address) => Self::Internet(address),
            Err(_) if text.is_empty() => Self::None,
            Err(_) => Self::Name(text),
        }
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}
