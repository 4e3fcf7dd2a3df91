//! `ctl-error`.

use crate::checker::{ADD, After, AtFailure, Ctl, DEL, MOD, RETRY};
use crate::epoll::{Epoll, Former, Registration};
use crate::finding::{Advice, Role};
use crate::ports::{Descriptors, Fd, Kernel, Nanos, Site, bits};
use crate::rule::{Certainty, Explanation};
use crate::suspicion::{Case, Suspicion, Verdict};

/// Its page.
pub const EXPLANATION: Explanation = Explanation {
    finds: "An epoll_ctl failed; explained from the descriptor's history.",
    hurts: "\
        The kernel's interest list is not what the program believes: a connection is never \
        reported, or is reported to its predecessor, or the loop aborts on an error it did not \
        expect.",
    evidence: "\
        epoll_ctl returned EEXIST, ENOENT, EBADF, EPERM, EINVAL or ELOOP, and the thread's next \
        call is not the right retry, or there is none for 100 ms (2 s while the thread runs, or waits for a lock: it may be on its way); EBADF, EINVAL and ELOOP have none. \
        EPERM of an EPOLL_CTL_ADD is judged by what follows: the program tries the descriptor \
        again, or waits in vain for 1 s while the file has input for it. A fact: that it failed is beyond doubt. The report says who \
        registered and who closed the descriptor, and what the kernel objected to.",
    silent: "\
        When EEXIST is followed by EPOLL_CTL_MOD, or ENOENT by EPOLL_CTL_ADD, of the same \
        descriptor: libevent, libev and libuv do it on purpose. When EEXIST is followed by \
        EPOLL_CTL_DEL, as where libuv tries whether a descriptor can be watched. A note only: an \
        EPOLL_CTL_DEL of an open descriptor that was never registered (libuv does so before every \
        close), and an EPOLL_CTL_ADD of the interest that is registered already and in use (libev \
        adds again what it did not delete), and the EPOLL_CTL_ADD of a regular file or a directory \
        that the program then reads, or closes, without epoll (asio and Go do so). ENOMEM and ENOSPC are the \
        machine's. A program that knowingly ignores the error, of a late EPOLL_CTL_DEL, looks \
        the same: suppress it.",
    fix: "\
        EEXIST: it is registered, EPOLL_CTL_MOD. ENOENT: it is not, or its number names another \
        file by now. EBADF: delete before close(). EPERM: regular files and directories are \
        always ready, do not register them. EINVAL: an epoll in itself, or EPOLLEXCLUSIVE with \
        EPOLL_CTL_MOD, with EPOLLONESHOT or for an epoll. ELOOP: epolls that watch each other.",
    wrong: r"close(fd);
epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL);  /* EBADF, or deletes whoever got the number */",
    right: r"epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL);
close(fd);",
    manual: "epoll_ctl(2), ERRORS",
    seen: &[
        "https://github.com/curl/curl/pull/4211",
        "https://github.com/libuv/libuv/issues/1495",
        "https://github.com/panjf2000/gnet/pull/572",
        "https://github.com/python/cpython/issues/130141",
    ],
};

/// So often a thread is asked after that may be on its way to its second call: about 2 seconds.
const PATIENCE: u32 = 20;

const ENOENT: i32 = 2;
const EBADF: i32 = 9;
const EPERM: i32 = 1;
const EEXIST: i32 = 17;
const EINVAL: i32 = 22;
const ELOOP: i32 = 40;

/// A failed `epoll_ctl`, and what is known of the descriptor's past.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Failure {
    epfd: Fd,
    fd: Fd,
    op: i32,
    errno: i32,
    events: u32,
    /// Whether the number is open.
    is_open: bool,
    /// It was registered here, and where that was.
    registered: Option<Site>,
    /// That registration's interest.
    interest: u32,
    /// It is the very registration that was to be made, and is in use: it was delivered, or has other
    /// data, by which the program tells its attempts apart.
    is_in_use: bool,
    /// It was closed since it was registered here.
    was_closed: bool,
    closed: Site,
    duplicated: Site,
    /// The bytes of a file that were to be read.
    unread: Option<u64>,
    /// What the program did when epoll had refused the file.
    pub(crate) after: After,
    /// The thread has made no call since, and may be on its way to the one that makes it good.
    pub(crate) is_retry_awaited: bool,
}

