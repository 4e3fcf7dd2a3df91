//! The cases of the three waits: every argument with every other, on a ready and an idle epoll.

use crate::api::{Api, LIBC, Outcome, pwait2_exists};
use crate::descriptors::{Descriptors, Which};
use crate::interrupt::Interrupter;
use crate::memory::{Arena, PLACES, Place};
use epshim::Event;
use epshim::ffi::Timespec;
use libc::{c_int, sigset_t};
use std::mem;

/// The most events the kernel takes in one wait (`EP_MAX_EVENTS` in fs/eventpoll.c).
const LIMIT: c_int = c_int::MAX / size_of::<Event>() as c_int;

const MAXEVENTS: [c_int; 9] = [1, 2, 64, 0, -1, c_int::MIN, LIMIT, LIMIT + 1, c_int::MAX];

/// The descriptors that matter to a wait.
const EPFDS: [Which; 7] = [
    Which::Epoll,
    Which::OtherEpoll,
    Which::Registered,
    Which::RegularFile,
    Which::Closed,
    Which::MinusOne,
    Which::IntMax,
];

/// The timeout, in the words of the call.
#[derive(Debug, Clone, Copy)]
pub enum Timeout {
    Milliseconds(c_int),
    /// A timespec at a place; what it says matters only where the place is good.
    Timespec(Place, i64, i64),
}

impl Timeout {
    /// Whether the wait ends by itself, so that the signal must not race with it.
    fn ends_soon(self) -> bool {
        match self {
            Self::Milliseconds(timeout) => matches!(timeout, 0 | 1),
            Self::Timespec(Place::Good | Place::Misaligned, 0, nanoseconds) => {
                (0..=1_000_000).contains(&nanoseconds)
            }
            Self::Timespec(..) => false,
        }
    }

    /// The timeout in milliseconds, rounded up, or the errno of one that the kernel refuses.
    fn in_milliseconds(self) -> Result<c_int, c_int> {
        match self {
            Self::Milliseconds(timeout) => Ok(timeout),
            Self::Timespec(Place::Null, ..) => Ok(-1),
            Self::Timespec(Place::ReadOnly, ..) => Ok(0), // All zeroes.
            Self::Timespec(Place::CutOff | Place::Forbidden | Place::Kernel, ..) => {
                Err(libc::EFAULT)
            }
            Self::Timespec(_, seconds @ 0.., nanoseconds @ 0..=999_999_999) => {
                let rounded_up = (nanoseconds as u64).div_ceil(1_000_000) as i64;
                let timeout = seconds.saturating_mul(1000).saturating_add(rounded_up);
                Ok(timeout.min(c_int::MAX.into()) as c_int)
            }
            Self::Timespec(..) => Err(libc::EINVAL),
        }
    }
}

/// A timespec, cut to what its fields hold.
fn time(seconds: i64, nanoseconds: i64) -> Timespec {
    // SAFETY: a timespec is made of integers, for which all zeroes is a value.
    let mut time: Timespec = unsafe { mem::zeroed() };
    let most = |size| i64::MAX >> (64 - 8 * size);
    let (longest, largest) = (most(size_of_val(&time.tv_sec)), most(size_of_val(&time.tv_nsec)));
    time.tv_sec = seconds.clamp(!longest, longest) as _;
    time.tv_nsec = nanoseconds.clamp(!largest, largest) as _;
    time
}

pub const MILLISECONDS: [Timeout; 5] = [
    Timeout::Milliseconds(0),
    Timeout::Milliseconds(1),
    Timeout::Milliseconds(-1),
    Timeout::Milliseconds(c_int::MIN),
    Timeout::Milliseconds(c_int::MAX),
];

pub const TIMESPECS: [Timeout; 16] = [
    Timeout::Timespec(Place::Good, 0, 0),
    Timeout::Timespec(Place::Good, 0, 1),
    Timeout::Timespec(Place::Misaligned, 0, 1_000_000),
    Timeout::Timespec(Place::Good, 0, 999_999_999 + 1),
    Timeout::Timespec(Place::Good, 0, -1),
    Timeout::Timespec(Place::Good, -1, 0),
    Timeout::Timespec(Place::Good, i64::MIN, i64::MIN),
    Timeout::Timespec(Place::Good, i64::MAX, i64::MAX),
    Timeout::Timespec(Place::Good, i64::MAX, 999_999_999),
    Timeout::Timespec(Place::Good, 1 << 40, 5),
    Timeout::Timespec(Place::Null, 0, 0),
    Timeout::Timespec(Place::CutOff, 0, 0),
    Timeout::Timespec(Place::Forbidden, 0, 0),
    Timeout::Timespec(Place::Kernel, 0, 0),
    Timeout::Timespec(Place::ReadOnly, 0, 0),
    Timeout::Timespec(Place::Misaligned, 7, -7),
];

