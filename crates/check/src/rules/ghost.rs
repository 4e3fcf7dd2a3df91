//! `ghost`.

use crate::checker::{Checker, Delivered, Standing};
use crate::finding::Role;
use crate::ports::{Descriptors, Fd, Kernel, Listed, MILLISECOND, Nanos, Site, bits};
use crate::rule::{Certainty, Explanation, Rule};
use crate::suspicion::{Case, Stamp, Suspicion, Verdict};

/// Its page.
pub const EXPLANATION: Explanation = Explanation {
    finds: "A closed descriptor's registration survives and delivers events.",
    hurts: "\
        close() removes a registration only with the last reference to the open file: a dup, a \
        child of fork or a descriptor sent over a socket keeps it. Events then arrive with the \
        old data, often a pointer to freed memory or a number that by now is another connection, \
        and EPOLL_CTL_DEL cannot remove them: EBADF, or ENOENT once the number is used again. \
        Level-triggered, the loop spins.",
    evidence: "\
        A delivery for a registration whose descriptor was closed or replaced, which \
        /proc/self/fdinfo of the epoll still lists under the old number: read twice, with a look \
        at the number after each, and the same both times. Certain. Suspected, where the number \
        was registered again with the same data after a dup, and is listed twice: the delivery \
        may be of either; and for eventfds and their like, which all have one inode. The report \
        names the descriptor that keeps the file open if it is in this process.",
    silent: "\
        At close() itself: closing as the way to unregister is right when nobody else holds the \
        file (nginx, asio, libev and Go do it). While the registration delivers nothing. When it \
        is gone 100 ms later: a child between fork and exec keeps it for a moment only.",
    fix: "\
        EPOLL_CTL_DEL before close(). Where it is too late: close the other descriptors of the \
        file, or dup2() one of them onto the old number and delete that, or build a new epoll. \
        Open with SOCK_CLOEXEC and O_CLOEXEC, so that children do not keep files.",
    wrong: r"epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event);
saved = dup(fd);                 /* or fork() */
close(fd);                       /* still registered: saved is the same open file */",
    right: r"epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL);
close(fd);",
    manual: "epoll(7), Q6",
    seen: &[
        "https://github.com/joyent/libuv/issues/1099",
        "https://github.com/MagicStack/uvloop/issues/61",
        "https://github.com/systemd/systemd/issues/14514",
        "https://github.com/manticoresoftware/manticoresearch/pull/4057",
    ],
};

/// A child between fork and exec keeps a file open for no longer.
const PASSING: Nanos = 100 * MILLISECOND;
/// So often it is looked at, where the number is closed or used again during each look.
const LOOKS: u32 = 20;

/// A delivery for a registration whose descriptor was closed.
pub(crate) fn suspect(
    checker: &mut Checker,
    it: &Delivered<'_>,
    nth: usize,
    descriptors: &dyn Descriptors,
) {
    let Some(epoll) = checker.epolls.get_mut(it.wait.epoll) else { return };
    let Some(former) = epoll.former_mut(nth).filter(|former| !former.is_watched) else { return };
    former.is_watched = true;
    let former = *former;
    // Which of several it is cannot be told: then it is not said who registered it.
    let added = if epoll.is_only_one(&former) { former.added } else { Site::default() };
    let case = case(former.data, it.events, false);
    let stamp = Stamp { epoll: it.wait.epoll, generation: former.generation, ..Stamp::default() };
    if !raise(checker, it, former.fd, case, stamp, added, descriptors) {
        // There was no room for it.
        if let Some(epoll) = checker.epolls.get_mut(it.wait.epoll) {
            epoll.release_former(former.fd, former.generation);
        }
    }
}

/// A delivery for a number that was registered again with the same data: it may be of either.
pub(crate) fn suspect_twin(
    checker: &mut Checker,
    it: &Delivered<'_>,
    fd: Fd,
    descriptors: &dyn Descriptors,
) {
    let epoll = checker.epolls.get(it.wait.epoll);
    let Some(former) = epoll.and_then(|epoll| epoll.former(fd)) else { return };
    let (generation, added) = (former.generation, former.added);
    let case = case(it.data, it.events, true);
    let stamp = Stamp { epoll: it.wait.epoll, generation, ..Stamp::default() };
    raise(checker, it, fd, case, stamp, added, descriptors);
}

const fn case(data: u64, delivered: u32, is_twin: bool) -> Case {
    Case::Ghost { data, delivered, is_twin, seen: None }
}

fn raise(
    checker: &mut Checker,
    it: &Delivered<'_>,
    fd: Fd,
    case: Case,
    stamp: Stamp,
    added: Site,
    descriptors: &dyn Descriptors,
) -> bool {
    let descriptor = descriptors.get(fd);
    let mut suspicion = checker.suspect(Rule::Ghost, it.tid, it.now, case).on(fd);
    (suspicion.epfd, suspicion.stamp) = (it.wait.epfd, stamp);
    suspicion.sites = vec![
        (Role::ClosedBy, descriptor.closed),
        (Role::RegisteredBy, added),
        (Role::DuplicatedBy, descriptor.duplicated),
        (Role::WaitedBy, it.wait.site),
    ];
    checker.put_off(suspicion, it.now, 0)
}

/// The epoll must be there still.
pub(crate) fn stands(
    checker: &mut Checker,
    suspicion: &mut Suspicion,
    descriptors: &dyn Descriptors,
) -> Standing {
    match checker.epolls.name(suspicion.stamp.epoll, descriptors) {
        Some(epfd) => suspicion.epfd = epfd,
        None => return Standing::Void,
    }
    Standing::Ask
}

