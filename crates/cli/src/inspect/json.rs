//! `--json`: an inspection as an object in a line. docs/json.md has every field.

mod finding;

use super::inspection::Inspection;
use epshim_attach::look::ready::{readiness, words as interest};
use epshim_attach::look::{Epoll, Look, Missing, Registration, Sharer, Thread};
use epshim_attach::{verdicts, words};
use epshim_report::printable;
use finding::{Finding, finding};
use serde::Serialize;
use std::time::UNIX_EPOCH;

#[derive(Serialize)]
struct Object<'a> {
    schema: u32,
    kind: &'static str,
    time: f64,
    apart: f64,
    process: Process<'a>,
    findings: Vec<Finding<'a>>,
    threads: Vec<ThreadObject<'a>>,
    epolls: Vec<EpollObject<'a>>,
    copied: &'a [i32],
    not_permitted: &'a [Missing],
    not_seen: Vec<NotSeen>,
}

#[derive(Serialize)]
struct Process<'a> {
    pid: i32,
    name: &'a str,
    program: Option<&'a str>,
    runtime: epshim_attach::look::Runtime,
    descriptors: Option<u64>,
    limit: Option<u64>,
}

#[derive(Serialize)]
struct ThreadObject<'a> {
    tid: i32,
    name: &'a str,
    state: char,
    call: String,
    unmoved_ms: u64,
    cpu_percent: Option<u64>,
}

#[derive(Serialize)]
struct EpollObject<'a> {
    fd: i32,
    aliases: &'a [i32],
    close_on_exec: bool,
    sharers: Option<&'a [Sharer]>,
    registrations: Option<Vec<RegistrationObject>>,
}

#[derive(Serialize)]
struct RegistrationObject {
    fd: i32,
    interest: String,
    events: u32,
    data: String,
    open: Option<bool>,
    file: String,
    fill: String,
    ready: Option<u32>,
    unread: Option<u64>,
    unsent: Option<u32>,
    age_ms: Option<u32>,
}

#[derive(Serialize)]
struct NotSeen {
    rule: &'static str,
    why: &'static str,
}

/// The line, with its end.
pub fn line(inspection: &Inspection) -> String {
    let look = &inspection.now;
    let time = inspection.time.duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64());
    let object = Object {
        schema: 1,
        kind: "inspection",
        time,
        apart: inspection.apart,
        process: Process {
            pid: look.process.pid,
            name: &look.process.name,
            program: look.process.program.as_deref(),
            runtime: look.process.runtime,
            descriptors: look.open,
            limit: look.limit.filter(|&limit| limit != u64::MAX),
        },
        findings: inspection.verdicts.iter().map(|one| finding(one, inspection, time)).collect(),
        threads: look.threads.iter().map(|one| thread(one, inspection)).collect(),
        epolls: look.epolls.iter().map(|one| epoll(one, look)).collect(),
        copied: &look.copied,
        not_permitted: &look.missing,
        not_seen: verdicts::NOT_SEEN.map(|(rule, why)| NotSeen { rule, why }).into(),
    };
    let line = serde_json::to_string(&object).expect("keys are strings");
    printable::json(line) + "\n"
}

fn thread<'a>(thread: &'a Thread, inspection: &'a Inspection) -> ThreadObject<'a> {
    let earlier = inspection.before.threads.iter().find(|earlier| earlier.tid == thread.tid);
    let wall = |earlier: &Thread| thread.at.saturating_sub(earlier.at);
    let unmoved = earlier.filter(|earlier| thread.is_unmoved_since(earlier));
    let percent = earlier.and_then(|earlier| {
        let ran = thread.ran?.checked_sub(earlier.ran?)?;
        (ran * 100).checked_div(wall(earlier))
    });
    ThreadObject {
        tid: thread.tid,
        name: &thread.name,
        state: thread.state,
        call: words::call(thread),
        unmoved_ms: unmoved.map_or(0, |earlier| wall(earlier) / 1_000_000),
        cpu_percent: percent,
    }
}

fn epoll<'a>(epoll: &'a Epoll, look: &Look) -> EpollObject<'a> {
    let registrations = epoll.registrations.as_ref();
    EpollObject {
        fd: epoll.fd,
        aliases: &epoll.aliases,
        close_on_exec: epoll.is_close_on_exec,
        sharers: epoll.sharers.as_deref(),
        registrations: registrations
            .map(|all| all.iter().map(|one| registration(one, look)).collect()),
    }
}

fn registration(registration: &Registration, look: &Look) -> RegistrationObject {
    let file = look.files.get(&registration.fd);
    let is_same = |file: &&epshim_attach::look::File| {
        file.id.is_none() || registration.file.is_none() || file.id == registration.file
    };
    let same = file.filter(is_same);
    let socket = same.and_then(|file| file.socket());
    RegistrationObject {
        fd: registration.fd,
        interest: interest(registration.events),
        events: registration.events,
        data: format!("{:#x}", registration.data),
        open: match file {
            Some(file) => Some(is_same(&file)),
            None => look.closed.contains(&registration.fd).then_some(false),
        },
        file: same.map_or(String::new(), words::what),
        fill: same.map_or(String::new(), words::fill),
        ready: same.and_then(readiness).map(|ready| ready.certain & registration.events),
        unread: match socket {
            Some(socket) => socket.unread().map(u64::from),
            None => same.and_then(|file| file.unread),
        },
        unsent: socket.filter(|socket| !socket.is_listening()).and_then(|socket| socket.send_queue),
        age_ms: socket.and_then(|socket| socket.since_data_ms),
    }
}
