//! `end-not-asked`.

use crate::engine::{
    About, Answer, Case, Certainty, Engine, Explanation, Hook, Record, Role, Rule, Standing,
};
use crate::model::{Model, Moment, Registration};
use epshim_observe::{Ctl, DEL, Fd, Kernel, Kind, Nanos, SECOND, bits};

pub(crate) const RECORD: Record = Record {
    name: "end-not-asked",
    emits: &[Certainty::Suspected, Certainty::Note],
    listens: &[Hook::CtlMade(made)],
    page: Explanation {
        finds: "A peer has ended its connection, and the program has not asked to be told.",
        hurts: "\
            epoll reports EPOLLERR and EPOLLHUP always, but the end of what a peer sends is EPOLLIN \
            and EPOLLRDHUP only. A registration that has neither, as one that waits for nothing \
            while a request is worked on, or only for room to write, is not told that the client \
            has left. The socket stays in CLOSE_WAIT, with its descriptor and its memory, until \
            something is written to it; often nothing is.",
        evidence: "\
            The mask of a registered stream has neither EPOLLIN nor EPOLLRDHUP, in any epoll. \
            poll(2) says POLLRDHUP, and 10 s later still, with the same mask, while a thread waits: \
            a note. Suspected from 5 such connections whose masks were set by the same call.",
        silent: "\
            When EPOLLOUT is asked for and there is no room: the program is writing, and the write \
            will say it. While a write waits for room on another descriptor: a proxy holds back its \
            input. When reading is resumed meanwhile, or the descriptor closed. With EPOLLHUP or \
            EPOLLERR, which are reported.",
        fix: "Keep EPOLLRDHUP in the mask when EPOLLIN is taken out, and close when it comes.",
        wrong: r"event.events = 0;                /* no more requests until this one is answered */
epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &event);",
        right: r"event.events = EPOLLRDHUP;
epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &event);",
        manual: "epoll_ctl(2), EPOLLRDHUP",
        seen: &[
            "https://github.com/toffaletti/state-threads/issues/4",
            "https://github.com/nodejs/node/issues/11307",
        ],
    },
};

/// It is looked for the end after this time, and then again, each time after twice as long, up to 2^3 s.
const FIRST: Nanos = SECOND;
const SELDOM: u32 = 3;
/// The end must be there for this long.
const PENDING: Nanos = 10 * SECOND;
/// This number of one call is suspected.
const MANY: usize = 5;
/// No more of one call are looked at.
const MOST: usize = 64;

/// What would tell the end.
const TELLS: u32 = bits::IN | bits::RDHUP;

#[derive(Debug, Default)]
struct Ended {
    interest: u32,
    /// It, and others whose mask was set by the same call.
    alike: Vec<Fd>,
    /// Those that had ended at the look before.
    pending: Vec<Fd>,
}

fn made(engine: &mut Engine, m: &Moment<'_>, ctl: &Ctl) {
    if ctl.op == DEL || ctl.events & TELLS != 0 {
        return;
    }
    let Some(id) = engine.model.epolls.last_named(ctl.epfd) else { return };
    let about = About::new(Rule::EndNotAsked, m.tid, m.now).on(ctl.fd, -1);
    engine.raise_about(about, id, FIRST, Ended::default());
}

/// The call that has set its mask.
fn set_by(one: &Registration) -> (Role, epshim_observe::Site) {
    if one.modified.0 == 0 {
        (Role::RegisteredBy, one.added)
    } else {
        (Role::ModifiedBy, one.modified)
    }
}

impl Case for Ended {
    fn holds(&mut self, about: &mut About, model: &mut Model, m: &Moment<'_>) -> Standing {
        let Some(registration) = about.registration(model, m.descriptors) else {
            return Standing::Void;
        };
        let (changes, by) = (registration.changes, set_by(registration));
        self.interest = registration.interest;
        if registration.has(TELLS)
            || registration.is_fired
            || m.descriptors.kind(about.fd) != Kind::Stream
        {
            return Standing::Void;
        }
        // It was read on for a while.
        if changes != about.stamp.changes {
            about.stamp.changes = changes;
            about.tries = 0;
            self.pending.clear();
            return Standing::Later(FIRST);
        }
        let id = about.stamp.epoll;
        let Some(wait) = model.waiter(id) else { return about.without_waiter() };
        if model.holds_back(m.now, m.descriptors) || is_asked_elsewhere(model, about.fd) {
            self.pending.clear();
            return Standing::Later(SECOND << SELDOM);
        }
        let is_alike = |one: &&Registration| {
            set_by(one) == by && !one.has(TELLS) && m.descriptors.state(one.fd).0 == one.generation
        };
        let epoll = model.epolls.get(id);
        let alike = epoll.into_iter().flat_map(|epoll| epoll.all()).filter(is_alike);
        self.alike = alike.map(|one| one.fd).take(MOST).collect();
        about.sites = vec![by, (Role::WaitedBy, wait.site)];
        Standing::Ask
    }

    /// The kernel says that the peer has ended it, and said so 10 s ago.
    fn confirm(&mut self, about: &About, now: Nanos, kernel: &mut dyn Kernel) -> Answer {
        let &About { fd, epfd, tries, .. } = about;
        if !has_ended(fd, self.interest, kernel) {
            self.pending.clear();
            return Answer::Again(FIRST << tries.min(SELDOM));
        }
        let others: Vec<Fd> = self.alike.iter().copied().filter(|&one| one != fd).collect();
        let ended = others.into_iter().filter(|&one| has_ended(one, self.interest, kernel));
        let mut ended: Vec<Fd> = ended.collect();
        if self.pending.is_empty() {
            ended.push(fd);
            self.pending = ended;
            return Answer::Again(PENDING);
        }
        let lasting = 1 + ended.iter().filter(|one| self.pending.contains(one)).count();
        let listed = kernel.registrations(epfd);
        if listed.iter().flatten().any(|one| one.fd == fd && one.events & TELLS != 0) {
            // It was modified unseen.
            return Answer::Refuted;
        }
        let mask = match self.interest {
            0 => "nothing".to_owned(),
            interest => bits::names(interest),
        };
        let others = match lasting {
            1 => String::new(),
            all => format!("; so it is with {} others whose mask the same call has set", all - 1),
        };
        let what = format!(
            "the peer of fd {fd} has ended its side, and epfd {epfd} does not say so: it is registered for \
             {mask}, without EPOLLIN and EPOLLRDHUP, and has been left so for {} s while a thread waits{others}",
            PENDING / SECOND,
        );
        let verified = format!("poll(fd {fd}) says POLLRDHUP, twice with 10 s between");
        let certainty = if lasting >= MANY { Certainty::Suspected } else { Certainty::Note };
        about.finding(certainty, now, what, verified)
    }
}

/// Whether its peer has ended it, and neither a hang-up nor room to write will say so.
fn has_ended(fd: Fd, interest: u32, kernel: &mut dyn Kernel) -> bool {
    let ready = kernel.readiness(fd, bits::OUT | bits::RDHUP).unwrap_or(0);
    let is_told = ready & (bits::HUP | bits::ERR) != 0;
    let is_writing = interest & bits::OUT != 0 && ready & bits::OUT == 0;
    ready & bits::RDHUP != 0 && !is_told && !is_writing
}

/// Whether another epoll tells the end of it.
fn is_asked_elsewhere(model: &Model, fd: Fd) -> bool {
    model.epolls.iter().any(|epoll| epoll.by_fd(fd).is_some_and(|one| one.armed() & TELLS != 0))
}
