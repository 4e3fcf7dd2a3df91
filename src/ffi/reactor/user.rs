//! The reactor behind the C functions, and who may use it when.
//!
//! A reactor is used by one thread at a time. Each call claims it for its thread and gives it back;
//! a run keeps it. So a call from another thread than the one that runs it is an error, and the
//! inside is never seen by two. Only the waker is shared.
//!
//! A callback may call everything again, so no reference to the inside lives while it runs: a run
//! goes in steps, each of which borrows the inside anew. A signal handler that interrupts a step
//! and calls what is not for signal handlers is refused too.

use crate::reactor::{Core, Turn, Waker};
use crate::sys::{Errno, Result, this_thread};
use core::cell::UnsafeCell;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use core::sync::atomic::{AtomicUsize, compiler_fence};
use core::time::Duration;
use libc::{c_int, c_void};

/// What C calls `epshim_callback`.
pub type Callback = unsafe extern "C" fn(*mut CReactor, u64, u32, *mut c_void);

/// What C calls `struct epshim_reactor`, and cannot see into.
pub struct CReactor {
    /// No thread (0), the thread that runs it while a callback may use it ([`this_thread`]), or the
    /// thread that is inside ([`this_thread`] and [`INSIDE`]).
    user: AtomicUsize,
    /// Shared by all threads, without a claim.
    waker: Waker,
    /// For the thread that is inside.
    inside: UnsafeCell<Inside>,
}

const INSIDE: usize = 1;

pub(super) struct Inside {
    pub core: Core<Target>,
    pub on_wake: Option<Target>,
    pub on_round_end: Option<Target>,
}

/// Whom to call.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub callback: Callback,
    pub data: *mut c_void,
}

impl CReactor {
    pub(super) fn new(core: Core<Target>) -> Self {
        let waker = core.waker().clone();
        let inside = UnsafeCell::new(Inside { core, on_wake: None, on_round_end: None });
        Self { user: AtomicUsize::new(0), waker, inside }
    }

    /// Claims the inside for this thread, [`this_thread`]. Returns what to pass to [`leave`](Self::leave): 0, or if
    /// this is a callback of a run the name of this thread.
    fn enter(&self, me: usize) -> Result<usize> {
        // Only this thread writes its name, so that a relaxed look is enough to find it.
        let before = if self.user.load(Relaxed) == me { me } else { 0 };
        let claimed = self.user.compare_exchange(before, me | INSIDE, Acquire, Relaxed);
        claimed.map_err(|_| error(libc::EINVAL))
    }

    /// As [`enter`](Self::enter), but not in a callback.
    fn enter_idle(&self, me: usize) -> Result<()> {
        match self.enter(me)? {
            0 => Ok(()),
            callback => {
                self.leave(callback);
                Err(error(libc::EBUSY))
            }
        }
    }

    fn leave(&self, before: usize) {
        self.user.store(before, Release);
    }
}

/// # Safety
///
/// `reactor` is null or a reactor, and stays one while the result is used.
unsafe fn get<'a>(reactor: *const CReactor) -> Result<&'a CReactor> {
    // SAFETY: null or a reactor by the caller's contract. All its fields may be shared.
    unsafe { reactor.as_ref() }.ok_or_else(|| error(libc::EFAULT))
}

/// The waker, which every thread may use.
///
/// # Safety
///
/// As [`get`].
pub(super) unsafe fn shared_waker<'a>(reactor: *const CReactor) -> Result<&'a Waker> {
    // SAFETY: the caller's contract.
    unsafe { get(reactor) }.map(|reactor| &reactor.waker)
}

/// Lets `step` use the inside, if this thread may. It must not call back.
///
/// # Safety
///
/// `reactor` is null or a reactor.
pub(super) unsafe fn with<R>(
    reactor: *const CReactor,
    step: impl FnOnce(&mut Inside) -> Result<R>,
) -> Result<R> {
    // SAFETY: the caller's contract.
    let reactor = unsafe { get(reactor) }?;
    let before = reactor.enter(this_thread())?;
    // SAFETY: this thread has just claimed it, and no step comes back here.
    let result = step(unsafe { &mut *reactor.inside.get() });
    reactor.leave(before);
    result
}

/// Claims a reactor that does not run, for good. `EBUSY` in a callback of its run.
///
/// # Safety
///
/// `reactor` is null or a reactor.
pub(super) unsafe fn give_up(reactor: *const CReactor) -> Result<()> {
    // SAFETY: the caller's contract.
    unsafe { get(reactor) }?.enter_idle(this_thread())
}

/// Claims a reactor for a run. `EBUSY` in a callback of its run.
///
/// # Safety
///
/// `reactor` is null or a reactor, which is not freed meanwhile.
pub(super) unsafe fn running<R>(
    reactor: *mut CReactor,
    run: impl FnOnce(&Run) -> Result<R>,
) -> Result<R> {
    // SAFETY: the caller's contract.
    let shared = unsafe { get(reactor) }?;
    let me = this_thread();
    shared.enter_idle(me)?;
    let result = run(&Run { reactor, shared, me });
    shared.leave(0);
    result
}

/// A reactor that this thread runs.
pub(super) struct Run<'a> {
    reactor: *mut CReactor,
    shared: &'a CReactor,
    me: usize,
}

impl Run<'_> {
    pub fn waker(&self) -> &Waker {
        &self.shared.waker
    }

    /// [`with`], where it is known who may use it.
    #[inline(always)]
    fn step<R>(&self, step: impl FnOnce(&mut Inside) -> R) -> R {
        // Only a signal handler of this thread could look meanwhile: no more than the order is
        // needed.
        self.shared.user.store(self.me | INSIDE, Relaxed);
        compiler_fence(SeqCst);
        // SAFETY: the run has claimed it for this thread, and no step comes back here.
        let result = step(unsafe { &mut *self.shared.inside.get() });
        self.shared.leave(self.me);
        result
    }

    /// Begins a round, if none was left in the middle.
    #[inline]
    pub fn begin(&self, timeout: Option<Duration>) -> Result<()> {
        self.step(|inside| match inside.core.is_in_round() {
            true => Ok(()),
            false => inside.core.wait(timeout),
        })
    }

    /// Makes the next callback of the round. None: the round is done. Some: how many were made;
    /// a turn may have no callback, as a wake-up has none.
    #[inline(always)]
    pub fn turn(&self) -> Option<c_int> {
        let (target, handle, events) = self.step(|inside| {
            let turn = inside.core.next_turn()?;
            Some(match turn {
                Turn::Ready { key, flags } => {
                    (inside.core.value(key).copied(), key.0, flags.bits())
                }
                Turn::Timer(key) => (inside.core.value(key).copied(), key.0, 0),
                Turn::Wake => (inside.on_wake, 0, 0),
                Turn::RoundEnd => (inside.on_round_end, 0, 0),
            })
        })?;
        let Some(Target { callback, data }) = target else { return Some(0) };
        // SAFETY: sound by the contract that the caller accepted when it registered it, which lasts.
        unsafe { callback(self.reactor, handle, events, data) };
        Some(1)
    }
}

pub(super) fn error(code: c_int) -> Errno {
    Errno(code)
}
