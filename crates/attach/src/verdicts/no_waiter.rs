//! `no-waiter`: registrations, and no thread that could be a loop.

use super::loop_blocked::{blocked, how_many, input, waiting_for};
use crate::look::Epoll;
use crate::scene::{Ready, Scene};
use crate::verdict::{Record, Verdict};
use crate::words;
use epshim_check::{Certainty, Explanation};

/// Its record.
pub const RECORD: Record = Record {
    name: "no-waiter",
    certainties: &[Certainty::Certain, Certainty::Note],
    page: Some(&EXPLANATION),
    fix: "Start the thread that waits on it, or close the epoll; if its thread has ended, find out why.",
    judge,
};

const EXPLANATION: Explanation = Explanation {
    finds: "No thread waits on an epoll, and none is in a call that it could come back from.",
    hurts: "\
        The thread of the loop has ended (an error that was swallowed, an exception) or was never \
        started. The process lives, its port is open, connections are accepted by the kernel, \
        and none is ever served.",
    evidence: "\
        Two looks: no thread in a wait on the epoll in either, in this process or one that shares \
        it; no thread has moved, and all wait for signals, for children or on other epolls. \
        Certain, if registrations are ready in both looks. A note, if nothing is ready.",
    silent: "\
        As loop-blocked: when a thread moves, polls the epoll, may wait for it in an io_uring, or \
        when it is registered with another epoll. When nothing is registered.",
    fix: "\
        Log how the loop's thread ended. Start it again, or end the process so that it is \
        started again.",
    wrong: r"if (epoll_wait(epfd, events, 64, -1) == -1)
    return;                      /* EINTR ends the loop's thread for good */",
    right: r"if (epoll_wait(epfd, events, 64, -1) == -1 && errno != EINTR)
    finish(epfd);",
    manual: "epoll_wait(2), ERRORS",
    seen: &[
        "https://github.com/dom96/httpbeast/pull/27",
        "https://github.com/yesodweb/wai/issues/830",
    ],
};

fn judge(scene: &Scene<'_>) -> Vec<Verdict> {
    scene.epolls().filter_map(|epoll| judge_epoll(scene, epoll)).collect()
}

fn judge_epoll(scene: &Scene<'_>, epoll: &Epoll) -> Option<Verdict> {
    let is_used = scene.registrations(epoll).next().is_some();
    if !is_used || !scene.is_still() || scene.waiting(epoll).is_possible {
        return None;
    }
    let ready: Vec<Ready<'_>> = input(scene, epoll).collect();
    if ready.is_empty() {
        let what = format!(
            "no thread waits on epfd {}, which has {}; nothing is ready, and no thread has moved for {}",
            epoll.fd,
            words::count(epoll.registered().len(), "registration"),
            words::time(scene.apart_ms())
        );
        return Some(Verdict::new(RECORD.name, Certainty::Note, what).of(epoll.fd));
    }
    if !blocked(scene).is_empty() {
        return None;
    }
    let what = format!(
        "no thread waits on epfd {}, and {}; all threads wait for something else, and none has moved for at \
         least {}",
        epoll.fd,
        how_many(epoll, ready.len()),
        words::time(scene.apart_ms())
    );
    let threads = scene.now.threads.iter();
    let mut evidence = words::some(
        threads
            .clone()
            .map(|thread| format!("{} is in {}", words::thread(thread), words::call(thread))),
    );
    evidence.extend(waiting_for(&ready));
    let verdict =
        Verdict::new(RECORD.name, Certainty::Certain, what).of(epoll.fd).because(evidence);
    Some(verdict.in_threads(threads.take(2).map(|thread| thread.tid).collect()))
}
