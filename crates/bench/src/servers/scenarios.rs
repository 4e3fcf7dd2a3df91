//! What the servers are asked to do.

use crate::load::Shape;
use clap::ValueEnum;

/// Traffic, and how many connections are idle meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// One connection, a message of 64 bytes to and fro
    One,
    /// 64 connections of 64 bytes
    Many,
    /// 1,000 connections of 64 bytes
    Thousand,
    /// 64 connections, on each 16 messages of 64 bytes under way
    Pipelined,
    /// 8 connections, on each 4 pieces of 64 KiB under way
    Streams,
    /// 100 connections of 64 bytes, among 10,000 idle ones
    Idle10000,
    /// The same among 18,000
    Idle18000,
}

impl Scenario {
    /// As on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().expect("none is skipped").get_name().to_owned()
    }

    /// For the reader, with this number of idle connections.
    pub fn title(self, idle: usize) -> String {
        let title = match self {
            Self::One => "1 connection, 64 B",
            Self::Many => "64 connections, 64 B",
            Self::Thousand => "1,000 connections, 64 B",
            Self::Pipelined => "64 connections, 16 x 64 B",
            Self::Streams => "8 streams, 4 x 64 KiB",
            Self::Idle10000 | Self::Idle18000 => return format!("100 among {idle} idle"),
        };
        title.to_owned()
    }

    pub fn shape(self) -> Shape {
        let (connections, message, depth) = match self {
            Self::One => (1, 64, 1),
            Self::Many => (64, 64, 1),
            Self::Thousand => (1000, 64, 1),
            Self::Pipelined => (64, 64, 16),
            Self::Streams => (8, 64 * 1024, 4),
            Self::Idle10000 | Self::Idle18000 => (100, 64, 1),
        };
        Shape { connections, message, depth }
    }

    pub fn idle(self) -> usize {
        match self {
            Self::Idle10000 => 10_000,
            Self::Idle18000 => 18_000,
            _ => 0,
        }
    }
}
