//! `backlog-waiting`: connections that nobody accepts.

use crate::look::Registration;
use crate::scene::Scene;
use crate::verdict::{Record, Verdict};
use crate::words;
use epshim_check::{Certainty, Explanation};

/// Its record.
pub const RECORD: Record = Record {
    name: "backlog-waiting",
    certainties: &[Certainty::Certain, Certainty::Note],
    page: Some(&EXPLANATION),
    fix: "See why it does not accept: another verdict, a pause that never ends, a limit that is reached.",
    judge,
};

const EXPLANATION: Explanation = Explanation {
    finds: "Connections wait in a listener's backlog, and no thread moves to accept them.",
    hurts: "\
        To a client the connection is made, and nothing answers. When the backlog is full, the \
        kernel drops new ones, and their clients try again for minutes.",
    evidence: "\
        The listener's queue is not empty in both looks, not shorter in the second, and no thread \
        of the process has moved between them. Certain. A note, if the queue is longer than the \
        backlog (it is full) in both looks of a process that moves: it accepts too slowly.",
    silent: "\
        When threads move: a queue that is not empty is the usual state of a server under load. \
        When another process has the listener too and waits for it.",
    fix: "\
        A loop that has stopped to watch its listener must watch it again: after a pause for want \
        of descriptors, when a connection is closed, when a limit is lowered.",
    wrong: r"if (accept(fd, NULL, NULL) == -1 && errno == EMFILE)
    epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL);  /* and never added again */",
    right: r"if (accept(fd, NULL, NULL) == -1 && errno == EMFILE) {
    event.events = 0;
    epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &event);
    resume_after_a_close = 1;
}",
    manual: "listen(2)",
    seen: &[
        "https://github.com/joyent/libuv/issues/315",
        "https://github.com/camlworks/dream/issues/419",
    ],
};

fn judge(scene: &Scene<'_>) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for epoll in scene.epolls() {
        let is_shared = epoll.sharers.as_ref().is_none_or(|sharers| {
            sharers
                .iter()
                .any(|sharer| sharer.waiters.as_ref().is_none_or(|waiters| !waiters.is_empty()))
        });
        for (_, registration) in scene.registrations(epoll).filter(|_| !is_shared) {
            if !scene.is_ghost(epoll, registration) {
                verdicts.extend(of(scene, epoll.fd, registration));
            }
        }
    }
    verdicts
}

fn of(scene: &Scene<'_>, epfd: i32, registration: &Registration) -> Option<Verdict> {
    let (then, now) = scene.file(registration.fd)?;
    let (before, socket) = (then.socket()?, now.socket()?);
    if !before.is_listening() || !socket.is_listening() {
        return None;
    }
    let (waited, waits) = (before.receive_queue?, socket.receive_queue?);
    let is_full = |queue: u32, backlog: Option<u32>| backlog.is_some_and(|backlog| queue > backlog);
    let full = is_full(waited, before.send_queue) && is_full(waits, socket.send_queue);
    let certainty = match scene.is_still() {
        true if waited > 0 && waits >= waited => Certainty::Certain,
        false if full => Certainty::Note,
        _ => return None,
    };
    let state =
        if full { "the backlog is full: new connections are dropped" } else { "not accepted" };
    let what = format!(
        "{} on fd {} for at least {}, {state}",
        words::fill(now),
        registration.fd,
        words::time(scene.apart_ms())
    );
    let asked = crate::look::ready::words(registration.events);
    let evidence =
        vec![format!("{}; registered for {asked}", words::descriptor(registration.fd, now))];
    Some(Verdict::new(RECORD.name, certainty, what).of(epfd).on(registration.fd).because(evidence))
}
