//! `epfd-misuse`.

use crate::checker::{AtFailure, Checker, Standing};
use crate::ports::{Kernel, Nanos, Tid};
use crate::rule::{Certainty, Explanation};
use crate::suspicion::{Case, Suspicion, Verdict};

/// Its page.
pub const EXPLANATION: Explanation = Explanation {
    finds: "\
        The epoll descriptor is closed, is no epoll, or is closed while a thread waits on it.",
    hurts: "\
        A wait that fails at once, in a loop that ignores the error, spins. A number that was \
        closed and used again may be somebody else's epoll. And close() does not wake a thread \
        that waits: it sleeps on, and the shutdown that joins it hangs.",
    evidence: "\
        epoll_wait or epoll_ctl returned EBADF or EINVAL because the descriptor is closed or is \
        not an epoll; or a thread is still asleep in its wait 1 s after another thread closed \
        that epoll. Certain.",
    silent: "\
        When the epoll has another descriptor. When the waiter returns within 1 s: it was woken, \
        by an event or by its timeout. EINVAL for another reason is `ctl-error`.",
    fix: "\
        End the waiting thread first: write to an eventfd that is registered for this, join, \
        then close. Check what epoll_create1() returned.",
    wrong: r"/* thread A */ epoll_wait(epfd, events, 64, -1);
/* thread B */ close(epfd);      /* A sleeps on */
               pthread_join(a, NULL);",
    right: r"/* thread B */ stopping = 1;
               write(wakeup, &one, sizeof one);   /* an eventfd that epfd watches */
               pthread_join(a, NULL);
               close(epfd);",
    manual: "epoll_wait(2), ERRORS; close(2), Multithreaded processes and close()",
    seen: &[
        "https://github.com/golang/go/issues/22606",
        "https://github.com/apache/brpc/issues/1333",
        "https://github.com/canonical/snapd/pull/13204",
        "https://github.com/acassen/keepalived/pull/1811",
    ],
};

const EBADF: i32 = 9;
const EINVAL: i32 = 22;

/// In which way.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Misuse {
    WaitOnClosed,
    WaitOnForeign,
    CtlOnClosed,
    CtlOnForeign,
    /// Its `waits`-th wait is the one that it must still be in.
    ClosedUnderWaiter {
        waiter: Tid,
        waits: u32,
    },
}

impl Misuse {
    /// A failed `epoll_ctl`; `None`: the epoll is not to blame.
    pub const fn of_ctl(at: AtFailure) -> Option<Self> {
        match (at.errno, at.epfd) {
            (EBADF, None) => Some(Self::CtlOnClosed),
            (EINVAL, Some(false)) => Some(Self::CtlOnForeign),
            _ => None,
        }
    }

    /// What fails in one way at one place is one mistake; a waiter is one of its own. No operation of
    /// `epoll_ctl` is negative.
    pub const fn kind(self) -> Option<(i32, i32, bool)> {
        match self {
            Self::WaitOnClosed => Some((-1, EBADF, false)),
            Self::WaitOnForeign => Some((-1, EINVAL, false)),
            Self::CtlOnClosed => Some((-2, EBADF, false)),
            Self::CtlOnForeign => Some((-2, EINVAL, false)),
            Self::ClosedUnderWaiter { .. } => None,
        }
    }

    /// A failed wait, likewise.
    pub const fn of_wait(at: AtFailure) -> Option<Self> {
        match (at.errno, at.epfd) {
            (EBADF, None) => Some(Self::WaitOnClosed),
            (EINVAL, Some(false)) => Some(Self::WaitOnForeign),
            _ => None,
        }
    }
}

/// A waiter must be in the same wait still.
pub(crate) fn stands(checker: &mut Checker, suspicion: &mut Suspicion) -> Standing {
    let Case::Epfd(Misuse::ClosedUnderWaiter { waiter, waits }) = suspicion.case else {
        return Standing::Ask;
    };
    match checker.threads.get(waiter) {
        Some(thread) if thread.wait.is_some() && thread.waits == waits => Standing::Ask,
        _ => Standing::Void,
    }
}

/// A waiter must exist; the rest is what a call has returned.
pub(crate) fn confirm(suspicion: Suspicion, now: Nanos, kernel: &mut dyn Kernel) -> Verdict {
    let epfd = suspicion.epfd;
    let Case::Epfd(misuse) = suspicion.case else { return Verdict::Refuted };
    let what = match misuse {
        Misuse::WaitOnClosed => format!("epoll_wait on fd {epfd}, which is not open: EBADF"),
        Misuse::WaitOnForeign => {
            format!("epoll_wait on fd {epfd}, which is open, but not an epoll: EINVAL")
        }
        Misuse::CtlOnClosed => format!("epoll_ctl on epfd {epfd}, which is not open: EBADF"),
        Misuse::CtlOnForeign => {
            format!("epoll_ctl on fd {epfd}, which is open, but not an epoll: EINVAL")
        }
        Misuse::ClosedUnderWaiter { waiter, .. } => {
            if !kernel.is_alive(waiter) {
                return Verdict::Refuted;
            }
            format!(
                "epfd {epfd} was closed while thread {waiter} waits on it: close does not wake it, and nobody \
                 can add to what it waits for any more"
            )
        }
    };
    suspicion.becomes(Certainty::Certain, now, what, None)
}
