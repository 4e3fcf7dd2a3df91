//! `fork-shared`.

use crate::engine::{
    About, Answer, Case, Certainty, Engine, Explanation, Hook, Record, Role, Rule,
};
use crate::model::{EpollId, Moment};
use epshim_observe::{Fd, Kernel, Nanos, Site};

pub(crate) const RECORD: Record = Record {
    name: "fork-shared",
    emits: &[Certainty::Certain],
    listens: &[Hook::Shared(shared)],
    page: Explanation {
        finds: "A parent and its child both change one epoll.",
        hurts: "\
            fork() copies the descriptor, not the epoll: both processes have one interest list. \
            What the child deletes is no longer reported to the parent. What the child adds is \
            delivered to the parent, under numbers that mean nothing there. An event that one \
            process takes is missed by the other.",
        evidence: "\
            An epoll was created before the fork. After it, the child and the parent both called \
            epoll_ctl on it, while both were alive. Certain.",
        silent: "\
            When the parent exits, as daemon(3) does. When the child only closes its copy, which \
            changes nothing for the parent (libevent's event_reinit, libev's ev_loop_fork). When \
            the child only waits.",
        fix: "\
            In the child close the epoll, and create a new one before anything is registered. Or \
            create the epoll after the fork. epoll_create1(EPOLL_CLOEXEC) keeps it from programs \
            that are executed.",
        wrong: r"epfd = epoll_create1(0);
if (fork() == 0)
    epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL);  /* deletes it from the parent's epoll */",
        right: r"if (fork() == 0) {
    close(epfd);
    epfd = epoll_create1(EPOLL_CLOEXEC);
}",
        manual: "fork(2), open file descriptors",
        seen: &[
            "https://github.com/smol-rs/polling/issues/37",
            "https://github.com/eventlet/eventlet/pull/68",
            "https://github.com/benoitc/gunicorn/pull/654",
            "https://github.com/OpenSmalltalk/opensmalltalk-vm/pull/552",
        ],
    },
};

/// At most this many epolls are remembered as told of.
const MOST: usize = 256;

/// The epolls that were told of.
type Told = Vec<EpollId>;

#[derive(Debug)]
struct Shared {
    other: i32,
}

/// A process and its child both changed one epoll since the fork, and both are alive.
fn shared(engine: &mut Engine, m: &Moment<'_>, epfd: Fd, other: i32, site: Site) {
    let Some(id) = engine.model.epolls.last_named(epfd) else { return };
    let told = engine.own::<Told>(Rule::ForkShared);
    if told.contains(&id) {
        return;
    }
    if told.len() == MOST {
        told.clear();
    }
    told.push(id);
    let made = engine.model.epolls.get(id).map_or(Site::default(), |epoll| epoll.made);
    let about = About::new(Rule::ForkShared, m.tid, m.now).on(-1, epfd);
    engine.raise(about.and([(Role::Now, site), (Role::CreatedBy, made)]), 0, Shared { other });
}

impl Case for Shared {
    /// That the other process lived was asked when this one made its change.
    fn confirm(&mut self, about: &About, now: Nanos, _: &mut dyn Kernel) -> Answer {
        let (epfd, other) = (about.epfd, self.other);
        let what = format!(
            "epfd {epfd} is one epoll in several processes, and more than one changes it since the fork: \
             this one and process {other}; each also receives the events of the other's descriptors"
        );
        let verified = format!("process {other} was alive when this one changed it");
        about.finding(Certainty::Certain, now, what, verified)
    }
}
