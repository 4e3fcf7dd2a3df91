//! `ctl-error`.

mod failure;
mod refused;
mod undecided;

use crate::engine::Standing;
use crate::engine::{About, Answer, Case, Certainty, Engine, Explanation, Hook, Record, Rule};
use crate::model::{Model, Moment, Wait};
use epshim_observe::{AtFailure, Ctl, Kernel, Nanos, Tid};
use failure::Failure;
use refused::Refusals;
use undecided::{RETRY, Ticket, Undecided};

pub(crate) const RECORD: Record = Record {
    name: "ctl-error",
    emits: &[Certainty::Fact, Certainty::Note],
    listens: &[
        Hook::Called(called),
        Hook::CtlFailed(failed),
        Hook::WaitedInVain(waited_in_vain),
        Hook::ThreadEnded(thread_ended),
        Hook::Ended(ended),
    ],
    page: Explanation {
        finds: "An epoll_ctl failed; explained from the descriptor's history.",
        hurts: "\
            The kernel's interest list is not what the program believes. Events of a connection \
            are never reported, or are reported to the connection that had the number before; or \
            the loop aborts on an error that it did not expect.",
        evidence: "\
            epoll_ctl returned EEXIST, ENOENT, EBADF, EPERM, EINVAL or ELOOP. EBADF, EINVAL and \
            ELOOP are reported at once. After EEXIST or ENOENT the thread's next call may be the \
            right retry; for that it gets 100 ms, or 2 s while it runs or waits for a lock. EPERM \
            of an EPOLL_CTL_ADD is judged by what follows: the program tries the descriptor again, \
            or waits in vain for 1 s while the file has input. A fact: that the call failed is \
            beyond doubt. The report says who registered and who closed the descriptor, and what \
            the kernel objected to.",
        silent: "\
            When the same descriptor gets EPOLL_CTL_MOD after EEXIST, or EPOLL_CTL_ADD after \
            ENOENT: libevent, libev and libuv do it on purpose. When it gets EPOLL_CTL_DEL after \
            EEXIST: libuv tries so whether a descriptor can be watched. Only a note in three \
            cases. EPOLL_CTL_DEL of an open descriptor that was never registered: libuv does so \
            before every close. EPOLL_CTL_ADD of an interest that is registered already and in \
            use: libev adds again what it did not delete. EPOLL_CTL_ADD of a regular file or a \
            directory that the program then reads or closes without epoll: asio and Go do so. \
            ENOMEM and ENOSPC are the machine's. A program that ignores the error of a late \
            EPOLL_CTL_DEL on purpose looks the same: suppress it.",
        fix: "\
            EEXIST: the descriptor is registered, use EPOLL_CTL_MOD. ENOENT: it is not registered, \
            or its number names another file now. EBADF: delete before close(). EPERM: regular \
            files and directories are always ready, do not register them. EINVAL: an epoll in \
            itself, or EPOLLEXCLUSIVE with EPOLL_CTL_MOD, with EPOLLONESHOT or for an epoll. \
            ELOOP: epolls that watch each other.",
        wrong: r"close(fd);
epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL);  /* EBADF, or deletes the number's new owner */",
        right: r"epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL);
close(fd);",
        manual: "epoll_ctl(2), ERRORS",
        seen: &[
            "https://github.com/curl/curl/pull/4211",
            "https://github.com/libuv/libuv/issues/1495",
            "https://github.com/panjf2000/gnet/pull/572",
            "https://github.com/python/cpython/issues/130141",
        ],
    },
};

/// A thread that may be on its way to its second call is asked after this often: about 2 seconds.
const PATIENCE: u32 = 20;

/// What has failed, and may turn out to have been meant so.
#[derive(Debug, Default)]
struct Own {
    undecided: Undecided,
    refusals: Refusals,
}

fn own(engine: &mut Engine) -> &mut Own {
    engine.own(Rule::CtlError)
}

/// A failed call. With a ticket, its thread is asked after: it may not have come to the call that makes
/// this good.
#[derive(Debug)]
struct Failed {
    failure: Failure,
    ticket: Option<Ticket>,
}

fn raise(engine: &mut Engine, failure: Failure, tid: Tid, now: Nanos) {
    engine.raise(failure.about(tid, now), 0, Failed { failure, ticket: None });
}

