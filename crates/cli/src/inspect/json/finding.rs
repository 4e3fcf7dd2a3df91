//! A verdict as the `finding` of docs/json.md.

use crate::inspect::inspection::Inspection;
use crate::inspect::stacks::{Frame, Stack};
use epshim_attach::look::{Address, Kind, Look, Protocol};
use epshim_attach::verdict::Verdict;
use epshim_attach::{verdicts, words};
use epshim_check::Rule;
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Finding<'a> {
    schema: u32,
    kind: &'static str,
    pid: i32,
    tid: i32,
    time: f64,
    rule: &'static str,
    certainty: &'static str,
    epfd: Option<i32>,
    fd: Option<i32>,
    what: &'a str,
    verified: Option<String>,
    evidence: &'a [String],
    descriptors: Vec<Descriptor<'a>>,
    sites: Vec<Site<'a>>,
    blame: Option<&'a Frame>,
    manual: &'static str,
    fix: &'static str,
    /// A look has none.
    suppression: &'static str,
}

/// What `fd` is.
#[derive(Serialize)]
struct Descriptor<'a> {
    fd: i32,
    text: String,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    local: Option<&'a Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<&'a Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
}

#[derive(Serialize)]
struct Site<'a> {
    role: &'static str,
    tid: i32,
    frames: &'a [Frame],
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'a str>,
}

/// A verdict as a finding.
pub(super) fn finding<'a>(
    verdict: &'a Verdict,
    inspection: &'a Inspection,
    time: f64,
) -> Finding<'a> {
    let record = verdicts::record(verdict.rule);
    let page = record.and_then(|record| record.page);
    let page = page.or_else(|| Some(verdict.rule.parse::<Rule>().ok()?.explanation()));
    let stacks = inspection.stacks.iter().filter(|stack| verdict.threads.contains(&stack.tid));
    let first = stacks.clone().next().map_or(&[][..], |stack| &stack.frames);
    let users = stacks.clone().find_map(|stack| {
        let own = stack.own.as_ref()?;
        own.frames.get(own.users?)
    });
    let is_of_others = |frame: &&Frame| {
        let module = frame.module.as_deref();
        module.is_none_or(|module| epshim_report::is_of_others(module, frame.function.as_deref()))
    };
    let native = || first.iter().find(|frame| !is_of_others(frame)).or_else(|| first.first());
    let blame = users.or_else(native);
    Finding {
        schema: epshim_report::json::SCHEMA,
        kind: "finding",
        pid: inspection.now.process.pid,
        tid: verdict.threads.first().copied().unwrap_or(inspection.now.process.pid),
        time,
        rule: verdict.rule,
        certainty: verdict.certainty.name(),
        epfd: verdict.epfd,
        fd: verdict.fd,
        what: &verdict.what,
        verified: (!verdict.evidence.is_empty()).then(|| verdict.evidence.join("; ")),
        evidence: &verdict.evidence,
        descriptors: verdict
            .fd
            .and_then(|fd| descriptor(fd, &inspection.now))
            .into_iter()
            .collect(),
        blame,
        sites: stacks.map(site).collect(),
        manual: page.map_or("", |page| page.manual),
        fix: verdict.fix.or_else(|| Some(record?.fix)).unwrap_or_default(),
        suppression: "",
    }
}

/// The frames of the language, where they are known.
fn site(stack: &Stack) -> Site<'_> {
    let (frames, language, command) = match &stack.own {
        Some(own) => (&own.frames, Some(own.language.name()), None),
        None => (&stack.frames, None, stack.command.as_deref()),
    };
    Site { role: "now", tid: stack.tid, frames, language, command }
}

fn descriptor(fd: i32, look: &Look) -> Option<Descriptor<'_>> {
    let file = look.files.get(&fd)?;
    let socket = file.socket();
    let kind = match (&file.kind, socket) {
        (_, Some(socket)) => match socket.protocol {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::UnixStream | Protocol::UnixDatagram | Protocol::UnixPackets => "unix",
        },
        (Kind::Socket(_) | Kind::Unlisted { .. }, None) => "socket",
        (Kind::Pipe, None) => "pipe",
        (Kind::Epoll, None) => "epoll",
        (Kind::Named(name), None) if name.starts_with('/') => "file",
        (Kind::Unknown, None) => return None,
        (_, None) => "anonymous",
    };
    Some(Descriptor {
        fd,
        text: words::what(file),
        kind,
        local: socket.map(|socket| &socket.local).filter(|address| address.is_some()),
        peer: socket.map(|socket| &socket.peer).filter(|address| address.is_some()),
        state: socket.filter(|socket| socket.protocol == Protocol::Tcp).map(|one| one.state.name()),
    })
}
