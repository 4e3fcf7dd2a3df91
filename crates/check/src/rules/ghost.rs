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
        /proc/self/fdinfo of the epoll still lists under the old number. Certain. Suspected, \
        where the number was registered again with the same data after a dup, and is listed \
        twice: the delivery may be of either. The report names the descriptor that keeps the \
        file open if it is in this process.",
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
    let case = Case::Registration { data: former.data, delivered: it.events };
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
    let case = Case::Twin { data: it.data, delivered: it.events };
    let stamp = Stamp { epoll: it.wait.epoll, generation, ..Stamp::default() };
    raise(checker, it, fd, case, stamp, added, descriptors);
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

/// The number is listed twice: once for the file that is open now, once for the one that was closed.
fn confirm_twin(
    suspicion: Suspicion,
    now: Nanos,
    data: u64,
    delivered: u32,
    kernel: &mut dyn Kernel,
) -> Verdict {
    let (fd, epfd) = (suspicion.fd, suspicion.epfd);
    let listed = kernel.registrations(epfd).unwrap_or_default();
    let lines: Vec<&Listed> =
        listed.iter().filter(|one| one.fd == fd && one.data == data).collect();
    let file = kernel.file(fd);
    let Some(ghost) = lines.iter().find(|one| lines.len() > 1 && Some(one.file) != file) else {
        return Verdict::Refuted;
    };
    if kernel.keeper(epfd, ghost).is_none() && suspicion.tries == 0 {
        return Verdict::Again(suspicion, PASSING);
    }
    let what = format!(
        "fd {fd} was closed and its number registered again, but epfd {epfd} still watches the closed file \
         too: the events of both ({}) arrive with the same data, and EPOLL_CTL_DEL cannot reach the old one",
        bits::names(delivered),
    );
    let verified = format!("/proc/self/fdinfo/{epfd} lists fd {fd} twice with data {data:#x}");
    suspicion.becomes(Certainty::Suspected, now, what, verified)
}

/// The kernel still lists it under its old number.
pub(crate) fn confirm(suspicion: Suspicion, now: Nanos, kernel: &mut dyn Kernel) -> Verdict {
    let (fd, epfd) = (suspicion.fd, suspicion.epfd);
    let (data, delivered) = match suspicion.case {
        Case::Registration { data, delivered } => (data, delivered),
        Case::Twin { data, delivered } => {
            return confirm_twin(suspicion, now, data, delivered, kernel);
        }
        _ => return Verdict::Refuted,
    };
    let Some(listed) = kernel.registrations(epfd) else {
        let what = sentence(&suspicion, delivered, None);
        return suspicion.becomes(Certainty::Suspected, now, what, None);
    };
    let file = kernel.file(fd);
    let lines: Vec<&Listed> = listed.iter().filter(|one| one.fd == fd).collect();
    let of_data = |one: &&&Listed| one.data == data;
    let not_open = |one: &&&Listed| Some(one.file) != file;
    let ghost = lines.iter().filter(of_data).find(not_open).or_else(|| lines.iter().find(of_data));
    let Some(ghost) = ghost else { return Verdict::Refuted };
    if file == Some(ghost.file) && lines.len() == 1 {
        // The same file under the same number: closed and put back, by dup2 for instance.
        return Verdict::Refuted;
    }
    let keeper = kernel.keeper(epfd, ghost);
    if keeper.is_none() && suspicion.tries == 0 {
        return Verdict::Again(suspicion, PASSING);
    }
    let state = if file.is_none() { "which is closed" } else { "which is another file now" };
    let verified = format!("/proc/self/fdinfo/{epfd} lists fd {fd}, {state}, with data {data:#x}");
    let what = sentence(&suspicion, delivered, Some(keeper));
    // That it is there is certain; that it delivers was not seen where its data are another's too.
    let is_alone = !listed.iter().any(|one| one.data == data && one.fd != fd);
    let certainty = if is_alone { Certainty::Certain } else { Certainty::Suspected };
    suspicion.becomes(certainty, now, what, verified)
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