fn failed(engine: &mut Engine, m: &Moment<'_>, ctl: &Ctl, at: AtFailure) {
    if at.is_no_epoll() {
        return;
    }
    let id = engine.model.epolls.named(ctl.epfd, m.descriptors);
    let epoll = id.and_then(|id| engine.model.epolls.get(id));
    let failure = Failure::new(ctl, at, epoll, m.descriptors);
    // A former one of this descriptor that was refused is no fall-back.
    let first = own(engine).refusals.of(ctl.fd, m.descriptors);
    if let Some((first, tid)) = first {
        raise(engine, first, tid, m.now);
    }
    if failure.may_fall_back() && first.is_none() {
        let oldest = own(engine).refusals.keep(failure, id.unwrap_or_default(), m);
        if let Some((failure, tid)) = oldest {
            raise(engine, failure, tid, m.now);
        }
        look_at_refused(engine, m.now);
    } else if failure.may_be_made_good() {
        let lost = own(engine).undecided.keep(failure, m);
        if let Some((failure, tid)) = lost {
            raise(engine, failure, tid, m.now);
        }
        look_at_undecided(engine, m.now.saturating_add(RETRY));
    } else {
        raise(engine, failure, m.tid, m.now);
    }
}

/// The thread's next call after a failed one decides whether that was the first half of a known pair.
fn called(engine: &mut Engine, m: &Moment<'_>, made: Option<&Ctl>) {
    let Some(failure) = own(engine).undecided.take(m.tid) else { return };
    if !made.is_some_and(|made| failure.is_made_good_by(made)) {
        raise(engine, failure, m.tid, m.now);
    }
}

/// A thread is gone, or its wait was cancelled.
fn thread_ended(engine: &mut Engine, m: &Moment<'_>) {
    called(engine, m, None);
}

fn waited_in_vain(engine: &mut Engine, m: &Moment<'_>, wait: &Wait) {
    own(engine).refusals.waited_in_vain(wait, m);
}

/// The failures that no later call of their threads has made good in time, a few at a time: they are asked
/// after.
fn ask_after(engine: &mut Engine, m: &Moment<'_>) {
    engine.unsettled -= 1;
    let (overdue, next) = own(engine).undecided.overdue(m.now);
    for (failure, tid, ticket) in overdue {
        let case = Failed { failure, ticket: Some(ticket) };
        if !engine.raise(failure.about(tid, m.now), 0, case) {
            own(engine).undecided.is_not_asked(tid);
        }
    }
    if let Some(at) = next {
        look_at_undecided(engine, at);
    }
}

/// One look is enough for all.
fn look_at_undecided(engine: &mut Engine, at: Nanos) {
    if !std::mem::replace(&mut own(engine).undecided.is_looked_at, true) {
        engine.unsettled += 1;
        engine.wake(at, ask_after);
    }
}

fn judge(engine: &mut Engine, m: &Moment<'_>) {
    judge_refused(engine, m, false);
}

/// Judges what can be judged by now; at the end, all.
fn judge_refused(engine: &mut Engine, m: &Moment<'_>, is_end: bool) {
    let mut refusals = std::mem::take(&mut own(engine).refusals);
    for (failure, tid) in refusals.judged(&engine.model, m, is_end) {
        raise(engine, failure, tid, m.now);
    }
    own(engine).refusals = refusals;
    look_at_refused(engine, m.now);
}

fn look_at_refused(engine: &mut Engine, now: Nanos) {
    if let Some(at) = own(engine).refusals.next_look(now) {
        engine.wake(at, judge);
    }
}

fn ended(engine: &mut Engine, m: &Moment<'_>) {
    for tid in own(engine).undecided.threads() {
        called(engine, &Moment { tid, ..*m }, None);
    }
    judge_refused(engine, m, true);
}

impl Case for Failed {
    /// The thread whose failure is asked after still has it.
    fn holds(&mut self, _: &mut About, _: &mut Model, _: &Moment<'_>) -> Standing {
        let is_decided = self.ticket.as_ref().is_some_and(Ticket::is_used);
        if is_decided { Standing::Void } else { Standing::Ask }
    }

    /// The error happened; the kernel is asked what it still lists.
    fn confirm(&mut self, about: &About, now: Nanos, kernel: &mut dyn Kernel) -> Answer {
        let failure = &self.failure;
        // A busy machine or a garbage collector may hold it for long.
        let may_come = self.ticket.is_some() && about.tries < PATIENCE;
        if may_come && kernel.is_on_its_way(about.tid) {
            return Answer::Again(RETRY);
        }
        let listed = kernel.registrations(about.epfd);
        let is_listed = listed.map(|all| all.iter().any(|one| one.fd == about.fd));
        let Some(what) = failure.sentence(is_listed) else { return Answer::Refuted };
        let is_harmless = failure.is_harmless() || failure.waits_for_nothing(kernel);
        let certainty = if is_harmless { Certainty::Note } else { Certainty::Fact };
        about.finding(certainty, now, what, None).advising(failure.advice(RECORD.page.fix))
    }

    fn alike(&self) -> Option<(i32, i32, bool)> {
        self.ticket.is_none().then(|| self.failure.kind())
    }

    /// Its thread's next call decides nothing any more.
    fn found(&mut self) {
        self.ticket.iter().for_each(Ticket::use_up);
    }
}
