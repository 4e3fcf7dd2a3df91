//! `fork-shared`: one epoll on which two processes wait.

use crate::look::{Epoll, Sharer};
use crate::scene::Scene;
use crate::verdict::{Record, Verdict};
use epshim_check::Certainty;

/// Its record.
pub const RECORD: Record = Record {
    name: "fork-shared",
    certainties: &[Certainty::Suspected, Certainty::Note],
    page: None,
    fix: "Create the epoll after fork, in each process its own.",
    judge,
};

fn judge(scene: &Scene<'_>) -> Vec<Verdict> {
    scene.epolls().filter_map(|epoll| of(scene, epoll)).collect()
}

/// Processes that wait on it, in both looks, and run the same program.
fn of(scene: &Scene<'_>, epoll: &Epoll) -> Option<Verdict> {
    let own = scene.waiting(epoll).threads;
    let waits = |sharer: &&Sharer| {
        !sharer.is_other_program
            && sharer.waiters.as_ref().is_some_and(|waiters| !waiters.is_empty())
    };
    let earlier = scene.earlier(epoll)?.sharers.as_deref()?;
    let waited = |sharer: &&Sharer| earlier.iter().filter(waits).any(|one| one.pid == sharer.pid);
    let others: Vec<&Sharer> =
        epoll.sharers.as_ref()?.iter().filter(waits).filter(waited).collect();
    if others.len() + usize::from(!own.is_empty()) < 2 {
        return None;
    }
    let lacks = others.iter().find(|other| !other.not_open.is_empty());
    let certainty = if lacks.is_some() { Certainty::Suspected } else { Certainty::Note };
    let names: Vec<String> =
        others.iter().map(|other| format!("process {} ({})", other.pid, other.name)).collect();
    let here = if own.is_empty() { "" } else { "this process and " };
    let what = format!(
        "{here}{} wait on the same epoll, epfd {}: what one registers or deletes, all do, and an event goes to any \
         of them",
        names.join(", "),
        epoll.fd
    );
    let evidence = lacks.map(|other| {
        let numbers: Vec<String> = other.not_open.iter().map(i32::to_string).collect();
        format!("process {} has not open what is registered: fd {}", other.pid, numbers.join(", "))
    });
    let verdict = Verdict::new(RECORD.name, certainty, what).of(epoll.fd);
    Some(verdict.because(evidence.into_iter().collect()).in_threads(own))
}
