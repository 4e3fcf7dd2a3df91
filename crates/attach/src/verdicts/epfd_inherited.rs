//! `epfd-inherited`: another program has the epoll, because it was not close-on-exec.

use crate::look::Epoll;
use crate::scene::Scene;
use crate::verdict::{Record, Verdict};
use epshim_check::{Certainty, Explanation};

/// Its record.
pub const RECORD: Record = Record {
    name: "epfd-inherited",
    certainties: &[Certainty::Note],
    page: Some(&EXPLANATION),
    fix: "Create it with epoll_create1(EPOLL_CLOEXEC).",
    judge,
};

const EXPLANATION: Explanation = Explanation {
    finds: "A child that runs another program has inherited the epoll.",
    hurts: "\
        The epoll lives on after its owner has closed it or ended, with all that is registered; \
        the child can change and consume what is not its own. What was inherited beside it \
        (connections, as a rule) becomes ghosts.",
    evidence: "\
        The descriptor is not close-on-exec, and a process with another program has the same open \
        file (kcmp), in both looks. Certain, but harm is rare: a note.",
    silent: "\
        Children that run the same program: they were forked on purpose. Where kcmp is not \
        permitted.",
    fix: "\
        epoll_create1(EPOLL_CLOEXEC), and SOCK_CLOEXEC, O_CLOEXEC, EFD_CLOEXEC for the rest.",
    wrong: r"epfd = epoll_create(1);",
    right: r"epfd = epoll_create1(EPOLL_CLOEXEC);",
    manual: "epoll_create(2), EPOLL_CLOEXEC",
    seen: &[
        "https://github.com/containerd/containerd/issues/654",
        "https://github.com/tokio-rs/tokio/issues/3809",
        "https://github.com/cesanta/mongoose/issues/2369",
    ],
};

fn judge(scene: &Scene<'_>) -> Vec<Verdict> {
    scene.epolls().filter_map(|epoll| of(scene, epoll)).collect()
}

fn of(scene: &Scene<'_>, epoll: &Epoll) -> Option<Verdict> {
    if epoll.is_close_on_exec {
        return None;
    }
    let earlier = scene.earlier(epoll)?.sharers.as_deref()?;
    let holders = epoll.sharers.as_ref()?.iter().filter(|sharer| {
        sharer.is_other_program
            && earlier.iter().any(|one| (one.pid, one.is_other_program) == (sharer.pid, true))
    });
    let names: Vec<String> =
        holders.map(|one| format!("process {} ({})", one.pid, one.name)).collect();
    if names.is_empty() {
        return None;
    }
    let what = format!(
        "epfd {} is not close-on-exec, and another program has inherited it: {}",
        epoll.fd,
        names.join(", ")
    );
    Some(Verdict::new(RECORD.name, Certainty::Note, what).of(epoll.fd))
}
