//! `lost-write`.

use crate::checker::{Checker, Standing, nobody_waits};
use crate::finding::Role;
use crate::ports::{Descriptors, Fd, Kernel, Kind, Listed, Nanos, SECOND, Site, Tid, bits};
use crate::rule::{Certainty, Explanation, Rule};
use crate::suspicion::{Case, Suspicion, Verdict};

/// Its page.
pub const EXPLANATION: Explanation = Explanation {
    finds: "The rest of a short write is never written, and nobody waits for room.",
    hurts: "\
        A full socket buffer takes a part of the data, or nothing (EAGAIN). If the program \
        neither tries again nor asks for EPOLLOUT, the peer gets a truncated answer and waits \
        for the rest. Small messages and fast networks hide it.",
    evidence: "\
        A write or send on a registered descriptor took less than it was given, or failed with \
        EAGAIN; for 1 s nothing more was written, no epoll of the program has EPOLLOUT on for \
        the descriptor, no thread waits for room in poll or select, or did meanwhile, and a thread \
        blocks in the wait. Suspected.",
    silent: "\
        With EPOLLOUT registered, level- or edge-triggered: the program will be told. While a \
        thread waits for room in poll, ppoll, select or pselect, however long that takes: it will \
        be told too. When the \
        descriptor is closed or shut down for writing meanwhile, and when its file has another \
        descriptor, through which the rest may be written. On datagrams, which are sent \
        whole or dropped. On wakers (eventfd, a pipe to itself), where a full buffer says \
        enough.",
    fix: "\
        Keep the rest in a buffer of the connection, ask for EPOLLOUT with EPOLL_CTL_MOD, write \
        on when it comes, and stop asking when the buffer is empty. Let nothing overwrite that \
        interest before.",
    wrong: r"write(fd, answer, length);       /* took 64 KiB of 1 MiB, or -1 and EAGAIN */",
    right: r"n = write(fd, answer, length);
if (n == -1 && errno == EAGAIN)
    n = 0;
if (n >= 0 && (size_t)n < length) {
    keep(connection, answer + n, length - n);
    event.events = EPOLLIN | EPOLLOUT;
    epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &event);
}",
    manual: "epoll(7), Q9; write(2), RETURN VALUE",
    seen: &[
        "https://github.com/pistacheio/pistache/issues/1114",
        "https://github.com/Allenxuxu/gev/issues/60",
    ],
};

/// So long must the rest lie there.
const LEFT: Nanos = SECOND;

/// A write to it was short or found no room, and a thread is about to wait.
pub(crate) fn suspect(
    checker: &mut Checker,
    tid: Tid,
    now: Nanos,
    fd: Fd,
    descriptors: &dyn Descriptors,
) {
    let (generation, io) = descriptors.state(fd);
    let Some((id, _)) = checker.epolls.watching_file(fd, generation) else { return };
    if !io.is_unwritten()
        || !matches!(descriptors.kind(fd), Kind::Stream | Kind::Pipe)
        || checker.waits_for_room(fd)
    {
        return;
    }
    let mut suspicion = checker.suspect(Rule::LostWrite, tid, now, Case::Unwritten).on(fd);
    suspicion.stamp.calls = io.attempts();
    checker.raise_about(suspicion, id, LEFT);
}

/// A second later: is it as it was, and does somebody wait?
pub(crate) fn stands(
    checker: &mut Checker,
    suspicion: &mut Suspicion,
    descriptors: &dyn Descriptors,
) -> Standing {
    let Some(registration) = checker.registration(suspicion, descriptors) else {
        return Standing::Void;
    };
    let added = registration.added;
    // In this order: a wait that ends in between is one attempt more.
    let is_awaited = descriptors.is_room_awaited(suspicion.fd);
    let descriptor = descriptors.get(suspicion.fd);
    // Another descriptor of the file may be written to, or wait for room, unseen.
    let is_alone = descriptor.duplicated == Site::default();
    if !descriptor.io.is_unwritten() || !is_alone || checker.waits_for_room(suspicion.fd) {
        return Standing::Void;
    }
    // It was tried again since, or a thread waits for room, or did: the second starts anew.
    let attempts = descriptor.io.attempts();
    if attempts != suspicion.stamp.calls || is_awaited {
        suspicion.stamp.calls = attempts;
        return Standing::Later(LEFT);
    }
    let Some(wait) = checker.waiter(suspicion.stamp.epoll) else {
        return nobody_waits(suspicion);
    };
    suspicion.sites = vec![
        (Role::WrittenBy, descriptor.written),
        (Role::RegisteredBy, added),
        (Role::WaitedBy, wait.site),
    ];
    Standing::Ask
}

/// Whether there is room by now, and whether it is a waker.
pub(crate) fn confirm(suspicion: Suspicion, now: Nanos, kernel: &mut dyn Kernel) -> Verdict {
    let (fd, epfd) = (suspicion.fd, suspicion.epfd);
    let Some(ready) = kernel.readiness(fd, bits::OUT) else { return Verdict::Refuted };
    if ready & (bits::ERR | bits::HUP) != 0 || kernel.has_both_ends(fd) {
        return Verdict::Refuted;
    }
    let listed = kernel.registrations(epfd);
    let waits =
        |all: &Vec<Listed>| all.iter().any(|one| one.fd == fd && one.events & bits::OUT != 0);
    if listed.as_ref().is_some_and(waits) {
        // It was modified unseen.
        return Verdict::Refuted;
    }
    let room = if ready & bits::OUT != 0 { "there is room by now" } else { "there is no room yet" };
    let what = format!(
        "a write to fd {fd} was short or found no room (EAGAIN), and for {} s the rest was not written, nor \
         does an epoll wait for EPOLLOUT on it: nothing will continue it",
        LEFT / SECOND,
    );
    let interest = match listed {
        Some(_) => format!("; /proc/self/fdinfo/{epfd} lists it without EPOLLOUT"),
        None => String::new(),
    };
    let verified = format!("poll(fd {fd}): {room}{interest}");
    suspicion.becomes(Certainty::Suspected, now, what, verified)
}
