//! `sub-ms-spin`: a thread that makes calls without a pause, and nothing that is ready.

use crate::look::ready::is_level;
use crate::scene::Scene;
use crate::verdict::{Record, Verdict};
use crate::words;
use epshim_check::Certainty;

/// Its record.
pub const RECORD: Record = Record {
    name: "sub-ms-spin",
    certainties: &[Certainty::Note],
    page: None,
    fix: "Round timeouts up to the next millisecond, or use epoll_pwait2. `epshim check` sees the timeouts.",
    judge,
};

fn judge(scene: &Scene<'_>) -> Vec<Verdict> {
    let Some(spin) = scene.spins().iter().find(|spin| spin.is_calling()) else { return Vec::new() };
    let epolls: Vec<_> =
        scene.epolls().filter(|epoll| scene.waiting(epoll).threads.is_empty()).collect();
    let is_ready = epolls.iter().any(|epoll| {
        let mut ready = scene.ready(epoll);
        ready.any(|ready| is_level(ready.registration.events))
    });
    let [first, ..] = &epolls[..] else { return Vec::new() };
    if is_ready || scene.has_moved(first) {
        return Vec::new();
    }
    let unknown = scene
        .registrations(first)
        .filter(|(place, one)| scene.readiness_of(first, *place, one).is_none())
        .count();
    let what = format!(
        "thread {} turns without a pause, {}% cpu, and nothing that is registered with epfd {} is seen to be ready: \
         waits with a timeout of 0, or calls of another kind",
        spin.tid, spin.percent, first.fd
    );
    let mut evidence = Vec::new();
    if unknown > 0 {
        evidence.push(format!(
            "of {} the readiness does not show without a copy (--copies)",
            words::count(unknown, "registration")
        ));
    }
    let verdict = Verdict::new(RECORD.name, Certainty::Note, what).of(first.fd);
    vec![verdict.because(evidence).in_threads(vec![spin.tid])]
}
