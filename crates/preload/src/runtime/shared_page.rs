//! The page that this process shares with the observer and with the other watched processes
//! (`epshim-page`), and this process's slot in it.
//!
//! It is mapped in the constructor, through /proc and by a descriptor that is closed at once, or not at all:
//! then everything here does nothing, and the process writes its own end as far as it can. After that it is
//! memory: no call here allocates, waits or opens anything, and a signal handler may make each.
//!
//! Surprising: a forked child gets a slot that its parent has reserved before the fork. The parent may have
//! ended before the child runs at all, and the observer is to know that there is one.

use crate::runtime::process;
use epshim_check::report::{Count, End, Fate, How};
use epshim_page::{FEW, FIRST, Page, SLOTS, Slot, State};
use rustix::fd::{AsFd as _, IntoRawFd as _, OwnedFd};
use rustix::fs::{Mode, OFlags, fstat, open, readlink};
use rustix::io::{close, read};
use rustix::mm::{MapFlags, ProtFlags, mmap};
use rustix::thread::futex;
use std::ffi::c_int;
use std::fmt::Write as _;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::time::Duration;

/// There is no slot.
const NONE: usize = usize::MAX;

static PAGE: AtomicPtr<Page> = AtomicPtr::new(ptr::null_mut());
static OWN: AtomicUsize = AtomicUsize::new(NONE);
/// The slot for the next child that is forked.
static RESERVED: AtomicUsize = AtomicUsize::new(NONE);

/// The page, if there is one.
pub fn page() -> Option<&'static Page> {
    // SAFETY: null, or the mapping of `map`, which is never unmapped, of that size and used as atomics only.
    // Its file cannot shrink: the command has sealed it.
    unsafe { PAGE.load(Relaxed).as_ref() }
}

fn own() -> Option<(&'static Page, usize, &'static Slot)> {
    let number = OWN.load(Relaxed);
    let page = page().filter(|_| number != NONE)?;
    Some((page, number, page.slot(number)))
}

/// Maps the page that descriptor `number` of process `observer` is. In the constructor.
pub fn map(observer: c_int, number: c_int) {
    let mut path = String::new();
    let _ = write!(path, "/proc/{observer}/fd/{number}");
    // Another process may have that id by now: nothing of it is opened.
    if readlink(&*path, Vec::new()).is_ok_and(|name| name.as_bytes() == b"/memfd:epshim (deleted)")
    {
        let flags = OFlags::RDWR | OFlags::CLOEXEC;
        if let Ok(file) = open(&*path, flags, Mode::empty()) {
            map_file(&file);
            close_now(file);
        }
    }
}

fn map_file(file: &OwnedFd) {
    let size = size_of::<Page>();
    if !fstat(file).is_ok_and(|stat| u64::try_from(stat.st_size).is_ok_and(|is| is >= size as u64))
    {
        return;
    }
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping at an address of the kernel's choice, which is never unmapped.
    let mapped =
        unsafe { mmap(ptr::null_mut(), size, protection, MapFlags::SHARED, file.as_fd(), 0) };
    PAGE.store(mapped.unwrap_or(ptr::null_mut()).cast(), Relaxed);
    if !page().is_some_and(Page::is_one) {
        PAGE.store(ptr::null_mut(), Relaxed);
    }
}

/// Not by libc's close(2), which is the library's own hook.
fn close_now(file: OwnedFd) {
    // SAFETY: the descriptor is this function's own.
    unsafe { close(file.into_raw_fd()) };
}

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
    OWN.store(number, Relaxed);
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
    let text = String::from_utf8_lossy(text);
    let (id, rest) = text.split_once(' ')?;
    // The name, in parentheses, may have any byte in it.
    let field = rest.rsplit_once(')')?.1.split_ascii_whitespace().nth(19)?;
    (id.parse() == Ok(pid)).then(|| field.parse().ok())?
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
    let parent = OWN.swap(NONE, Relaxed);
    let reserved = RESERVED.swap(NONE, Relaxed);
    let Some(page) = page().filter(|_| parent != NONE) else { return };
    // The first of a new pid namespace: its id means nothing to the observer, nor do its children's.
    if process::id() == 1 {
        return;
    }
    let is_own = reserved != NONE && page.states.change(reserved, State::Reserved, State::Taken);
    let number = if is_own { Some(reserved) } else { page.states.reserve() };
    have(page, number);
}

/// Writes down how much was seen.
pub fn publish(waits: u64, registrations: u64, pending: usize) {
    let Some((page, number, slot)) = own() else { return };
    slot.waits.store(waits, Relaxed);
    slot.registrations.store(registrations, Relaxed);
    slot.pending.store(pending as u32, Relaxed);
    if waits > 0 && slot.is_counted.load(Relaxed) == 0 {
        count(page, number, slot);
    }
}

/// How many suspicions are being settled.
pub fn settling(number: usize) {
    if let Some((.., slot)) = own() {
        slot.settling.store(number as u32, Relaxed);
    }
}

fn count(page: &Page, number: usize, slot: &Slot) {
    if slot.is_counted.swap(1, Relaxed) == 0 {
        page.processes.fetch_add(1, Relaxed);
        if number != FIRST {
            ring(page);
        }
    }
}

/// Writes down what was found so far, and the last line of the latest finding.
pub fn found(counts: &[Count], notes: u64, summary: Option<&str>) {
    let Some((page, number, slot)) = own() else { return };
    let sum = |counts: &[Count]| counts.iter().map(|count| count.findings).sum::<u64>();
    let before = sum(&slot.rules.counts());
    slot.rules.set(counts);
    slot.notes.store(notes as u32, Relaxed);
    page.findings.fetch_add(sum(counts).saturating_sub(before) as u32, Relaxed);
    if let Some(summary) = summary {
        slot.summaries.add(summary);
        page.summaries.add(summary);
    }
    if sum(counts) > 0 {
        count(page, number, slot);
    }
}

/// Wakes the observer.
pub fn ring(page: &Page) {
    page.bell.fetch_add(1, SeqCst);
    let _ = futex::wake(&page.bell, futex::Flags::empty(), 1);
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
        OWN.store(NONE, Relaxed);
        page.states.set(number, State::Free);
    }
    page.starts_program(process::current_id().unsigned_abs());
    true
}

/// It did not.
pub fn executes_not() {
    let Some(page) = page() else { return };
    let is_own = process::owns_memory();
    let number = OWN.load(Relaxed);
    if is_own && number != NONE {
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
        OWN.store(number, Relaxed);
    }
}

/// The end was written. The slot of the first process is not another one's after that.
pub fn ended() {
    let Some((page, number, _)) = own() else { return };
    let state = if number == FIRST { State::Ended } else { State::Free };
    if number != FIRST {
        OWN.store(NONE, Relaxed);
    }
    page.states.set(number, state);
}

/// Whether this process is the one that `epshim check` became.
pub fn is_first() -> bool {
    OWN.load(Relaxed) == FIRST
}

/// Whether this process has a slot: then the observer knows it by its id.
pub fn is_known() -> bool {
    OWN.load(Relaxed) != NONE
}

/// The other watched processes that were not seen to end.
pub fn others(page: &Page) -> impl Iterator<Item = c_int> + '_ {
    let running = (FIRST + 1..SLOTS).filter(|&slot| page.states.of(slot) == State::Running);
    running.map(|slot| page.states.process(slot))
}
