//! `epoll-leak`.

use crate::engine::{
    About, Answer, Case, Certainty, Engine, Explanation, Hook, Record, Role, Rule, Standing,
};
use crate::model::{EpollId, Model, Moment};
use epshim_observe::{Fd, Kernel, Nanos, SECOND, Site};

pub(crate) const RECORD: Record = Record {
    name: "epoll-leak",
    emits: &[Certainty::Suspected, Certainty::Note],
    listens: &[Hook::Created(created)],
    page: Explanation {
        finds: "One call makes epoll after epoll, and those made before are used no more.",
        hurts: "\
            Each epoll is a descriptor. A function that makes one for a single wait and forgets to \
            close it works, until the process has no descriptor left and accept, open and connect \
            fail with EMFILE.",
        evidence: "\
            64 epolls that the same call has made are open, each has delivered something once, and \
            for 1 s no thread waits on any of them and none delivers: a note. Suspected from 256.",
        silent: "\
            Epolls on which a thread waits. Epolls that were made in advance and have delivered \
            nothing yet. Below 64.",
        fix: "Close the epoll when its work is done, or make one and keep it.",
        wrong: r"int wait_for(int fd, int ms)
{
    int epfd = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event);
    return epoll_wait(epfd, &event, 1, ms);  /* epfd stays open */
}",
        right: r"int wait_for(int fd, int ms)
{
    int epfd = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event);
    int count = epoll_wait(epfd, &event, 1, ms);
    close(epfd);
    return count;
}",
        manual: "epoll_create(2)",
        seen: &[
            "https://github.com/derekmolloy/exploringBB/issues/5",
            "https://github.com/pika/pika/issues/772",
        ],
    },
};

/// This number is a note,
const SOME: usize = 64;
/// and this one suspected.
const MANY: usize = 256;
/// For this long nothing happens on them.
const IDLE: Nanos = SECOND;
/// So often it is waited for that no more are made.
const GROWS: u32 = 5;
/// The call sites that are counted.
const SITES: usize = 256;

/// How many epolls each call has made.
type Made = Vec<(Site, usize)>;

#[derive(Debug)]
struct Leak {
    site: Site,
    /// Those that were open, and the round of each then.
    idle: Option<Vec<(EpollId, u32)>>,
    open: Vec<Fd>,
}

fn created(engine: &mut Engine, m: &Moment<'_>, epfd: Fd, site: Site) {
    let made = engine.own::<Made>(Rule::EpollLeak);
    let Some(place) = made.iter().position(|&(known, _)| known == site) else {
        if made.len() < SITES {
            made.push((site, 1));
        }
        return;
    };
    made[place].1 += 1;
    if made[place].1 % SOME != 0 {
        return;
    }
    let about = About::new(Rule::EpollLeak, m.tid, m.now).on(-1, epfd);
    let case = Leak { site, idle: None, open: Vec::new() };
    engine.raise(about.and([(Role::CreatedBy, site)]), IDLE, case);
}

impl Case for Leak {
    /// Which of them are open and unused still.
    fn holds(&mut self, about: &mut About, model: &mut Model, m: &Moment<'_>) -> Standing {
        let Some(idle) = &mut self.idle else {
            self.idle = Some(model.epolls.used_of(self.site).collect());
            return Standing::Later(IDLE);
        };
        let all: Vec<_> = model.epolls.used_of(self.site).collect();
        if all.len() > idle.len() && about.tries < GROWS {
            about.tries += 1;
            *idle = all;
            return Standing::Later(IDLE);
        }
        let waited: Vec<EpollId> = model.threads.waits().map(|(_, _, wait)| wait.epoll).collect();
        let round = |id| model.epolls.get(id).map(|epoll| epoll.round);
        idle.retain(|&(id, before)| !waited.contains(&id) && round(id) == Some(before));
        let names = idle.iter().filter_map(|&(id, _)| model.epolls.name(id, m.descriptors));
        self.open = names.collect();
        if self.open.len() < SOME { Standing::Void } else { Standing::Ask }
    }

    /// They are open.
    fn confirm(&mut self, about: &About, now: Nanos, kernel: &mut dyn Kernel) -> Answer {
        let open = self.open.iter().filter(|&&fd| kernel.file(fd).is_some()).count();
        if open < SOME {
            return Answer::Refuted;
        }
        let certainty = if open >= MANY { Certainty::Suspected } else { Certainty::Note };
        let what = format!(
            "{open} epolls that this call has made are open, and have been idle for 1 s: nothing was \
             delivered, and no thread waits on one of them; they are descriptors that are lost"
        );
        let verified = format!("fstat of each of the {open} descriptors succeeds");
        about.finding(certainty, now, what, verified)
    }

    fn alike(&self) -> Option<(i32, i32, bool)> {
        Some((0, 0, false))
    }
}
