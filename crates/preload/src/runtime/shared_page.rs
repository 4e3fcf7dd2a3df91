//! The page that this process shares with the observer and with the other watched processes
//! (`epshim-page`), and this process's slot in it.
//!
//! It is mapped in the constructor, through /proc and by a descriptor that is closed at once, or not at all:
//! then everything here does nothing, and the process writes its own end as far as it can. After that it is
//! memory: no call here allocates, waits or opens anything, and a signal handler may make each. When the slot
//! is had and given back is said in `slot_life.rs`.

use crate::runtime::process;
use crate::runtime::sandbox::{self, Call};
use epshim_page::{FIRST, Page, SLOTS, Slot, State};
use epshim_report::Count;
use rustix::fd::{AsFd as _, IntoRawFd as _, OwnedFd};
use rustix::fs::{Mode, OFlags, fstat, open, readlink};
use rustix::io::{close, retry_on_intr};
use rustix::mm::{MapFlags, ProtFlags, mmap};
use rustix::process::{Pid, WaitOptions, waitpid};
use rustix::thread::futex;
use std::ffi::c_int;
use std::fmt::Write as _;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};

/// There is no slot.
const NONE: usize = usize::MAX;

static PAGE: AtomicPtr<Page> = AtomicPtr::new(ptr::null_mut());
static OWN: AtomicUsize = AtomicUsize::new(NONE);

/// The page, if there is one.
pub fn page() -> Option<&'static Page> {
    // SAFETY: null, or the mapping of `map`, which is never unmapped, of that size and used as atomics only.
    // Its file cannot shrink: the command has sealed it.
    unsafe { PAGE.load(Relaxed).as_ref() }
}

/// The page, and this process's slot in it.
pub fn own() -> Option<(&'static Page, usize, &'static Slot)> {
    let number = OWN.load(Relaxed);
    let page = page().filter(|_| number != NONE)?;
    Some((page, number, page.slot(number)))
}

/// This slot is this process's from now on; or none is. Returns whether one was.
pub fn set_own(slot: Option<usize>) -> bool {
    OWN.swap(slot.unwrap_or(NONE), Relaxed) != NONE
}

/// Maps the page that descriptor `number` of process `observer` is. In the constructor, where a sandbox
/// lets it.
pub fn map(observer: c_int, number: c_int) {
    if let Some(file) = open_memory(observer, number, b"/memfd:epshim (deleted)") {
        map_file(&file);
        close_now(file);
    }
}

/// Opens the memory of this name that descriptor `number` of process `observer` is, to be closed at once.
pub fn open_memory(observer: c_int, number: c_int, name: &[u8]) -> Option<OwnedFd> {
    let mut path = String::new();
    let _ = write!(path, "/proc/{observer}/fd/{number}");
    // Another process may have that id by now: nothing of it is opened.
    let is_it = readlink(&*path, Vec::new()).is_ok_and(|found| found.as_bytes() == name);
    let flags = OFlags::RDWR | OFlags::CLOEXEC;
    is_it.then(|| open(&*path, flags, Mode::empty()).ok()).flatten()
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
pub fn close_now(file: OwnedFd) {
    // SAFETY: the descriptor is this function's own.
    unsafe { close(file.into_raw_fd()) };
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

/// A finding that the observer has counted for this process is one that the process counts itself from now on.
pub fn counts_itself() {
    if let Some((page, _, slot)) = own() {
        slot.taken.fetch_add(1, Relaxed);
        page.findings.fetch_sub(1, Relaxed);
    }
}

/// What the observer has found in this process, and the process does not count, with its last lines.
pub fn observed() -> (Vec<Count>, Vec<String>) {
    let Some((.., slot)) = own() else { return Default::default() };
    let counts = slot.observed();
    let summaries = if counts.is_empty() { Vec::new() } else { slot.summaries.all().0 };
    (counts, summaries)
}

/// This thread of ours runs in the process, and may be known as such; 0: it has ended.
pub fn has_monitor(tid: c_int) {
    if let Some((.., slot)) = own() {
        slot.monitor.store(tid, Relaxed);
    }
}

/// Writes down how the process came to be in a sandbox; `None`: it is in none.
pub fn in_sandbox(how: Option<&str>) {
    let Some((.., slot)) = own() else { return };
    match how {
        Some(how) => slot.sandbox.set(how.as_bytes()),
        None => slot.sandbox.clear(),
    }
}

/// Wakes the observer. In a sandbox it sees what is new when it wakes by itself.
pub fn ring(page: &Page) {
    page.bell.fetch_add(1, SeqCst);
    if sandbox::may(Call::Sleep) {
        let _ = futex::wake(&page.bell, futex::Flags::empty(), 1);
    }
}

/// Has the observer leave, if it is a child of this process, and waits until it has. Returns whether it was
/// there.
pub fn dismiss() -> bool {
    let Some(page) = page().filter(|_| is_first()) else { return false };
    if !sandbox::may(Call::SideProcess) || !process::owns_memory() {
        return false;
    }
    let Some(observer) = Pid::from_raw(page.observer.load(Relaxed)) else { return false };
    let was_observed = page.is_dismissed.swap(1, SeqCst) == 0 && page.is_observed();
    ring(page);
    let options = WaitOptions::from_bits_retain(libc::__WALL as u32);
    // Where another thread has done so, there is no such child.
    let _ = retry_on_intr(|| waitpid(Some(observer), options));
    // Its id may be another child's from now on.
    page.observer.store(0, Relaxed);
    was_observed
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