/// What one look says of a number that may have a ghost.
enum Look {
    /// The list of registrations cannot be read.
    Unreadable,
    /// Something changed while it was looked at.
    Moving,
    /// All registrations, and the file that is open under the number: both as they were from the first
    /// reading to the last.
    Still(Vec<Listed>, Option<(u64, u64)>),
}

/// List, file, list, file. Between any two of them another thread may close the number, or open another
/// file under it and register that: a list and a file that were read once each prove nothing.
fn look(fd: Fd, epfd: Fd, kernel: &mut dyn Kernel) -> Look {
    let listed = kernel.registrations(epfd);
    let file = kernel.file(fd);
    let mut again = kernel.registrations(epfd);
    let has_changed = kernel.file(fd) != file;
    if has_changed || kernel.was_closed(fd) || kernel.was_closed(epfd) {
        return Look::Moving;
    }
    let (Some(listed), Some(mut still)) = (listed, again.take()) else { return Look::Unreadable };
    // A one-shot may fire meanwhile: its events are not compared.
    let key = |one: &Listed| (one.fd, one.data, one.file);
    still.retain(|one| listed.iter().any(|before| key(before) == key(one)));
    Look::Still(still, file)
}

/// The registration that is none of the file open under the number. `None`: there is no such one.
fn ghost_of(
    fd: Fd,
    data: u64,
    is_twin: bool,
    listed: &[Listed],
    file: Option<(u64, u64)>,
) -> Option<Listed> {
    let lines = || listed.iter().filter(|one| one.fd == fd);
    let of_data = || lines().filter(|one| one.data == data);
    let other = of_data().find(|one| Some(one.file) != file);
    if is_twin {
        return other.filter(|_| of_data().count() > 1).copied();
    }
    // The same file under the same number, once: closed and put back, by dup2 for instance.
    other.or_else(|| of_data().next().filter(|_| lines().count() > 1)).copied()
}

/// The kernel still lists it under its old number.
pub(crate) fn confirm(suspicion: Suspicion, now: Nanos, kernel: &mut dyn Kernel) -> Verdict {
    let (fd, epfd) = (suspicion.fd, suspicion.epfd);
    let Case::Ghost { data, delivered, is_twin, seen } = suspicion.case else {
        return Verdict::Refuted;
    };
    let (listed, file) = match look(fd, epfd, kernel) {
        Look::Still(listed, file) => (listed, file),
        Look::Unreadable if is_twin => return Verdict::Refuted,
        Look::Unreadable => {
            let what = sentence(&suspicion, delivered, None);
            return suspicion.becomes(Certainty::Suspected, now, what, None);
        }
        Look::Moving if suspicion.tries < LOOKS => return Verdict::Again(suspicion, PASSING),
        Look::Moving => return Verdict::Refuted,
    };
    let Some(ghost) = ghost_of(fd, data, is_twin, &listed, file) else { return Verdict::Refuted };
    let keeper = kernel.keeper(epfd, &ghost);
    if keeper.is_none() && seen != Some(ghost.file) {
        let case = Case::Ghost { data, delivered, is_twin, seen: Some(ghost.file) };
        return Verdict::Again(Suspicion { case, ..suspicion }, PASSING);
    }
    if is_twin {
        return twin(suspicion, now, data, delivered);
    }
    let state = if file.is_none() { "which is closed" } else { "which is another file now" };
    let verified = format!("/proc/self/fdinfo/{epfd} lists fd {fd}, {state}, with data {data:#x}");
    let what = sentence(&suspicion, delivered, Some(keeper));
    // That it is there is certain; that it delivers was not seen where its data are another's too. And
    // where many files have one inode, as eventfds do, the next one looks like the one before.
    let is_alone = !listed.iter().any(|one| one.data == data && one.fd != fd);
    let is_known = kernel.file(epfd) != Some(ghost.file);
    let certainty = if is_alone && is_known { Certainty::Certain } else { Certainty::Suspected };
    suspicion.becomes(certainty, now, what, verified)
}

/// The number is listed twice: once for the file that is open now, once for the one that was closed.
fn twin(suspicion: Suspicion, now: Nanos, data: u64, delivered: u32) -> Verdict {
    let (fd, epfd) = (suspicion.fd, suspicion.epfd);
    let what = format!(
        "fd {fd} was closed and its number registered again, but epfd {epfd} still watches the closed file \
         too: the events of both ({}) arrive with the same data, and EPOLL_CTL_DEL cannot reach the old one",
        bits::names(delivered),
    );
    let verified = format!("/proc/self/fdinfo/{epfd} lists fd {fd} twice with data {data:#x}");
    suspicion.becomes(Certainty::Suspected, now, what, verified)
}

fn sentence(suspicion: &Suspicion, delivered: u32, keeper: Option<Option<i32>>) -> String {
    let (fd, epfd) = (suspicion.fd, suspicion.epfd);
    let keeper = match keeper {
        Some(Some(other)) => format!("fd {other} keeps its file open"),
        Some(None) => "another process, or a descriptor in flight, keeps its file open".to_owned(),
        None => "its file must be open elsewhere".to_owned(),
    };
    format!(
        "fd {fd} was closed, but epfd {epfd} still watches it and delivered {} for it: {keeper}, and \
         EPOLL_CTL_DEL cannot reach it any more",
        bits::names(delivered),
    )
}
