//! `edge-not-drained`.

mod deadline;

use crate::engine::{
    About, Answer, Case, Certainty, Engine, Explanation, Finding, Hook, NO_WAITER,
};
use crate::engine::{Record, Role, Rule, Share, Stamp, Standing};
use crate::model::{Delivery, EpollId, Model, Moment};
use deadline::Left;
use epshim_observe::{Descriptors, Fd, Input, Io, Kernel, Kind, Nanos, SECOND, Tid, bits};

pub(crate) const RECORD: Record = Record {
    name: "edge-not-drained",
    emits: &[Certainty::Suspected, Certainty::Note],
    listens: &[Hook::LeftEdge(left)],
    page: Explanation {
        finds: "Data is left in the kernel after an edge, and the program sleeps.",
        hurts: "\
            With EPOLLET an arrival is reported once. What the program did not read then is \
            reported only when something new arrives. A peer that waits for an answer sends \
            nothing new: the request hangs, the accept backlog fills, each message is handled one \
            message late. A busy peer hides it.",
        evidence: "\
            The latest delivery was edge-triggered with EPOLLIN. poll(2) says that the descriptor \
            is readable, and the epoll no longer reports it. For 1 s there was no I/O and no \
            epoll_ctl on it while a thread blocked in the wait. If that wait has a timeout, the \
            checker lets it end and waits for the next one: the program may read when its timer \
            runs out. Suspected if the last read filled its buffer, or took one connection or one \
            datagram. A note if nothing was read, on a pipe \
            with both ends in the program, and in programs that were seen to come back to a \
            descriptor later without an event: they may hold back the peer on purpose.",
        silent: "\
            After a short read from a stream: the next arrival is a new edge. (A signal may cut a \
            read short: of threads whose waits signals have ended the kernel is asked. Of a queue, \
            as signalfd and inotify are, and of datagrams only EAGAIN is the end.) On descriptors that \
            programs leave unread on purpose: eventfd and timerfd, and pipes with both ends in the \
            program. When the program saw EAGAIN. When EPOLL_CTL_MOD came since: it \
            reports again what is ready. Only a note where it may be on purpose: when nothing was \
            read; while a write waits for room on another descriptor; in programs that were seen \
            to read on without a new edge; on descriptors whose input poll or select has reported \
            too; and when only the end of the file is left and the delivery had EPOLLRDHUP.",
        fix: "\
            Read, accept or receive in a loop until EAGAIN. To stop earlier, put the descriptor on \
            a list that is served before the next wait. Or drop EPOLLET.",
        wrong: r"event.events = EPOLLIN | EPOLLET;
epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event);
/* ... for each delivery: */
n = read(fd, buffer, sizeof buffer);
consume(buffer, n);              /* what did not fit is not reported again */",
        right: r"for (;;) {
    n = read(fd, buffer, sizeof buffer);
    if (n > 0)
        consume(buffer, n);
    else if (n == -1 && errno == EAGAIN)
        break;                   /* empty: the next arrival is a new edge */
    else if (n == 0 || errno != EINTR)
        return finish(fd);       /* end of file, or an error */
}",
        manual: "epoll(7), Q9",
        seen: &[
            "https://github.com/FujiNetWIFI/tnfsd/pull/27",
            "https://github.com/sipwise/rtpengine/pull/346",
            "https://github.com/tokio-rs/mio/issues/845",
            "https://github.com/opentechinstitute/commotiond/pull/18",
        ],
    },
};

/// The data must lie there for this long.
const LEFT: Nanos = SECOND;
/// It is asked this often soon whether the epoll is silent, and then ever again after a second.
const OFTEN: u32 = 50;

#[derive(Debug)]
struct Edge {
    /// Whether the program read some of it, and whether it holds back elsewhere.
    was_read: bool,
    holds_back: bool,
    delivered: u32,
    kind: Kind,
}

/// Before a thread waits: is there something left of what its last wait delivered?
fn left(engine: &mut Engine, m: &Moment<'_>, id: EpollId, fd: Fd, delivery: Delivery, io: Io) {
    let was_read = io.inputs() != delivery.inputs;
    if delivery.events & bits::IN == 0
        || (was_read && is_drained(io.input(), fd, may_be_cut(&engine.model, m.tid), m.descriptors))
        || engine.is_watched(Rule::EdgeNotDrained, id, fd)
        // Programs leave these unread on purpose: to them an edge is a message.
        || m.descriptors.kind(fd) == Kind::Counter
    {
        return;
    }
    let mut about = About::new(Rule::EdgeNotDrained, m.tid, m.now).on(fd, -1);
    about.stamp.calls = io.inputs();
    let case = Edge { was_read, holds_back: false, delivered: 0, kind: Kind::Unknown };
    engine.raise_about(about, id, LEFT, case);
}

/// Whether a signal may have cut a read of this thread short, which has drained nothing then. The kernel is asked.
fn may_be_cut(model: &Model, tid: Tid) -> bool {
    model.threads.get(tid).is_some_and(|thread| thread.is_signalled)
}

