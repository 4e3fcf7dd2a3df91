//! `accept-spin`: at the limit of descriptors, and told of the same connections again and again.

use crate::look::ready::is_level;
use crate::look::{Epoll, Registration};
use crate::scene::Scene;
use crate::verdict::{Record, Verdict};
use crate::words;
use epshim_check::Certainty;
use epshim_observe::bits;

/// Its record.
pub const RECORD: Record = Record {
    name: "accept-spin",
    certainties: &[Certainty::Certain],
    page: None,
    fix: "Now: raise the limit (prlimit --nofile), or close connections. Then: stop watching the listener while \
          accept fails, with a pause; keep a descriptor in reserve; see why so many are open.",
    judge,
};

fn judge(scene: &Scene<'_>) -> Vec<Verdict> {
    let spin = scene.spins().iter().find(|spin| spin.is_calling());
    let Some(spin) = spin.filter(|_| scene.before.is_full && scene.now.is_full) else {
        return Vec::new();
    };
    let mut verdicts = Vec::new();
    for epoll in scene.epolls().filter(|epoll| scene.waiting(epoll).threads.is_empty()) {
        for (_, registration) in scene.registrations(epoll) {
            if let Some(text) = is_waiting_listener(scene, epoll, registration) {
                let limit = scene.now.limit.unwrap_or(0);
                let what = format!(
                    "epfd {} is told of the listener fd {} again and again: all {limit} descriptors are used, so accept fails, and thread {} spins",
                    epoll.fd, registration.fd, spin.tid
                );
                let verdict = Verdict::new(RECORD.name, Certainty::Certain, what);
                let evidence = vec![
                    text,
                    format!(
                        "thread {}: it never slept, {}% cpu, in both looks",
                        spin.tid, spin.percent
                    ),
                ];
                let verdict = verdict.of(epoll.fd).on(registration.fd).because(evidence);
                verdicts.push(verdict.in_threads(vec![spin.tid]));
            }
        }
    }
    verdicts
}

/// A level-triggered listener with connections in both looks.
fn is_waiting_listener(
    scene: &Scene<'_>,
    epoll: &Epoll,
    registration: &Registration,
) -> Option<String> {
    let (then, now) = scene.registered_file(epoll, registration)?;
    let (before, socket) = (then.socket()?, now.socket()?);
    let has_some = |queue: Option<u32>| queue.is_some_and(|queue| queue > 0);
    let is_it = is_level(registration.events)
        && registration.events & bits::IN != 0
        && socket.is_listening()
        && has_some(before.receive_queue)
        && has_some(socket.receive_queue);
    is_it.then(|| format!("{}: {}", words::descriptor(registration.fd, now), words::fill(now)))
}