/// Where the signal set is. None: the call takes none.
pub const NO_SIGMASK: [Option<Place>; 1] = [None];
pub const SIGMASKS: [Option<Place>; 6] = [
    Some(Place::Null),
    Some(Place::Good),
    Some(Place::Misaligned),
    Some(Place::CutOff),
    Some(Place::Forbidden),
    Some(Place::Kernel),
];

/// One call of a wait.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    pub ready: bool,
    epfd: Which,
    events: Place,
    maxevents: c_int,
    timeout: Timeout,
    sigmask: Option<Place>,
}

/// Every combination of every argument.
pub fn cases(timeouts: &[Timeout], sigmasks: &[Option<Place>]) -> Vec<Case> {
    let mut cases = Vec::new();
    for ready in [true, false] {
        for epfd in EPFDS {
            for events in PLACES {
                for maxevents in MAXEVENTS {
                    for &timeout in timeouts {
                        for &sigmask in sigmasks {
                            cases.push(Case { ready, epfd, events, maxevents, timeout, sigmask });
                        }
                    }
                }
            }
        }
    }
    cases
}

/// What stands still while calls are made. The ready epoll is made anew for each call, because a
/// wait that delivers moves what it delivered to the end of the kernel's ready list.
pub struct Stage {
    idle: Descriptors,
    events: Arena,
    times: Arena,
    sets: Arena,
    interrupter: Interrupter,
    pwait2_exists: bool,
}

impl Stage {
    pub fn new() -> Self {
        Self {
            idle: Descriptors::new(false),
            events: Arena::new(),
            times: Arena::new(),
            sets: Arena::new(),
            interrupter: Interrupter::new(),
            pwait2_exists: pwait2_exists(),
        }
    }

    /// libc's answer to a case: the oracle.
    ///
    /// About a timespec libc cannot be asked where it or the kernel has no `epoll_pwait2`, nor
    /// where it reads the timespec itself and would crash (glibc with a 32-bit `time_t`). There
    /// its `epoll_pwait` answers instead, and for a bad timeout the kernel's rule: it looks at the
    /// timeout before anything else (`epoll_pwait2` in fs/eventpoll.c).
    pub fn oracle(&self, case: Case) -> (Outcome, Vec<u8>) {
        let asked = match case.timeout {
            Timeout::Milliseconds(_) => true,
            Timeout::Timespec(place, ..) => {
                self.pwait2_exists && (size_of::<Timespec>() > 8 || place == Place::Good)
            }
        };
        match case.timeout.in_milliseconds() {
            _ if asked => self.run(&LIBC, case),
            Ok(timeout) => {
                self.run(&LIBC, Case { timeout: Timeout::Milliseconds(timeout), ..case })
            }
            Err(errno) => {
                self.events.wipe();
                (Outcome { result: -1, errno }, self.events.contents())
            }
        }
    }

    /// Makes the call, and returns its outcome and every byte of the event array.
    pub fn run(&self, api: &Api, case: Case) -> (Outcome, Vec<u8>) {
        let ready = (case.ready && case.epfd == Which::Epoll).then(|| Descriptors::new(true));
        let epfd = ready.as_ref().unwrap_or(&self.idle).number(case.epfd);
        let events = self.events.at::<Event>(case.events);
        self.events.wipe();
        // Only an idle epoll can block; then the signal ends the wait.
        let idle = ready.is_none();
        self.interrupter.arm(idle && !case.timeout.ends_soon());
        let outcome = Outcome::of(|| {
            // SAFETY: the arenas live through the call, and are not used meanwhile; whatever else
            // a pointer is, the kernel is to refuse it.
            unsafe {
                match (case.timeout, case.sigmask) {
                    (Timeout::Milliseconds(timeout), None) => {
                        (api.wait)(epfd, events, case.maxevents, timeout)
                    }
                    (Timeout::Milliseconds(timeout), Some(set)) => {
                        (api.pwait)(epfd, events, case.maxevents, timeout, self.sigmask(set))
                    }
                    (Timeout::Timespec(place, tv_sec, tv_nsec), set) => {
                        let time = self.times.put(place, time(tv_sec, tv_nsec));
                        let set = self.sigmask(set.unwrap_or(Place::Null));
                        (api.pwait2)(epfd, events, case.maxevents, time, set)
                    }
                }
            }
        });
        self.interrupter.arm(false);
        (outcome, self.events.contents())
    }

    /// A set that blocks SIGUSR1, and so not the signal of the interrupter.
    fn sigmask(&self, place: Place) -> *const sigset_t {
        // SAFETY: an empty set is made before a signal is added.
        let set = unsafe {
            let mut set: sigset_t = mem::zeroed();
            libc::sigemptyset(&raw mut set);
            libc::sigaddset(&raw mut set, libc::SIGUSR1);
            set
        };
        self.sets.put(place, set)
    }
}
