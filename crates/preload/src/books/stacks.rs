//! Call sites with their callers. A site is a return address; or, where the callers were recorded
//! too, the number of a stack that is kept here once.
//!
//! A stack has the return addresses, and in an interpreted program its lines. So two calls from different lines are two
//! sites, though the interpreter makes both of them by the same way. Where no line is the user's own, because
//! an event loop makes the call later, the stack has the number of the one that the descriptor belongs to.
//!
//! The walk to the callers (`questions/callers.rs`) takes microseconds: only for calls that are rare, and
//! never for reads, writes and closes.
//!
//! Surprising: a call has its own address only where other threads are recording stacks just now, where the
//! kernel copies no memory, and on architectures whose stacks are not walked.

use crate::books::words::{Found, Kept};
use crate::books::{belongings, recording};
use crate::questions::line::Line;
use crate::questions::{callers, lines};
use crate::runtime::lock::{Locked, PATIENCE};
use epshim_check::options::Interpreter;
use epshim_interpreters::user::Owner;
use epshim_observe::{Site, What};
use std::collections::BTreeSet;
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

static DEPTH: AtomicUsize = AtomicUsize::new(0);
static KEPT: Locked<Kept> = Locked::new(Kept::new());

/// Before the checking starts: how many callers are recorded, and of which languages lines are.
pub fn start(depth: u8, wanted: &BTreeSet<Interpreter>) {
    DEPTH.store(usize::from(depth), Relaxed);
    if depth > 0 {
        callers::prepare(depth.into());
    }
    lines::prepare(wanted);
}

/// The call that returns to `site`, without its callers.
pub fn only(site: *const c_void) -> Site {
    Site(site.addr() as u64)
}

/// The call that returns to `site`, with its callers.
pub fn capture(site: *const c_void) -> Site {
    capture_of(site, -1)
}

/// The same of a call on a descriptor, which may be made long after the user's own code asked for it.
///
/// In an interpreted program it has lines in place of callers: an interpreter's callers are the same for all calls, and
/// where they cannot be found just now the site would be another one.
pub fn capture_of(site: *const c_void, fd: c_int) -> Site {
    let address = only(site);
    let found = lines::of_this_thread(site.addr(), |lines| {
        let is_deferred = fd >= 0 && !lines.is_empty() && users(lines).is_none();
        let belongs = is_deferred.then(|| belongings::of(fd)).flatten();
        at_lines(address.0, lines, belongs)
    });
    if found != address { found } else { with_callers(site) }
}

#[inline(never)]
fn with_callers(site: *const c_void) -> Site {
    let (address, depth) = (only(site), DEPTH.load(Relaxed));
    if depth == 0 {
        return address;
    }
    let kept = callers::of_call(site.addr(), depth, |frames| {
        if frames.len() < 2 {
            return None;
        }
        // This thread does not wait for another one that holds the lock now.
        KEPT.with(0, |kept| number(kept, frames, &[], None)).flatten()
    });
    kept.flatten().map_or(address, Site::of_stack)
}

/// The call with these return addresses, which were found otherwise.
pub fn keep(frames: &[usize]) -> Option<Site> {
    let kept = KEPT.with(0, |kept| number(kept, frames, &[], None)).flatten();
    kept.map(Site::of_stack)
}

/// The number of a stack; a recording has its addresses, once.
fn number(kept: &mut Kept, frames: &[usize], lines: &[Line], belongs: Option<u64>) -> Option<u64> {
    let count = kept.count();
    let number = kept.number(frames, lines, belongs)?;
    if number == count && recording::is_on() {
        let addresses = frames.iter().map(|&address| address as u64).collect();
        recording::write(Site::of_stack(number), &What::Callers { addresses });
    }
    Some(number)
}

/// The number of the calling thread's own line, where it is in code of the user's: what a descriptor belongs to.
pub fn users_line(site: *const c_void) -> Option<u64> {
    lines::of_this_thread(site.addr(), |lines| {
        users(lines)?;
        KEPT.with(1, |kept| number(kept, &[site.addr()], lines, None)).flatten()
    })
}

/// The site of a call of this thread's, with its lines and without other callers: the same as [`of_sleeping`] has it.
pub fn with_lines(site: u64) -> Site {
    if lines::are_of_the_caller() {
        return Site(site);
    }
    lines::of_this_thread(site as usize, |lines| at_lines(site, lines, None))
}

/// The site of a call of this thread's that may block: with its lines, where only the thread itself can say them.
pub fn before_blocking(site: *const c_void) -> Site {
    if !lines::are_of_the_caller() {
        return only(site);
    }
    lines::of_this_thread(site.addr(), |lines| at_lines(site.addr() as u64, lines, None))
}

/// The site of a call that another thread sleeps in, with that thread's lines.
pub fn of_sleeping(tid: c_int, site: u64) -> Site {
    lines::of_thread(tid, |lines| at_lines(site, lines, None))
}

fn at_lines(site: u64, lines: &[Line], belongs: Option<u64>) -> Site {
    if lines.is_empty() {
        return Site(site);
    }
    // Without them the call would look like any other: the lock is waited for.
    let number = KEPT.with(1, |kept| number(kept, &[site as usize], lines, belongs)).flatten();
    number.map_or(Site(site), Site::of_stack)
}

/// The place of the user's own line among those of a thread. What called an event loop has nothing to do with
/// what the loop does now.
pub fn users(lines: &[Line]) -> Option<usize> {
    let first = lines.iter().position(|line| lines::owner(line) != Owner::Library)?;
    (lines::owner(&lines[first]) == Owner::User).then_some(first)
}

/// What is known of a site: the return addresses, the innermost first, and lines.
pub fn of(site: Site) -> Found {
    let Some(number) = site.stack() else {
        return Found { addresses: vec![site.0 as usize], ..Found::default() };
    };
    KEPT.with(PATIENCE, |kept| kept.find(number)).flatten().unwrap_or_default()
}

/// Before fork(3): takes what guards the stacks. False: a thread does not give it back.
pub fn before_fork() -> bool {
    if !callers::before_fork() {
        return false;
    }
    if !lines::before_fork() {
        callers::after_fork();
        return false;
    }
    let is_taken = KEPT.lock().take(PATIENCE);
    if !is_taken {
        lines::after_fork();
        callers::after_fork();
    }
    is_taken
}

/// After fork(3), in both processes: gives it back.
pub fn after_fork() {
    KEPT.lock().give();
    lines::after_fork();
    callers::after_fork();
}

/// In a forked child.
pub fn forked() {
    callers::forked();
    lines::forked();
}
