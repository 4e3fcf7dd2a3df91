//! Where and when it was measured, and with what.

use crate::affinity::processors;
use jiff::Timestamp;
use serde::Serialize;
use std::env;
use std::fs;
use std::process::Command;

/// The versions that cargo chose.
const LOCK: &str = include_str!("../../../../Cargo.lock");
const PEERS: [&str; 5] = ["mio", "tokio", "nix", "rustix", "polling"];

#[derive(Serialize)]
pub struct Machine {
    pub processor: String,
    pub processors: usize,
    pub memory_gib: u64,
    pub kernel: String,
    pub congestion_control: String,
    pub compilers: Vec<String>,
    pub peers: Vec<String>,
    /// The servers' and the load generator's; none where there is only one.
    pub pinned_to: Option<(usize, usize)>,
}

impl Machine {
    pub fn detect() -> Self {
        let model = value_of("/proc/cpuinfo", "model name");
        let kib = value_of("/proc/meminfo", "MemTotal").and_then(|kb| first_number(&kb));
        let count = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        Self {
            processor: model.unwrap_or_else(|| env::consts::ARCH.to_owned()),
            processors: count.lines().filter(|line| line.starts_with("processor")).count(),
            memory_gib: kib.unwrap_or(0).div_ceil(1024 * 1024),
            kernel: file("/proc/sys/kernel/osrelease"),
            congestion_control: file("/proc/sys/net/ipv4/tcp_congestion_control"),
            compilers: [first_line("cc", "--version"), first_line("rustc", "--version")]
                .into_iter()
                .flatten()
                .collect(),
            peers: PEERS.iter().map(|peer| crate_version(peer)).chain(c_versions()).collect(),
            pinned_to: processors().filter(|(servers, load)| servers != load),
        }
    }
}

/// The version that Cargo.lock names.
fn crate_version(name: &str) -> String {
    let entry = LOCK.split(&format!("name = \"{name}\"\nversion = \"")).nth(1);
    format!("{name} {}", entry.and_then(|entry| entry.split('"').next()).unwrap_or("?"))
}

/// Of the libraries in C that pkg-config knows; libev comes without.
fn c_versions() -> impl Iterator<Item = String> {
    ["libuv", "libevent"].into_iter().filter_map(|name| {
        let output = Command::new("pkg-config").args(["--modversion", name]).output().ok()?;
        let version = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| format!("{name} {}", version.trim()))
    })
}

fn first_line(program: &str, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).output().ok()?;
    String::from_utf8_lossy(&output.stdout).lines().next().map(str::to_owned)
}

fn file(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

fn value_of(path: &str, key: &str) -> Option<String> {
    let text = file(path);
    let line = text.lines().find(|line| line.starts_with(key))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn first_number(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

/// Today in UTC, as 2026-01-31.
pub fn date() -> String {
    Timestamp::now().strftime("%Y-%m-%d").to_string()
}
