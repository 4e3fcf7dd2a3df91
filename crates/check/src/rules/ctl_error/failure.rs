//! A failed `epoll_ctl`: what is known of it, and what is said of that. It knows nothing of what the program
//! does next.

use crate::engine::{About, Advice, Role, Rule};
use crate::model::{Epoll, Former, Registration};
use epshim_observe::errno::{self, EBADF, EEXIST, EINVAL, ELOOP, ENOENT, EPERM};
use epshim_observe::{
    ADD, AtFailure, Ctl, DEL, Descriptors, Fd, Kernel, MOD, Nanos, Site, Tid, bits,
};

/// What the program did after a file was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// It does without epoll.
    FallsBack,
    /// It tried again.
    TriesAgain,
    /// It waits for it; or has waited in vain, and closed it.
    Waits {
        /// The descriptor is still open.
        is_open: bool,
    },
}

/// A failed `epoll_ctl`, and what is known of the descriptor's past.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failure {
    pub epfd: Fd,
    pub fd: Fd,
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
    pub after: After,
    site: Site,
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
            epoll.by_fd(ctl.fd).map(live).or_else(|| epoll.formers.of(ctl.fd).map(former))
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
            site: ctl.site,
        }
    }

    /// The second half of a known pair: ADD fails with EEXIST and MOD follows, MOD fails with ENOENT
    /// and ADD follows (libevent, libev and libuv do so).
    pub fn is_made_good_by(&self, &Ctl { op, epfd, fd, .. }: &Ctl) -> bool {
        let is_answer = match (self.op, self.errno) {
            (ADD, EEXIST) => op == MOD || op == DEL,
            (MOD, ENOENT) => op == ADD,
            _ => false,
        };
        is_answer && (epfd, fd) == (self.epfd, self.fd)
    }

    /// Whether libraries make such a call knowingly, and nothing else can have been meant.
    pub fn is_harmless(&self) -> bool {
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

    /// Whether the program may be right to go on: see `refused.rs`.
    pub const fn may_fall_back(&self) -> bool {
        self.op == ADD && self.errno == EPERM
    }

    /// Whether the program waits for a file of which nothing is left to wait for: it is read unseen, or
    /// not at all.
    pub fn waits_for_nothing(&self, kernel: &mut dyn Kernel) -> bool {
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

    pub fn about(&self, tid: Tid, now: Nanos) -> About {
        let closed = if self.was_closed { self.closed } else { Site::default() };
        About::new(Rule::CtlError, tid, now).on(self.fd, self.epfd).and([
            (Role::Now, self.site),
            (Role::RegisteredBy, self.registered.unwrap_or_default()),
            (Role::ClosedBy, closed),
            (Role::DuplicatedBy, self.duplicated),
        ])
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

    /// What happened, and why. Nothing is said of what is the machine's, not the program's: ENOMEM, ENOSPC.
    /// EFAULT speaks for itself.
    pub fn sentence(&self, is_listed: Option<bool>) -> Option<String> {
        let is_told = matches!(self.errno, ENOENT | EBADF | EPERM | EEXIST | EINVAL | ELOOP);
        let name = errno::name(self.errno).filter(|_| is_told)?;
        Some(format!("{} failed with {name}: {}", self.call(), self.reason(is_listed)))
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
            EEXIST if self.was_closed => format!(
                "fd {fd} was registered here and closed since, and is the same file again: another \
                 descriptor of it has kept the registration"
            ),
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

    /// What to do about this errno; `other`: about all of them.
    pub fn advice(&self, other: &'static str) -> Advice {
        let fix = match self.errno {
            EEXIST if self.was_closed => "EPOLL_CTL_DEL before close().",
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
            _ => other,
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
