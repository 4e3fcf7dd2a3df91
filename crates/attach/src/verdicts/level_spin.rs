//! `level-spin`: a thread that spins, and registrations that are reported as long as nothing is done about them.

use crate::look::ready::is_level;
use crate::look::{Epoll, Kind, Protocol, State};
use crate::scene::{Ready, Scene, Spin};
use crate::verdict::{Record, Verdict};
use crate::words;
use epshim_check::Certainty;
use epshim_observe::bits;

/// Its record.
pub const RECORD: Record = Record {
    name: "level-spin",
    certainties: &[Certainty::Certain, Certainty::Suspected],
    page: None,
    fix: "Do something about it at each delivery: read to the end, close at the end of the stream, read the eventfd \
          or the timer, take EPOLLOUT off when nothing is left to write.",
    judge,
};

/// What is older than this was reported and not looked at, also where other things move.
const OLD_MS: u32 = 5000;

fn judge(scene: &Scene<'_>) -> Vec<Verdict> {
    let Some(spin) = scene.spins().iter().find(|spin| spin.is_calling()) else { return Vec::new() };
    // A thread that sleeps in a wait on it says that nothing is reported there.
    let epolls: Vec<&Epoll> =
        scene.epolls().filter(|epoll| scene.waiting(epoll).threads.is_empty()).collect();
    let reported: Vec<(&Epoll, Vec<Ready<'_>>)> = epolls
        .into_iter()
        .map(|epoll| (epoll, reported(scene, epoll)))
        .filter(|(_, reported)| !reported.is_empty())
        .collect();
    let is_only = reported.len() == 1;
    let each = reported.iter().filter_map(|(epoll, ready)| of(scene, epoll, ready, spin, is_only));
    each.collect()
}

/// What is reported again and again. A listener of a process without descriptors is accept-spin, and a ghost is
/// its own rule.
fn reported<'s>(scene: &'s Scene<'_>, epoll: &'s Epoll) -> Vec<Ready<'s>> {
    let is_other = |ready: &Ready<'_>| {
        let is_listener = ready.files.1.socket().is_some_and(|socket| socket.is_listening());
        is_listener && scene.now.is_full || scene.is_ghost(epoll, ready.registration)
    };
    let level = scene.ready(epoll).filter(|ready| is_level(ready.registration.events));
    level.filter(|ready| !is_other(ready)).collect()
}

fn of(
    scene: &Scene<'_>,
    epoll: &Epoll,
    ready: &[Ready<'_>],
    spin: &Spin,
    is_only: bool,
) -> Option<Verdict> {
    let is_certain = |ready: &&Ready<'_>| ready.certain & !bits::OUT != 0;
    let certain: Vec<&Ready<'_>> = ready.iter().filter(is_certain).collect();
    let shown: Vec<&Ready<'_>> = if scene.has_moved(epoll) {
        // What moved is served; what is old is not.
        certain.iter().copied().filter(|ready| is_old(ready)).collect()
    } else if certain.is_empty() {
        ready.iter().collect()
    } else {
        certain.clone()
    };
    let first = *shown.first()?;
    let is_sure = !certain.is_empty() && is_only && !scene.has_moved(epoll);
    let certainty = if is_sure { Certainty::Certain } else { Certainty::Suspected };
    let (reason, fix) = reason(first);
    let others = match shown.len() {
        1 => String::new(),
        more => format!(", as are {}", words::count(more - 1, "other")),
    };
    let what = format!(
        "epfd {} reports fd {} again and again{others}: {reason}; thread {} spins, {}% cpu",
        epoll.fd, first.registration.fd, spin.tid, spin.percent
    );
    let mut evidence = words::some(shown.iter().map(|ready| line(ready)));
    evidence.push(format!(
        "thread {} never slept in {}; nothing was read or written",
        spin.tid,
        words::time(scene.apart_ms())
    ));
    if scene.has_moved(epoll) {
        evidence.pop();
        evidence.push(format!("thread {} never slept; other descriptors are served", spin.tid));
    }
    let verdict = Verdict::new(RECORD.name, certainty, what).of(epoll.fd).on(first.registration.fd);
    Some(verdict.because(evidence).in_threads(vec![spin.tid]).fixed_by(fix))
}

fn is_old(ready: &Ready<'_>) -> bool {
    let Some(socket) = ready.files.1.socket() else { return false };
    match socket.state {
        State::CloseWait => socket.since_ack_ms.is_some_and(|ms| ms >= OLD_MS),
        State::Established => socket.since_data_ms.is_some_and(|ms| ms >= OLD_MS),
        _ => false,
    }
}

fn line(ready: &Ready<'_>) -> String {
    let (fd, file) = (ready.registration.fd, ready.files.1);
    let fill = words::fill(file);
    let fill = if fill.is_empty() { fill } else { format!(": {fill}") };
    let asked = crate::look::ready::words(ready.registration.events);
    format!("{}{fill}; registered for {asked}", words::descriptor(fd, file))
}

/// Why it is reported, and what to do.
fn reason(ready: &Ready<'_>) -> (&'static str, &'static str) {
    let input = "Read it, until nothing is left or the call says EAGAIN.";
    match &ready.files.1.kind {
        Kind::Socket(Some(socket)) => match (socket.protocol, socket.state) {
            (Protocol::Tcp, State::CloseWait) => (
                "the peer has closed (CLOSE_WAIT) and this side has not",
                "A read that returns 0, and EPOLLRDHUP, mean the end: close the descriptor, or take it out of the \
                 epoll.",
            ),
            (_, State::Listen) => {
                ("connections wait to be accepted", "Accept them, or stop watching.")
            }
            _ if ready.certain & (bits::HUP | bits::RDHUP) != 0 => {
                ("the peer has closed", "Close the descriptor, or take it out of the epoll.")
            }
            _ if ready.certain & bits::IN != 0 => ("it has data that is not read", input),
            _ => (
                "it can be written to, and nothing is written",
                "Ask for EPOLLOUT only while there is something to write.",
            ),
        },
        Kind::Unlisted { .. } => (
            "its connection is closed or was reset (EPOLLHUP)",
            "EPOLLHUP and EPOLLERR are always reported: close the descriptor.",
        ),
        Kind::Event { .. } if ready.certain & bits::IN != 0 => (
            "its counter is not read",
            "Read the eventfd at each delivery, or register it with EPOLLET.",
        ),
        Kind::Timer { .. } => ("its expirations are not read", "Read the timerfd: 8 bytes."),
        Kind::Signal { .. } => ("its signal is not read", "Read the signalfd."),
        Kind::Process { .. } => {
            ("its process has ended", "Wait for the process, and close the pidfd.")
        }
        _ if ready.certain & bits::HUP != 0 => {
            ("the other end is closed", "EPOLLHUP is always reported: close the descriptor.")
        }
        _ if ready.certain & bits::IN != 0 => ("it is not read", input),
        _ => (
            "it can be written to, and nothing is written",
            "Ask for EPOLLOUT only while there is something to write.",
        ),
    }
}
