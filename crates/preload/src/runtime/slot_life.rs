//! When this process has a slot of the shared page, and what becomes of it: at the start, at a fork, at an exec
//! and at the end.
//!
//! Only the start opens a file. The rest is atomics, which a signal handler may use, and a child of vfork, which
//! has its parent's memory: it leaves its parent's slot alone, and is known by its own process id.
//!
//! Surprising: a forked child gets a slot that its parent has reserved before the fork. The parent may have
//! ended before the child runs at all, and the observer is to know that there is one.

use crate::runtime::process;
use crate::runtime::shared_page::{close_now, own, page, ring, set_own};
use epshim_observe::proc;
use epshim_page::{FEW, FIRST, Page, SLOTS, State};
use epshim_report::{End, Fate, How};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::read;
use std::ffi::c_int;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// There is no slot.
const NONE: usize = usize::MAX;

/// The slot for the next child that is forked.
static RESERVED: AtomicUsize = AtomicUsize::new(NONE);

/// Another program of this process was here, and has left findings or waits.
#[derive(Debug)]
pub struct Before(pub End);

/// A watched program begins: it has a slot from now on. Returns what the program before it has left.
pub fn begin(now: Duration) -> Option<Before> {
    let page = page()?;
    let pid = process::id();
    let started = started(pid)?;
    page.starts_none(pid.unsigned_abs());
    let found = page.states.find(pid).filter(|&slot| is_of(page, slot, Some(started)));
    let number = found.or_else(|| page.states.reserve())?;
    let slot = page.slot(number);
    let is_left =
        found.is_some() && page.states.of(number) != State::Ended && slot.is_of_interest();
    let before =
        is_left.then(|| Before(slot.end(pid.unsigned_abs(), now, Fate::new(How::Executed))));
    slot.begin();
    page.states.give(number, pid, started, State::Running);
    set_own(Some(number));
    if number == FIRST {
        ring(page);
    }
    before
}

/// A program begins that is not watched, in a process that another one has started.
pub fn begin_unwatched() {
    let Some(page) = page() else { return };
    let pid = process::id();
    let slot = page.states.find(pid).filter(|&slot| is_of(page, slot, started(pid)));
    match slot.map(|slot| (slot, page.states.of(slot))) {
        // It counts as long as it is in this state, and the observer says its end.
        Some((_, State::Executing)) => return,
        // A child that never waited.
        Some((slot, State::Running)) => page.states.set(slot, State::Free),
        _ => {}
    }
    if !page.marks.take(pid.unsigned_abs()) {
        page.unwatched.fetch_add(1, Relaxed);
    }
}

/// Whether the process of this id that has the slot is the one that has started then. A forked child does not
/// know when it has.
fn is_of(page: &Page, slot: usize, started: Option<u64>) -> bool {
    started.is_some_and(|started| [0, started].contains(&page.states.started(slot)))
}

/// When this process started, as /proc has it. `None`: /proc is another pid namespace's, and the id there
/// is another one.
fn started(pid: c_int) -> Option<u64> {
    let file = open(c"/proc/self/stat", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let mut text = [0; 1024];
    let length = read(&file, &mut text);
    close_now(file);
    let text = text.get(..length.ok()?)?;
    proc::stat(text).filter(|stat| stat.pid == pid)?.started
}

/// Reserves a slot. The lowest that are free come first: where only the last are, the observer is to free those
/// of dead processes.
fn take(page: &Page) -> Option<usize> {
    let slot = page.states.reserve();
    if slot.is_none_or(|slot| slot + FEW > SLOTS) {
        ring(page);
    }
    slot
}

/// Before fork(3): there is a slot for the child.
pub fn reserve() {
    let Some((page, ..)) = own() else { return };
    let reserved = RESERVED.load(Relaxed);
    let is_there = reserved != NONE && page.states.of(reserved) == State::Reserved;
    if !is_there {
        RESERVED.store(take(page).unwrap_or(NONE), Relaxed);
    }
}

/// In a forked child: takes that slot, or another one where a sibling was faster.
pub fn forked() {
    let had_one = set_own(None);
    let reserved = RESERVED.swap(NONE, Relaxed);
    let Some(page) = page().filter(|_| had_one) else { return };
    // The first of a new pid namespace: its id means nothing to the observer, nor do its children's.
    if process::id() == 1 {
        return;
    }
    let is_own = reserved != NONE && page.states.change(reserved, State::Reserved, State::Taken);
    let number = if is_own { Some(reserved) } else { page.states.reserve() };
    have(page, number);
}

/// This process is about to execute another program, or a child of vfork in its memory is. Returns whether
/// that was written down.
pub fn executes() -> bool {
    let Some((page, number, slot)) = own() else { return false };
    if process::owns_memory() {
        if number == FIRST || slot.is_of_interest() {
            let is_marked = page.states.change(number, State::Running, State::Executing);
            ring(page);
            return is_marked;
        }
        // Nothing is to be said of it any more.
        set_own(None);
        page.states.set(number, State::Free);
    }
    page.starts_program(process::current_id().unsigned_abs());
    true
}

/// It did not.
pub fn executes_not() {
    let Some(page) = page() else { return };
    let is_own = process::owns_memory();
    if let Some((_, number, _)) = own().filter(|_| is_own) {
        page.states.change(number, State::Executing, State::Running);
        return;
    }
    page.starts_none(process::current_id().unsigned_abs());
    if is_own {
        have(page, take(page));
    }
}

/// This process, which has none, has the slot from now on.
fn have(page: &Page, slot: Option<usize>) {
    if let Some(number) = slot {
        page.slot(number).begin();
        page.states.give(number, process::id(), 0, State::Running);
        set_own(Some(number));
    }
}

/// The process ends. Where its end could not be written, the observer writes it. The slot of the first process
/// is not another one's after that.
pub fn ended(is_written: bool) {
    let Some((page, number, slot)) = own() else { return };
    if !is_written && (number == FIRST || slot.is_of_interest()) {
        return;
    }
    let state = if number == FIRST { State::Ended } else { State::Free };
    if number != FIRST {
        set_own(None);
    }
    page.states.set(number, state);
}
