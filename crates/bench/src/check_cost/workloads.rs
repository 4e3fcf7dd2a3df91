//! The C echo server with 64 connections of our own load; redis and nginx, each with the program that
//! loads it through 50 connections.
//!
//! The load runs where this program runs, which has pinned itself. The figures of others' programs are
//! read from what they print.

use super::served::Served;
use super::way::{Result, Tools, Way};
use crate::load::Load;
use crate::programs::{self, CServer};
use crate::servers::scenarios::Scenario;
use epshim_harness::ports::free_port;
use std::env;
use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::time::Duration;

/// What is asked of a server.
pub struct Workload {
    pub name: &'static str,
    /// The words that start the server on a port.
    command: Box<dyn Fn(u16) -> Result<Vec<String>>>,
    /// One slice of load on a port: requests, and requests per second.
    pub load: fn(u16) -> Result<(f64, f64)>,
    /// The server's files. Its own user must be able to read them, if it is not the caller.
    folder: Option<PathBuf>,
}

impl Workload {
    /// Starts a server for it.
    pub fn serve(&self, way: &Way, tools: &Tools) -> Result<Served> {
        let port = free_port()?;
        let command = (self.command)(port)?;
        let command: Vec<_> = command.iter().map(String::as_str).collect();
        Served::start(way, tools, port, &command)
    }
}

impl Drop for Workload {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// How long the echo server is loaded in one slice.
const ECHO_SLICE: Duration = Duration::from_millis(400);

/// Messages of 64 bytes to the C echo server on libc.
pub fn echo() -> Result<Workload> {
    let program = programs::c_server(CServer::Libc)?.display().to_string();
    let command = move |port: u16| Ok(vec![program.clone(), "--port".into(), port.to_string()]);
    let name = "C echo server, 64 connections";
    Ok(Workload { name, command: Box::new(command), load: messages, folder: None })
}

fn messages(port: u16) -> Result<(f64, f64)> {
    let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
    let slice = Load::connect(address, Scenario::Many.shape(), 1)?.slice(ECHO_SLICE, &[])?;
    let messages = slice.messages as f64;
    Ok((messages, messages / slice.seconds))
}

/// GET by redis-benchmark.
pub fn redis() -> Workload {
    let command = |port: u16| {
        let words = ["redis-server", "--port", &port.to_string(), "--save", ""];
        Ok(words.map(str::to_owned).to_vec())
    };
    let name = "redis-benchmark GET, 50 connections";
    Workload { name, command: Box::new(command), load: redis_benchmark, folder: None }
}

fn redis_benchmark(port: u16) -> Result<(f64, f64)> {
    let requests = "20000";
    let mut benchmark = Command::new("redis-benchmark");
    benchmark.args(["-c", "50", "-t", "get", "--csv"]);
    let said = output(benchmark.args(["-n", requests, "-p", &port.to_string()]))?;
    let line = said.lines().find(|line| line.starts_with("\"GET")).ok_or("redis-benchmark")?;
    let rate = line.split(',').nth(1).ok_or("redis-benchmark")?.trim_matches('"').parse()?;
    Ok((requests.parse()?, rate))
}

/// A file of 1,000 bytes by wrk.
pub fn nginx() -> Result<Workload> {
    let folder = env::temp_dir().join(format!("epshim-cost-{}", process::id()));
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("index.html"), [b'x'; 1000])?;
    let here = folder.clone();
    let command = move |port: u16| {
        let file = here.join(format!("{port}.conf"));
        fs::write(&file, configuration(&here, port))?;
        let file = file.display().to_string();
        Ok(["nginx", "-e", "stderr", "-c", &file].map(str::to_owned).to_vec())
    };
    let name = "nginx, wrk with 50 connections";
    Ok(Workload { name, command: Box::new(command), load: wrk, folder: Some(folder) })
}

fn configuration(folder: &Path, port: u16) -> String {
    let here = folder.display();
    format!(
        "daemon off; worker_processes 1; error_log stderr; pid {here}/{port}.pid;\n\
         events {{ worker_connections 512; }}\n\
         http {{ access_log off; sendfile on; keepalive_requests 100000000;\n\
         client_body_temp_path {here}/b; proxy_temp_path {here}/p; fastcgi_temp_path {here}/f;\n\
         uwsgi_temp_path {here}/u; scgi_temp_path {here}/s;\n\
         server {{ listen 127.0.0.1:{port}; root {here}; }} }}\n"
    )
}

fn wrk(port: u16) -> Result<(f64, f64)> {
    let url = format!("http://127.0.0.1:{port}/index.html");
    let said = output(Command::new("wrk").args(["-t1", "-c50", "-d1s", &url]))?;
    let word = |name: &str, at: usize| -> Result<f64> {
        let line = said.lines().find(|line| line.contains(name)).ok_or("wrk")?;
        Ok(line.split_whitespace().nth(at).ok_or("wrk")?.parse()?)
    };
    Ok((word("requests in", 0)?, word("Requests/sec", 1)?))
}

/// What a command prints, which must succeed.
fn output(command: &mut Command) -> Result<String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() { Ok(said) } else { Err(format!("{command:?}: {said}").into()) }
}
