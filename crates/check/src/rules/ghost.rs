//! `ghost`.

use crate::engine::Standing;
use crate::engine::{
    About, Answer, Case, Certainty, Engine, Explanation, Hook, Record, Role, Rule,
};
use crate::model::{Delivered, Model, Moment, Stale};
use epshim_observe::{Descriptors, Fd, Kernel, Listed, MILLISECOND, Nanos, Site, bits};

pub(crate) const RECORD: Record = Record {
    name: "ghost",
    emits: &[Certainty::Certain, Certainty::Suspected],
    listens: &[Hook::Stale(stale)],
    page: Explanation {
        finds: "A closed descriptor's registration survives and delivers events.",
        hurts: "\
            close() removes a registration only with the last reference to the open file: a dup, a \
            child of fork or a descriptor sent over a socket keeps it. Events then arrive with the \
            old data, often a pointer to freed memory, or a number that is another connection now. \
            EPOLL_CTL_DEL cannot remove them: EBADF, or ENOENT once the number is used again. \
            Level-triggered, the loop spins.",
        evidence: "\
            A delivery for a registration whose descriptor was closed or replaced. \
            /proc/self/fdinfo of the epoll still lists it under the old number: the list is read \
            twice, with a look at the number after each, and both say the same. Certain. Suspected \
            where the number was registered again with the same data after a dup and is listed \
            twice: the delivery may be of either. Suspected too for eventfds and similar files, \
            which all have one inode. The report names the descriptor that keeps the file open if \
            it is in this process.",
        silent: "\
            At close() itself: to unregister by closing is right when no other descriptor has the \
            file (nginx, asio, libev and Go do it). While the registration delivers nothing. When \
            it is gone 100 ms later: a child between fork and exec keeps it for a moment only.",
        fix: "\
            EPOLL_CTL_DEL before close(). If the descriptor is closed already: close the other \
            descriptors of the file, or dup2() one of them onto the old number and delete that, or \
            create a new epoll. Open with SOCK_CLOEXEC and O_CLOEXEC, so that children do not keep \
            files.",
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
    },
};

/// A child between fork and exec keeps a file open for no longer.
const PASSING: Nanos = 100 * MILLISECOND;
/// It is looked at this often, where the number is closed or used again during each look.
const LOOKS: u32 = 20;

#[derive(Debug)]
struct Ghost {
    data: u64,
    delivered: u32,
    /// The number may be listed twice with the same data.
    is_twin: bool,
    /// The file of the ghost, as the look before found it.
    seen: Option<(u64, u64)>,
}

/// A delivery for a registration whose descriptor was closed; or for a number that was registered again
/// with the same data, which may be of either.
fn stale(engine: &mut Engine, it: &Delivered, stale: Stale, descriptors: &dyn Descriptors) {
    let Some(epoll) = engine.model.epolls.get_mut(it.wait.epoll) else { return };
    let (former, is_twin) = match stale {
        Stale::Twin(fd) => (epoll.formers.of(fd).copied(), true),
        Stale::Former(nth) => {
            let former = epoll.formers.at_mut(nth).filter(|former| !former.is_watched);
            (
                former.map(|former| {
                    former.is_watched = true;
                    *former
                }),
                false,
            )
        }
    };
    let Some(former) = former else { return };
    // Which of several it is cannot be told: then it is not said who registered it.
    let is_told = is_twin || epoll.formers.is_only_one(&former);
    let added = if is_told { former.added } else { Site::default() };
    let (fd, generation) = (former.fd, former.generation);
    let descriptor = descriptors.get(fd);
    let mut about = About::new(Rule::Ghost, it.tid, it.now).on(fd, it.wait.epfd).and([
        (Role::ClosedBy, descriptor.closed),
        (Role::RegisteredBy, added),
        (Role::DuplicatedBy, descriptor.duplicated),
        (Role::WaitedBy, it.wait.site),
    ]);
    (about.stamp.epoll, about.stamp.generation) = (it.wait.epoll, generation);
    about.is_former = true;
    let case = Ghost { data: it.data, delivered: it.events, is_twin, seen: None };
    if !engine.raise(about, 0, case) && !is_twin {
        // There was no room for it.
        if let Some(epoll) = engine.model.epolls.get_mut(it.wait.epoll) {
            epoll.formers.release(fd, generation);
        }
    }
}

