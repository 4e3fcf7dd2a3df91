//! `eof-unread`: the peer has closed, and the program has never looked.

use super::edge_not_drained::keeps_readiness;
use crate::look::{Protocol, Registration, State};
use crate::scene::Scene;
use crate::verdict::{Record, Verdict};
use crate::words;
use epshim_check::{Certainty, Explanation};
use epshim_observe::bits;

/// Its record.
pub const RECORD: Record = Record {
    name: "eof-unread",
    certainties: &[Certainty::Certain, Certainty::Note],
    page: Some(&EXPLANATION),
    fix: "Ask for EPOLLIN or EPOLLRDHUP on every connection that is open, and close it at its end.",
    judge,
};

const EXPLANATION: Explanation = Explanation {
    finds: "A peer has closed its connection, and the program has not read the end.",
    hurts: "\
        The connection stays in CLOSE_WAIT with its descriptor, its memory and its place in the \
        program's limits. They add up, until accept fails for want of descriptors.",
    evidence: "\
        The socket is in CLOSE_WAIT in both looks, its receive queue counts the end as unread, \
        and the last segment of the peer came at least 5 s before. It is registered without \
        EPOLLIN and EPOLLRDHUP, so that nothing reports the end, or with EPOLLET, which reports \
        it once. A note: the end was read, and the descriptor is still open; or the program is \
        Go or asks for all events edge-triggered, and keeps readiness itself.",
    silent: "\
        When it is registered level-triggered for input: then the loop is told without end, which \
        is level-spin, or it is blocked, which is loop-blocked. When it is younger. When anything \
        is unsent to it.",
    fix: "\
        Keep EPOLLIN or EPOLLRDHUP in the interest of every connection, also while the program \
        only writes or works; with EPOLLET read to 0 or EAGAIN.",
    wrong: r"event.events = EPOLLPRI;         /* while the request is worked on */
epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &event);",
    right: r"event.events = EPOLLRDHUP;       /* a peer that gives up is seen */
epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &event);",
    manual: "epoll_ctl(2), EPOLLRDHUP",
    seen: &[
        "https://github.com/OpenSmalltalk/opensmalltalk-vm/issues/684",
        "https://github.com/nodejs/node/issues/11307",
    ],
};

const AGE_MS: u32 = 5000;

fn judge(scene: &Scene<'_>) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    let mut ended = 0;
    for epoll in scene.epolls() {
        for (_, registration) in scene.registrations(epoll) {
            if scene.is_ghost(epoll, registration) {
                continue;
            }
            match state(scene, registration) {
                Some(End::Unread(ms)) => verdicts.push(unread(scene, epoll.fd, registration, ms)),
                Some(End::Read) => ended += 1,
                None => {}
            }
        }
    }
    if ended > 0 {
        let what = format!(
            "{} in CLOSE_WAIT: the peer closed at least 5 s ago, the end was read, and the descriptor is not closed",
            words::count(ended, "registered connection")
        );
        verdicts.push(Verdict::new(RECORD.name, Certainty::Note, what));
    }
    verdicts
}

enum End {
    Unread(u32),
    Read,
}

/// The end of a connection that is at least [`AGE_MS`] old in both looks.
fn state(scene: &Scene<'_>, registration: &Registration) -> Option<End> {
    let (then, now) = scene.file(registration.fd)?;
    let (before, socket) = (then.socket()?, now.socket()?);
    let has_ended = |state| state == State::CloseWait;
    let is_it = socket.protocol == Protocol::Tcp
        && has_ended(before.state)
        && has_ended(socket.state)
        && before.traffic() == socket.traffic()
        && socket.send_queue == Some(0);
    let ms = socket.since_ack_ms.filter(|&ms| is_it && ms >= AGE_MS)?;
    if socket.receive_queue? == 0 {
        return Some(End::Read);
    }
    let asks = registration.events & (bits::IN | bits::RDHUP) != 0;
    let is_edge = registration.events & bits::ET != 0;
    let is_fired = crate::look::ready::is_fired(registration.events);
    (!is_fired && (!asks || is_edge)).then_some(End::Unread(ms))
}

fn unread(scene: &Scene<'_>, epfd: i32, registration: &Registration, ms: u32) -> Verdict {
    let asked = crate::look::ready::words(registration.events);
    let is_edge = registration.events & bits::ET != 0;
    let certainty = if is_edge && keeps_readiness(scene, registration) {
        Certainty::Note
    } else {
        Certainty::Certain
    };
    let what = format!(
        "the peer of fd {} closed {} ago, and the end was never read: it is registered with epfd {epfd} for {asked}",
        registration.fd,
        words::time(ms.into())
    );
    let evidence = scene.now.files.get(&registration.fd).map(|file| {
        let fill = words::fill(file);
        format!("{}: {fill}", words::descriptor(registration.fd, file))
    });
    let verdict = Verdict::new(RECORD.name, certainty, what).of(epfd).on(registration.fd);
    verdict.because(evidence.into_iter().collect())
}
