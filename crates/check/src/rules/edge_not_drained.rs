//! `edge-not-drained`.

mod deadline;

use crate::checker::{Checker, NOBODY_WAITS, Standing, nobody_waits};
use crate::epoll::Delivery;
use crate::epolls::EpollId;
use crate::finding::Role;
use crate::io::{Input, Io};
use crate::ports::{Descriptors, Fd, Kernel, Kind, Nanos, SECOND, Tid, bits};
use crate::rule::{Certainty, Explanation, Rule};
use crate::suspicion::{Case, Stamp, Suspicion, Verdict};
pub(crate) use deadline::{Left, ends, keep};

/// Its page.
pub const EXPLANATION: Explanation = Explanation {
    finds: "Data is left in the kernel after an edge, and the program sleeps.",
    hurts: "\
        With EPOLLET an arrival is reported once. What was not read then is reported again only \
        when something new arrives, and a peer that waits for an answer sends nothing new: the \
        request hangs, the accept backlog fills, a message comes one message late. A busy peer \
        hides it.",
    evidence: "\
        The latest delivery was edge-triggered with EPOLLIN. poll(2) says that the descriptor is \
        readable, the epoll does not report it any more, and for 1 s there was no I/O and no \
        epoll_ctl on it while a thread blocked in the wait: this state is confirmed in the \
        kernel. A wait with a timeout is given until that has passed and the thread waits again: \
        it may read on when its timer runs out. Suspected if the last read filled its buffer, or took one connection or one \
        datagram. A note if nothing was read at all, on an eventfd, timerfd or signalfd, on a \
        pipe with both ends in the program, and in programs that were seen to come back to a \
        descriptor later without an event: they may be holding back the peer on purpose.",
    silent: "\
        After a short read from a stream: the next arrival is a new edge. On descriptors that \
        programs leave unread on purpose: eventfd, timerfd and signalfd, and pipes with both \
        ends in the program. When the program saw EAGAIN. When EPOLL_CTL_MOD came since, which \
        reports what is ready again. Only a note, for it may be on purpose: when nothing was read, \
        while a write waits for room somewhere, in programs that were seen to read on without a \
        new edge, on descriptors whose input poll or select has told the program of too, and when only the end of the file is left and the delivery had EPOLLRDHUP.",
    fix: "\
        Read, accept or receive in a loop until EAGAIN; or stop early only with the descriptor \
        on a list that is served before the next wait; or drop EPOLLET.",
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
};

/// So long must the data lie there.
const LEFT: Nanos = SECOND;
/// So often it is asked soon whether the epoll is silent, and then ever again after a second.
const OFTEN: u32 = 50;

/// Before a thread waits: is there something left of what its last wait delivered?
#[allow(clippy::too_many_arguments, reason = "one delivery, and each of them is of it")]
pub(crate) fn suspect(
    checker: &mut Checker,
    id: EpollId,
    fd: Fd,
    delivery: Delivery,
    io: Io,
    tid: Tid,
    now: Nanos,
    descriptors: &dyn Descriptors,
) {
    let was_read = io.inputs() != delivery.inputs;
    if delivery.events & bits::IN == 0
        || (was_read && is_drained(io.input(), fd, descriptors))
        || checker.is_watched(Rule::EdgeNotDrained, id, fd)
        // Programs leave these unread on purpose: to them an edge is a message.
        || descriptors.kind(fd) == Kind::Counter
    {
        return;
    }
    let case = Case::Edge { was_read, holds_back: false, delivered: 0, kind: Kind::Unknown };
    let mut suspicion = checker.suspect(Rule::EdgeNotDrained, tid, now, case).on(fd);
    suspicion.stamp.calls = io.inputs();
    checker.raise_about(suspicion, id, LEFT);
}

/// Whether an input call that ended so has taken everything (epoll(7), Q9).
fn is_drained(input: Input, fd: Fd, descriptors: &dyn Descriptors) -> bool {
    match input {
        // A failed accept is another rule's.
        Input::WouldBlock | Input::End | Input::Failed | Input::Exhausted => true,
        Input::Short => {
            !matches!(descriptors.kind(fd), Kind::Datagram | Kind::Queue | Kind::Unknown)
        }
        // None: output calls only.
        Input::None | Input::Full | Input::Accepted => false,
    }
}

