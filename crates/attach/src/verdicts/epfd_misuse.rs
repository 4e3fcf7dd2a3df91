//! `epfd-misuse`: a thread that waits on a number which is closed, or is no epoll any more.

use crate::calls;
use crate::look::{Kind, Look};
use crate::scene::Scene;
use crate::verdict::{Record, Verdict};
use crate::words;
use epshim_check::Certainty;

/// Its record.
pub const RECORD: Record = Record {
    name: "epfd-misuse",
    certainties: &[Certainty::Certain],
    page: None,
    fix: "Wake the waiting thread and have it leave the loop before the epoll is closed.",
    judge,
};

fn judge(scene: &Scene<'_>) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for (then, now) in scene.threads().filter(|(then, now)| now.is_unmoved_since(then)) {
        let Some(epfd) = calls::waited(&now.call).filter(|_| calls::waited(&then.call).is_some())
        else {
            continue;
        };
        let (Some(before), Some(state)) = (state(scene.before, epfd), state(scene.now, epfd))
        else {
            continue;
        };
        if before != state {
            continue;
        }
        let what = format!(
            "{} waits on epfd {epfd} since before the first look, and fd {epfd} {state}: the wait goes on, on an \
             epoll that only it still has",
            words::thread(now)
        );
        let evidence =
            vec![format!("{}, unmoved for {}", words::call(now), words::time(scene.apart_ms()))];
        let verdict = Verdict::new(RECORD.name, Certainty::Certain, what).of(epfd);
        verdicts.push(verdict.because(evidence).in_threads(vec![now.tid]));
    }
    verdicts
}

/// What is wrong with the number. `None`: it is an epoll, or it is not known.
fn state(look: &Look, epfd: i32) -> Option<String> {
    if look.closed.contains(&epfd) {
        return Some("is not open".to_owned());
    }
    match look.files.get(&epfd) {
        None => None,
        Some(file) if matches!(file.kind, Kind::Epoll | Kind::Unknown) => None,
        Some(file) => Some(format!("is no epoll any more ({})", words::what(file))),
    }
}