impl Failure {
    pub fn new(ctl: &Ctl, at: AtFailure, epoll: Option<&Epoll>, memory: &dyn Descriptors) -> Self {
        let descriptor = memory.get(ctl.fd);
        let is_in_use = |one: &Registration| {
            one.interest == ctl.events && (one.data != ctl.data || one.delivery.round != 0)
        };
        let live = |one: &Registration| (one.added, one.interest, is_in_use(one), one.generation);
        let former = |one: &Former| (one.added, one.interest, false, one.generation);
        let known = epoll.and_then(|epoll| {
            epoll.by_fd(ctl.fd).map(live).or_else(|| epoll.former(ctl.fd).map(former))
        });
        Self {
            epfd: ctl.epfd,
            fd: ctl.fd,
            op: ctl.op,
            errno: at.errno,
            events: ctl.events,
            is_open: at.fd_is_open,
            registered: known.map(|(added, ..)| added),
            interest: known.map_or(0, |(_, interest, ..)| interest),
            is_in_use: known.is_some_and(|(_, _, is_in_use, _)| is_in_use),
            was_closed: known.is_some_and(|(.., generation)| generation != descriptor.generation),
            closed: descriptor.closed,
            duplicated: descriptor.duplicated,
            unread: at.unread,
            after: After::TriesAgain,
            is_retry_awaited: false,
        }
    }

    /// The second half of a known pair: ADD fails with EEXIST and MOD follows, MOD fails with ENOENT
    /// and ADD follows (libevent, libev and libuv do so).
    pub fn is_made_good_by(&self, retry: Option<(i32, Fd, Fd)>) -> bool {
        let Some((op, epfd, fd)) = retry else { return false };
        let is_answer = match (self.op, self.errno) {
            (ADD, EEXIST) => op == MOD || op == DEL,
            (MOD, ENOENT) => op == ADD,
            _ => false,
        };
        is_answer && (epfd, fd) == (self.epfd, self.fd)
    }

    /// Whether libraries make such a call knowingly, and nothing else can have been meant.
    fn is_harmless(&self) -> bool {
        // Nothing was to be deleted: libuv deletes before every close, and looks at no error.
        let is_idle = self.is_open && !self.was_closed && self.registered.is_none();
        match (self.op, self.errno) {
            (DEL, ENOENT) => is_idle,
            // Libev does not delete what it stops watching, and adds it again later: what the kernel
            // has is then what is wanted.
            (ADD, EEXIST) => self.is_in_use && !self.was_closed,
            (ADD, EPERM) => self.after == After::FallsBack,
            _ => false,
        }
    }

    /// Whether the program may be right to go on: see `checker/refused.rs`.
    pub const fn may_fall_back(&self) -> bool {
        self.op == ADD && self.errno == EPERM
    }

    /// Whether the program waits for a file of which nothing is left to wait for: it is read unseen, or
    /// nobody reads it.
    fn waits_for_nothing(&self, kernel: &mut dyn Kernel) -> bool {
        let After::Waits { is_open } = self.after else { return false };
        if self.events & bits::IN == 0 {
            return self.events & bits::OUT == 0;
        }
        // It may be closed by now, and its number used again.
        let now = kernel.unread(self.fd).filter(|_| is_open && !kernel.was_closed(self.fd));
        let is_moved = now.is_some() && now != self.unread;
        self.unread.unwrap_or(0) == 0 || is_moved
    }

    /// Failures of one kind at one place are one mistake.
    pub fn kind(&self) -> (i32, i32, bool) {
        (self.op, self.errno, self.is_harmless())
    }

    /// Whether the thread's next call may show that it was meant so: see
    /// [`Failure::is_made_good_by`].
    pub fn may_be_made_good(&self) -> bool {
        matches!((self.op, self.errno), (ADD, EEXIST) | (MOD, ENOENT))
    }

    pub fn sites(&self) -> [(Role, Site); 3] {
        let closed = if self.was_closed { self.closed } else { Site::default() };
        [
            (Role::RegisteredBy, self.registered.unwrap_or_default()),
            (Role::ClosedBy, closed),
            (Role::DuplicatedBy, self.duplicated),
        ]
    }

    fn call(&self) -> String {
        let op = match self.op {
            ADD => "EPOLL_CTL_ADD",
            DEL => "EPOLL_CTL_DEL",
            MOD => "EPOLL_CTL_MOD",
            other => return format!("epoll_ctl({}, {other}, {})", self.epfd, self.fd),
        };
        format!("epoll_ctl({}, {op}, {})", self.epfd, self.fd)
    }