/// A second later: is it as it was, and does somebody wait?
pub(crate) fn stands(
    checker: &mut Checker,
    suspicion: &mut Suspicion,
    now: Nanos,
    descriptors: &dyn Descriptors,
) -> Standing {
    if matches!(suspicion.case, Case::Left(_)) {
        return deadline::stands(checker, suspicion, now, descriptors);
    }
    let Some(registration) = checker.registration(suspicion, descriptors) else {
        return Standing::Void;
    };
    let (stamp, delivery) = (registration.stamp(), registration.delivery);
    if stamp.changes != suspicion.stamp.changes || registration.is_fired {
        return Standing::Void;
    }
    let added = registration.added;
    let id = suspicion.stamp.epoll;
    let descriptor = descriptors.get(suspicion.fd);
    let inputs = descriptor.io.inputs();
    let was_read = inputs != delivery.inputs;
    let Case::Edge { was_read: had_read, .. } = suspicion.case else { return Standing::Void };
    let is_new_edge = stamp.round != suspicion.stamp.round;
    if inputs != suspicion.stamp.calls || is_new_edge {
        // Something was done since. It read a part, and without a new edge it read on: then the
        // program keeps readiness itself.
        if let Some(epoll) = checker.epolls.get_mut(id).filter(|_| had_read && !is_new_edge) {
            epoll.resumes = true;
        }
        if was_read && is_drained(descriptor.io.input(), suspicion.fd, descriptors) {
            return Standing::Void;
        }
        suspicion.stamp = Stamp { epoll: id, calls: inputs, ..stamp };
        suspicion.since = now;
        suspicion.tries = 0;
        let kind = Kind::Unknown;
        suspicion.case = Case::Edge { was_read, holds_back: false, delivered: 0, kind };
        return Standing::Later(LEFT);
    }
    let Some(wait) = checker.waiter(id) else {
        return nobody_waits(suspicion);
    };
    let resumes = checker.epolls.get(id).is_some_and(|epoll| epoll.resumes);
    // A thread that poll or select told of its input has not forgotten it.
    let is_known = resumes || descriptor.io.is_polled();
    let holds_back = is_known || checker.holds_back(now, descriptors);
    let kind = descriptors.kind(suspicion.fd);
    suspicion.case = Case::Edge { was_read, holds_back, delivered: delivery.events, kind };
    suspicion.sites = vec![
        (Role::ReadBy, descriptor.read),
        (Role::RegisteredBy, added),
        (Role::WaitedBy, wait.site),
    ];
    Standing::Ask
}

/// The kernel has data, and the epoll does not say so.
pub(crate) fn confirm(suspicion: Suspicion, now: Nanos, kernel: &mut dyn Kernel) -> Verdict {
    if let Case::Left(left) = &suspicion.case {
        return deadline::confirm(&suspicion, left, now, kernel);
    }
    let (fd, epfd) = (suspicion.fd, suspicion.epfd);
    let Case::Edge { was_read, holds_back, delivered, kind } = suspicion.case else {
        return Verdict::Refuted;
    };
    let mut is_readable = |fd| kernel.readiness(fd, bits::IN).map(|ready| ready & bits::IN != 0);
    if is_readable(fd) != Some(true) {
        return Verdict::Refuted;
    }
    // Something else may be ready in it; then its answer says nothing of this descriptor.
    let is_silent = is_readable(epfd) == Some(false);
    // A thread may have been woken for it, and read it, between the two.
    if is_readable(fd) != Some(true) {
        return Verdict::Refuted;
    }
    if !is_silent {
        let again = if suspicion.tries < OFTEN { NOBODY_WAITS } else { SECOND };
        return Verdict::Again(suspicion, again);
    }
    if kernel.has_both_ends(fd) {
        return Verdict::Refuted;
    }
    let unread = kernel.unread(fd);
    // Only the end of the file is left, and a program that was told of it need not read it.
    let only_end = unread == Some(0) && kind != Kind::Datagram;
    let is_told = only_end && delivered & (bits::RDHUP | bits::HUP) != 0;
    let certainty =
        if was_read && !holds_back && !is_told { Certainty::Suspected } else { Certainty::Note };
    let left = match unread {
        _ if only_end => "the end of its input".to_owned(),
        Some(bytes) if bytes > 0 => format!("{bytes} bytes"),
        _ => "input".to_owned(),
    };
    let last = if was_read { "the last read did not drain it" } else { "nothing was read" };
    let waited = now.saturating_sub(suspicion.since).max(LEFT) as f64 / SECOND as f64;
    let what = format!(
        "fd {fd} is edge-triggered in epfd {epfd} and has had {left} unread for {waited:.1} s while a \
         thread waits: {last}, and no event comes until the peer sends more"
    );
    let verified = format!("poll(fd {fd}) says POLLIN, poll(epfd {epfd}) says nothing");
    suspicion.becomes(certainty, now, what, verified)
}