/// Whether an input call that ended so has taken everything (epoll(7), Q9).
fn is_drained(input: Input, fd: Fd, may_be_cut: bool, descriptors: &dyn Descriptors) -> bool {
    match input {
        Input::WouldBlock | Input::End => true,
        // A failed accept has taken one connection, or none.
        Input::Failed | Input::Exhausted => descriptors.kind(fd) != Kind::Listener,
        Input::Short if may_be_cut => false,
        Input::Short => {
            !matches!(descriptors.kind(fd), Kind::Datagram | Kind::Queue | Kind::Unknown)
        }
        // None: output calls only.
        Input::None | Input::Full | Input::Accepted => false,
    }
}

impl Case for Edge {
    fn share(&self) -> Share {
        Share::Many
    }

    /// A second later: is it as it was, and does a thread wait?
    fn holds(&mut self, about: &mut About, model: &mut Model, m: &Moment<'_>) -> Standing {
        let Some(registration) = about.registration(model, m.descriptors) else {
            return Standing::Void;
        };
        let (id, delivery, added) = (about.stamp.epoll, registration.delivery, registration.added);
        let stamp = Stamp::of(id, registration);
        if stamp.changes != about.stamp.changes || registration.is_fired {
            return Standing::Void;
        }
        let descriptor = m.descriptors.get(about.fd);
        let inputs = descriptor.io.inputs();
        let was_read = inputs != delivery.inputs;
        let had_read = std::mem::replace(&mut self.was_read, was_read);
        let is_new_edge = stamp.round != about.stamp.round;
        if inputs != about.stamp.calls || is_new_edge {
            // Something was done since. It read a part, and without a new edge it read on: then the
            // program keeps readiness itself.
            if let Some(epoll) = model.epolls.get_mut(id).filter(|_| had_read && !is_new_edge) {
                epoll.resumes = true;
            }
            let may_be_cut = may_be_cut(model, about.tid);
            if was_read && is_drained(descriptor.io.input(), about.fd, may_be_cut, m.descriptors) {
                return Standing::Void;
            }
            about.stamp = Stamp { calls: inputs, ..stamp };
            (about.since, about.tries) = (m.now, 0);
            return Standing::Later(LEFT);
        }
        let Some(wait) = model.waiter(id) else { return about.without_waiter() };
        let resumes = model.epolls.get(id).is_some_and(|epoll| epoll.resumes);
        // A thread that poll or select told of its input has not forgotten it.
        let is_known = resumes || descriptor.io.is_polled();
        self.holds_back = is_known || model.holds_back(m.now, m.descriptors);
        self.delivered = delivery.events;
        self.kind = m.descriptors.kind(about.fd);
        about.sites = vec![
            (Role::ReadBy, descriptor.read),
            (Role::RegisteredBy, added),
            (Role::WaitedBy, wait.site),
        ];
        Standing::Ask
    }

    /// The kernel has data, and the epoll does not say so.
    fn confirm(&mut self, about: &About, now: Nanos, kernel: &mut dyn Kernel) -> Answer {
        let &About { fd, epfd, .. } = about;
        let mut is_readable =
            |fd| kernel.readiness(fd, bits::IN).map(|ready| ready & bits::IN != 0);
        if is_readable(fd) != Some(true) {
            return Answer::Refuted;
        }
        // Something else may be ready in it; then its answer says nothing of this descriptor.
        let is_silent = is_readable(epfd) == Some(false);
        // A thread may have been woken for it, and read it, between the two.
        if is_readable(fd) != Some(true) {
            return Answer::Refuted;
        }
        if !is_silent {
            return Answer::Again(if about.tries < OFTEN { NO_WAITER } else { SECOND });
        }
        if kernel.has_both_ends(fd) {
            return Answer::Refuted;
        }
        self.finding(about, now, kernel.unread(fd))
    }

    fn keep(
        &self,
        about: &About,
        finding: &Finding,
        model: &Model,
        now: Nanos,
    ) -> Option<(Box<dyn Case>, Nanos)> {
        if finding.certainty == Certainty::Note {
            return None;
        }
        let (left, after) = Left::until(&model.waiter(about.stamp.epoll)?, finding, now)?;
        Some((Box::new(left), after))
    }
}

impl Edge {
    fn finding(&self, about: &About, now: Nanos, unread: Option<u64>) -> Answer {
        let &About { fd, epfd, .. } = about;
        // Only the end of the file is left, and a program that was told of it need not read it.
        let only_end = unread == Some(0) && self.kind != Kind::Datagram;
        let is_told = only_end && self.delivered & (bits::RDHUP | bits::HUP) != 0;
        let is_meant = !self.was_read || self.holds_back || is_told;
        let certainty = if is_meant { Certainty::Note } else { Certainty::Suspected };
        let left = match unread {
            _ if only_end => "the end of its input".to_owned(),
            Some(bytes) if bytes > 0 => format!("{bytes} bytes"),
            _ => "input".to_owned(),
        };
        let last =
            if self.was_read { "the last read did not drain it" } else { "nothing was read" };
        let waited = now.saturating_sub(about.since).max(LEFT) as f64 / SECOND as f64;
        let what = format!(
            "fd {fd} is edge-triggered in epfd {epfd} and has had {left} unread for {waited:.1} s while a \
             thread waits: {last}, and no event comes until the peer sends more"
        );
        let verified = format!("poll(fd {fd}) says POLLIN, poll(epfd {epfd}) says nothing");
        about.finding(certainty, now, what, verified)
    }
}