    /// The reason, from what is known of the descriptor.
    fn reason(&self, is_listed: Option<bool>) -> String {
        let fd = self.fd;
        match self.errno {
            EBADF if self.was_closed => format!(
                "fd {fd} was registered here and closed since; if its file is still open elsewhere the \
                 registration lives on and cannot be removed"
            ),
            EBADF if !self.is_open => format!("fd {fd} is not open"),
            EEXIST => format!("fd {fd} is registered already, for {}", bits::names(self.interest)),
            ENOENT if self.was_closed => format!(
                "fd {fd} was registered here and closed since: the number is another file now, which is not \
                 registered{}",
                if is_listed == Some(true) { "; the old registration is still there" } else { "" },
            ),
            ENOENT if self.registered.is_none() => format!("fd {fd} was never registered here"),
            ENOENT => format!("fd {fd} is not registered here any more"),
            EPERM => format!(
                "fd {fd} is a file that epoll does not support: a regular file or a directory is always ready"
            ),
            EINVAL => self.invalid().to_owned(),
            ELOOP => format!(
                "adding epoll {fd} to {} would make a loop, or a chain that is too deep",
                self.epfd
            ),
            _ => "the kernel gave no more reason than its errno".to_owned(),
        }
    }

    /// What to do about this errno.
    fn advice(&self) -> Advice {
        let fix = match self.errno {
            EEXIST => "It is registered: EPOLL_CTL_MOD.",
            ENOENT if self.was_closed => {
                "EPOLL_CTL_DEL before close(): the number is another file by now. EPOLL_CTL_ADD that one."
            }
            ENOENT => "It is not registered: EPOLL_CTL_ADD, or nothing where it was to be deleted.",
            EBADF if self.was_closed => "EPOLL_CTL_DEL before close().",
            EBADF => "Register a descriptor while it is open.",
            EPERM => {
                "Regular files and directories are always ready: read and write them without epoll."
            }
            ELOOP => "Do not let epolls watch each other; five in a row are the most.",
            _ if self.epfd == self.fd => "Register the descriptor, not the epoll itself.",
            _ if (self.events | self.interest) & bits::EXCLUSIVE != 0 => {
                "EPOLLEXCLUSIVE is for EPOLL_CTL_ADD: to change the interest, delete and add again."
            }
            _ => EXPLANATION.fix,
        };
        Advice { fix, manual: self.manual() }
    }

    const fn manual(&self) -> &'static str {
        match self.errno {
            EEXIST => "epoll_ctl(2), EEXIST",
            ENOENT => "epoll_ctl(2), ENOENT",
            EBADF => "epoll_ctl(2), EBADF; epoll(7), Q6",
            EPERM => "epoll_ctl(2), EPERM",
            ELOOP => "epoll_ctl(2), ELOOP",
            _ => "epoll_ctl(2), EINVAL",
        }
    }

    fn invalid(&self) -> &'static str {
        if self.epfd == self.fd {
            "an epoll cannot watch itself"
        } else if !(ADD..=MOD).contains(&self.op) {
            "there is no such operation"
        } else if self.op == MOD && (self.events | self.interest) & bits::EXCLUSIVE != 0 {
            "what was added with EPOLLEXCLUSIVE can only be deleted, not modified"
        } else if self.events & bits::EXCLUSIVE != 0 {
            "EPOLLEXCLUSIVE goes with EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLWAKEUP and EPOLLET only, and \
             not with an epoll as its descriptor"
        } else {
            "the arguments do not go together"
        }
    }
}

/// The error happened; the kernel is asked what it still lists.
pub(crate) fn confirm(suspicion: Suspicion, now: Nanos, kernel: &mut dyn Kernel) -> Verdict {
    let Case::Ctl(failure) = &suspicion.case else { return Verdict::Refuted };
    // A busy machine or a garbage collector may hold it for long.
    if failure.is_retry_awaited && suspicion.tries < PATIENCE && kernel.is_on_its_way(suspicion.tid)
    {
        return Verdict::Again(suspicion, RETRY);
    }
    let is_listed = kernel
        .registrations(failure.epfd)
        .map(|listed| listed.iter().any(|one| one.fd == failure.fd));
    let name = match failure.errno {
        ENOENT => "ENOENT",
        EBADF => "EBADF",
        EPERM => "EPERM",
        EEXIST => "EEXIST",
        EINVAL => "EINVAL",
        ELOOP => "ELOOP",
        // Of the machine, not of the program: ENOMEM, ENOSPC. EFAULT speaks for itself.
        _ => return Verdict::Refuted,
    };
    let what = format!("{} failed with {name}: {}", failure.call(), failure.reason(is_listed));
    let is_harmless = failure.is_harmless() || failure.waits_for_nothing(kernel);
    let certainty = if is_harmless { Certainty::Note } else { Certainty::Fact };
    let advice = failure.advice();
    suspicion.becomes(certainty, now, what, None).advising(advice)
}