/// What one look says of a number that may have a ghost.
enum Seen {
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
fn look(fd: Fd, epfd: Fd, kernel: &mut dyn Kernel) -> Seen {
    let listed = kernel.registrations(epfd);
    let file = kernel.file(fd);
    let mut again = kernel.registrations(epfd);
    let has_changed = kernel.file(fd) != file;
    if has_changed || kernel.was_closed(fd) || kernel.was_closed(epfd) {
        return Seen::Moving;
    }
    let (Some(listed), Some(mut still)) = (listed, again.take()) else { return Seen::Unreadable };
    // A one-shot may fire meanwhile: its events are not compared.
    let key = |one: &Listed| (one.fd, one.data, one.file);
    still.retain(|one| listed.iter().any(|before| key(before) == key(one)));
    Seen::Still(still, file)
}

/// The registration whose file is not the one open under the number. `None`: there is no such registration.
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

impl Case for Ghost {
    /// The epoll must be there still.
    fn holds(&mut self, about: &mut About, model: &mut Model, m: &Moment<'_>) -> Standing {
        let Some(epfd) = model.epolls.name(about.stamp.epoll, m.descriptors) else {
            return Standing::Void;
        };
        about.epfd = epfd;
        Standing::Ask
    }

    /// The kernel still lists it under its old number.
    fn confirm(&mut self, about: &About, now: Nanos, kernel: &mut dyn Kernel) -> Answer {
        let &About { fd, epfd, tries, .. } = about;
        let &mut Self { data, is_twin, .. } = self;
        let (listed, file) = match look(fd, epfd, kernel) {
            Seen::Still(listed, file) => (listed, file),
            Seen::Unreadable if is_twin => return Answer::Refuted,
            Seen::Unreadable => {
                return about.finding(Certainty::Suspected, now, self.sentence(about, None), None);
            }
            Seen::Moving if tries < LOOKS => return Answer::Again(PASSING),
            Seen::Moving => return Answer::Refuted,
        };
        let Some(ghost) = ghost_of(fd, data, is_twin, &listed, file) else {
            return Answer::Refuted;
        };
        let keeper = kernel.keeper(epfd, &ghost);
        if keeper.is_none() && self.seen != Some(ghost.file) {
            self.seen = Some(ghost.file);
            return Answer::Again(PASSING);
        }
        if is_twin {
            return self.twin(about, now);
        }
        let state = if file.is_none() { "which is closed" } else { "which is another file now" };
        let verified =
            format!("/proc/self/fdinfo/{epfd} lists fd {fd}, {state}, with data {data:#x}");
        // That it is there is certain; that it delivers was not seen where its data are another's too.
        // And where many files have one inode, as eventfds do, the next one looks like the one before.
        let is_alone = !listed.iter().any(|one| one.data == data && one.fd != fd);
        let is_known = kernel.file(epfd) != Some(ghost.file);
        let certainty =
            if is_alone && is_known { Certainty::Certain } else { Certainty::Suspected };
        about.finding(certainty, now, self.sentence(about, Some(keeper)), verified)
    }

    fn goes_on(&self) -> bool {
        true
    }
}

impl Ghost {
    /// The number is listed twice: once for the file that is open now, once for the one that was closed.
    fn twin(&self, about: &About, now: Nanos) -> Answer {
        let (&About { fd, epfd, .. }, data) = (about, self.data);
        let what = format!(
            "fd {fd} was closed and its number registered again, but epfd {epfd} still watches the closed \
             file too: the events of both ({}) arrive with the same data, and EPOLL_CTL_DEL cannot reach \
             the old one",
            bits::names(self.delivered),
        );
        let verified = format!("/proc/self/fdinfo/{epfd} lists fd {fd} twice with data {data:#x}");
        about.finding(Certainty::Suspected, now, what, verified)
    }

    fn sentence(&self, about: &About, keeper: Option<Option<Fd>>) -> String {
        let keeper = match keeper {
            Some(Some(other)) => format!("fd {other} keeps its file open"),
            Some(None) => {
                "another process, or a descriptor in flight, keeps its file open".to_owned()
            }
            None => "its file must be open elsewhere".to_owned(),
        };
        format!(
            "fd {} was closed, but epfd {} still watches it and delivered {} for it: {keeper}, and \
             EPOLL_CTL_DEL cannot reach it any more",
            about.fd,
            about.epfd,
            bits::names(self.delivered),
        )
    }
}
