//! Waits that spin before they sleep: `Epoll::wait_spinning` and `Reactor::set_spin`.
//!
//! The test program's own `epoll_wait` stands before libc's and counts the looks, the waits that
//! must not sleep, of each thread.

use epshim::{CreateFlags, Epoll, EventBuffer, EventData, EventFlags, Reactor, Turn};
use libc::{c_int, epoll_event};
use std::io::Write;
use std::mem::MaybeUninit;
use std::os::unix::net::UnixStream;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

thread_local!(static LOOKS: Arc<AtomicUsize> = Arc::default());

/// # Safety
///
/// As libc's: the kernel validates everything.
#[unsafe(no_mangle)]
unsafe extern "C" fn epoll_wait(
    epfd: c_int,
    events: *mut epoll_event,
    maxevents: c_int,
    timeout: c_int,
) -> c_int {
    if timeout == 0 {
        LOOKS.with(|looks| looks.fetch_add(1, SeqCst));
    }
    // SAFETY: the arguments of epoll_wait(2), passed on.
    unsafe { libc::epoll_pwait(epfd, events, maxevents, timeout, ptr::null()) }
}

/// The looks of this thread, to be read by any.
fn looks() -> Arc<AtomicUsize> {
    LOOKS.with(Arc::clone)
}

/// Waits until a thread has looked the given number of times more.
fn wait_for_looks(looks: &AtomicUsize, more: usize) {
    let (enough, start) = (looks.load(SeqCst) + more, Instant::now());
    while looks.load(SeqCst) < enough {
        assert!(start.elapsed() < LONG, "the thread does not look, it sleeps");
        thread::yield_now();
    }
}

fn watched() -> (Epoll, EventBuffer, UnixStream, UnixStream) {
    let epoll = Epoll::create(CreateFlags::CLOEXEC).unwrap();
    let (ours, theirs) = UnixStream::pair().unwrap();
    epoll.add(&ours, EventFlags::IN, EventData::from_u64(1)).unwrap();
    (epoll, EventBuffer::with_capacity(4), ours, theirs)
}

#[test]
fn what_comes_while_it_spins_is_found_without_sleep() {
    let (epoll, mut events, _ours, mut theirs) = watched();
    let looks = looks();
    let writer = thread::spawn(move || {
        wait_for_looks(&looks, 100);
        theirs.write_all(b"x").unwrap();
        theirs
    });
    assert_eq!(epoll.wait_spinning(&mut events, LONG, None).unwrap(), 1);
    assert_eq!(events.as_slice()[0].flags(), EventFlags::IN);
    writer.join().unwrap();
}

#[test]
fn what_is_there_is_found_with_one_look_and_without_spinning_there_is_none() {
    let (epoll, mut events, _ours, mut theirs) = watched();
    let counter = looks();
    let timeout = Some(Duration::from_millis(1));
    assert_eq!(epoll.wait_spinning(&mut events, Duration::ZERO, timeout).unwrap(), 0);
    assert_eq!(counter.load(SeqCst), 0);
    theirs.write_all(b"x").unwrap();
    for spin in [Duration::from_nanos(1), LONG, Duration::MAX] {
        let before = counter.load(SeqCst);
        assert_eq!(epoll.wait_spinning(&mut events, spin, None).unwrap(), 1);
        assert_eq!(counter.load(SeqCst), before + 1);
    }
}

#[test]
fn the_timeout_ends_the_spinning() {
    let (epoll, mut events, _ours, _theirs) = watched();
    let timeout = Duration::from_millis(20);
    for spin in [timeout, LONG * 2, Duration::MAX] {
        let start = Instant::now();
        assert_eq!(epoll.wait_spinning(&mut events, spin, Some(timeout)).unwrap(), 0);
        assert!(start.elapsed() >= timeout && start.elapsed() < LONG);
    }
}

#[test]
fn the_spinning_counts_towards_the_timeout() {
    let (epoll, mut events, _ours, _theirs) = watched();
    let (spin, timeout) = (Duration::from_millis(30), Duration::from_millis(40));
    let took = |_| {
        let start = Instant::now();
        assert_eq!(epoll.wait_spinning(&mut events, spin, Some(timeout)).unwrap(), 0);
        start.elapsed()
    };
    // On a busy machine one wait may be late, but not every one.
    let shortest = (0..50).map(took).min().unwrap();
    assert!(shortest >= timeout && shortest < spin + timeout, "{shortest:?}");
}

fn blocked_signals() -> Vec<c_int> {
    let mut mask = MaybeUninit::uninit();
    // SAFETY: pthread_sigmask writes the mask, which lives through the call.
    let mask = unsafe {
        libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), mask.as_mut_ptr());
        mask.assume_init()
    };
    // SAFETY: the mask was initialised above.
    (1..32).filter(|&signal| unsafe { libc::sigismember(&raw const mask, signal) } == 1).collect()
}

#[test]
fn a_handler_that_is_due_while_it_spins_ends_the_wait_with_eintr() {
    static HANDLED: AtomicUsize = AtomicUsize::new(0);
    extern "C" fn handle(_: c_int) {
        HANDLED.fetch_add(1, SeqCst);
    }
    // SAFETY: a plain structure, filled before use; the handler is async-signal-safe.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handle as extern "C" fn(c_int) as usize;
        assert_eq!(libc::sigaction(libc::SIGUSR1, &raw const action, ptr::null_mut()), 0);
    }
    let (epoll, mut events, _ours, _theirs) = watched();
    let blocked = blocked_signals();
    let looks = looks();
    // SAFETY: takes no arguments.
    let this = unsafe { libc::pthread_self() };
    let sender = thread::spawn(move || {
        wait_for_looks(&looks, 10);
        // SAFETY: that thread lives: it joins this one.
        assert_eq!(unsafe { libc::pthread_kill(this, libc::SIGUSR1) }, 0);
    });
    // Short of processor time, the signal may come when a wait has begun to sleep: EINTR as well.
    let interrupted = epoll.wait_spinning(&mut events, Duration::from_millis(300), Some(LONG));
    assert_eq!(interrupted.unwrap_err().raw_os_error(), Some(libc::EINTR));
    assert_eq!(HANDLED.load(SeqCst), 1);
    assert_eq!(blocked_signals(), blocked);
    sender.join().unwrap();
}

#[test]
fn a_reactor_spins_when_told_to() {
    let mut reactor = Reactor::<UnixStream>::new().unwrap();
    let counter = looks();
    reactor.run_once(Some(Duration::from_millis(1)), |_, turn| panic!("{turn:?}")).unwrap();
    assert_eq!(counter.load(SeqCst), 0);

    reactor.set_spin(LONG);
    let (waker, looks) = (reactor.waker(), looks());
    let waking = thread::spawn(move || {
        wait_for_looks(&looks, 100);
        waker.wake();
    });
    assert_eq!(reactor.run_once(None, |_, turn| assert_eq!(turn, Turn::Wake)).unwrap(), 1);
    waking.join().unwrap();
}

#[test]
fn a_spinning_reactor_is_on_time_for_its_timers() {
    let mut reactor = Reactor::<UnixStream>::new().unwrap();
    reactor.set_spin(LONG * 2);
    let start = Instant::now();
    let deadline = start + Duration::from_millis(20);
    let timer = reactor.add_timer(deadline).unwrap();
    assert_eq!(reactor.run_once(None, |_, turn| assert_eq!(turn, Turn::Timer(timer))).unwrap(), 1);
    assert!(Instant::now() >= deadline && start.elapsed() < LONG);
}
