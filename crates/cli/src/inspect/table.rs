//! `--verbose`: what is registered with each epoll, what is ready first. Rows that are equal but for their number are
//! counted, so that ten thousand connections are a screen.

use super::inspection::Inspection;
use super::lines::line;
use crate::output::BOLD;
use epshim_attach::look::ready::{readiness, words as interest};
use epshim_attach::look::{Epoll, File, Kind, Look, Registration};
use epshim_attach::words;
use epshim_report::counted;
use std::collections::HashMap;
use std::fmt::Write as _;

/// Most rows of an epoll.
const MOST: usize = 24;

/// Writes the tables.
pub fn of(text: &mut String, inspection: &Inspection) {
    for epoll in &inspection.now.epolls {
        let _ = write!(text, "\n{BOLD}epfd {}{BOLD:#}", epoll.fd);
        let _ = writeln!(text, "{}", about(epoll, &inspection.now));
        let rows = rows(epoll, &inspection.now);
        for row in rows.iter().take(MOST) {
            line(text, 2, row);
        }
        if rows.len() > MOST {
            line(
                text,
                2,
                &format!("and {} more kinds of rows (--json has all)", rows.len() - MOST),
            );
        }
    }
}

fn about(epoll: &Epoll, look: &Look) -> String {
    let mut parts = vec![counted(epoll.registered().len() as u64, "registration", "registrations")];
    if !epoll.aliases.is_empty() {
        let numbers: Vec<String> = epoll.aliases.iter().map(i32::to_string).collect();
        parts.push(format!("also fd {}", numbers.join(", ")));
    }
    let waits = |thread: &&epshim_attach::look::Thread| {
        epshim_attach::calls::waited(&thread.call).is_some_and(|epfd| epoll.is(epfd))
    };
    for thread in look.threads.iter().filter(waits).take(4) {
        parts.push(format!("thread {} in {}", thread.tid, words::call(thread)));
    }
    for sharer in epoll.sharers.iter().flatten().take(4) {
        parts.push(format!("process {} ({}) has it too", sharer.pid, sharer.name));
    }
    if epoll.registrations.is_none() {
        parts.push("its list may not be read".to_owned());
    }
    format!(": {}", parts.join("; "))
}

/// What rows have in common to be one.
#[derive(PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key {
    is_quiet: bool,
    interest: String,
    what: String,
    ready: String,
}

fn rows(epoll: &Epoll, look: &Look) -> Vec<String> {
    let mut groups: HashMap<Key, Vec<&Registration>> = HashMap::new();
    for registration in epoll.registered() {
        let key = key(registration, look);
        groups.entry(key).or_default().push(registration);
    }
    let mut groups: Vec<(Key, Vec<&Registration>)> = groups.into_iter().collect();
    groups.sort_by(|(one, _), (other, _)| one.cmp(other));
    groups.into_iter().map(|(key, members)| row(&key, &members, look)).collect()
}

fn key(registration: &Registration, look: &Look) -> Key {
    let file = look.files.get(&registration.fd);
    let is_other = file.is_some_and(|file| {
        file.id.is_some() && registration.file.is_some() && file.id != registration.file
    });
    let what = match file {
        _ if is_other => "another file by now".to_owned(),
        None if look.closed.contains(&registration.fd) => "not open".to_owned(),
        None => "not looked at".to_owned(),
        Some(file) => kind(file),
    };
    let ready = match file.map(readiness) {
        Some(Some(ready)) => match ready.certain & registration.events {
            0 => "not ready".to_owned(),
            ready => format!("ready: {}", interest(ready)),
        },
        _ => "readiness unknown".to_owned(),
    };
    Key {
        is_quiet: !ready.starts_with("ready"),
        interest: interest(registration.events),
        what,
        ready,
    }
}

/// What a file is, without what tells one from another.
fn kind(file: &File) -> String {
    match &file.kind {
        Kind::Socket(Some(socket)) if socket.is_listening() => words::what(file),
        Kind::Socket(Some(socket)) => {
            let protocol = socket.protocol.name();
            let state = socket.state.name();
            match socket.local.is_some() {
                true => format!("{protocol} {}, {state}", socket.local),
                false => format!("{protocol} a peer, {state}"),
            }
        }
        Kind::Event { count: Some(1..) } => "an eventfd that is not read".to_owned(),
        Kind::Event { .. } => "an eventfd".to_owned(),
        _ => words::what(file),
    }
}

fn row(key: &Key, members: &[&Registration], look: &Look) -> String {
    let first = members[0];
    let file = look.files.get(&first.fd);
    if let [only] = members {
        let what = file
            .filter(|_| key.what != "another file by now")
            .map_or(key.what.clone(), words::what);
        let fill = file.map_or(String::new(), words::fill);
        let fill = if fill.is_empty() { fill } else { format!("; {fill}") };
        return format!(
            "fd {}: {what}; asks for {}, data {:#x}; {}{fill}",
            only.fd, key.interest, only.data, key.ready
        );
    }
    let sockets = members.iter().filter_map(|one| look.files.get(&one.fd)?.socket());
    let (mut unread, mut oldest) = (0u64, 0);
    for socket in sockets.filter(|socket| !socket.is_listening()) {
        if let Some(bytes @ 1..) = socket.unread() {
            unread += u64::from(bytes);
            oldest = oldest.max(socket.since_data_ms.unwrap_or(0));
        }
    }
    let unread = match unread {
        0 => String::new(),
        bytes => {
            format!("; {bytes} bytes unread in all, the oldest for {}", words::time(oldest.into()))
        }
    };
    let numbers: Vec<String> = members.iter().take(4).map(|one| one.fd.to_string()).collect();
    format!(
        "{} times: {}; asks for {}; {}{unread} (fd {}{})",
        members.len(),
        key.what,
        key.interest,
        key.ready,
        numbers.join(", "),
        if members.len() > 4 { ", ..." } else { "" }
    )
}
