//! `crowd`: several threads wait on one epoll that may hand one event to all of them.

use crate::look::Epoll;
use crate::scene::Scene;
use crate::verdict::{Record, Verdict};
use epshim_check::{Certainty, Explanation};
use epshim_observe::bits;

/// Its record.
pub const RECORD: Record = Record {
    name: "crowd",
    certainties: &[Certainty::Note],
    page: Some(&EXPLANATION),
    fix: "Register with EPOLLONESHOT or EPOLLET, or give each thread an epoll of its own, with EPOLLEXCLUSIVE for what \
          is shared.",
    judge,
};

const EXPLANATION: Explanation = Explanation {
    finds: "Several threads wait on one epoll with level-triggered registrations.",
    hurts: "\
        Two threads may be handed the same descriptor and read it at the same time: data out of \
        order, EAGAIN in one of them, or a block where it is not non-blocking. A second thread is \
        woken for what the first already does.",
    evidence: "\
        More than one thread is in a wait on the epoll in both looks, and it has level-triggered \
        registrations, neither EPOLLONESHOT nor EPOLLEXCLUSIVE, of something other than an \
        eventfd or a timer. A note: programs with a lock for each connection do it rightly.",
    silent: "\
        With one waiter; when all registrations are edge-triggered, one-shot or exclusive.",
    fix: "\
        EPOLLONESHOT and EPOLL_CTL_MOD after each turn; or EPOLLET; or an epoll for each thread.",
    wrong: r"event.events = EPOLLIN;          /* four threads wait on epfd */
epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event);",
    right: r"event.events = EPOLLIN | EPOLLONESHOT;
epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event);",
    manual: "epoll(7), Q&A; epoll_ctl(2), EPOLLONESHOT",
    seen: &[
        "https://github.com/grpc/grpc/pull/6110",
        "https://github.com/pjsip/pjproject/pull/2604",
    ],
};

fn judge(scene: &Scene<'_>) -> Vec<Verdict> {
    scene.epolls().filter_map(|epoll| of(scene, epoll)).collect()
}

fn of(scene: &Scene<'_>, epoll: &Epoll) -> Option<Verdict> {
    let waiting = scene.waiting(epoll).threads;
    let private = bits::ET | bits::ONESHOT | bits::EXCLUSIVE;
    let is_plain = |fd: i32| {
        let file = scene.now.files.get(&fd);
        file.is_some_and(|file| file.socket().is_some() || file.kind == crate::look::Kind::Pipe)
    };
    let shared = scene
        .registrations(epoll)
        .filter(|(_, one)| one.events & private == 0 && is_plain(one.fd))
        .count();
    if waiting.len() < 2 || shared == 0 {
        return None;
    }
    let what = format!(
        "{} threads wait on epfd {}, and {shared} of its registrations may be handed to several of them: they are \
         level-triggered, neither EPOLLONESHOT nor EPOLLEXCLUSIVE",
        waiting.len(),
        epoll.fd
    );
    Some(Verdict::new(RECORD.name, Certainty::Note, what).of(epoll.fd).in_threads(waiting))
}
