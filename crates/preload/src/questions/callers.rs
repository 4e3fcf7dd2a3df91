//! Who called: the return addresses on the calling thread's stack, walked by the unwind tables of the
//! modules that are loaded (crates/walk).
//!
//! Every word of the stack and of a table is copied by the kernel (`memory.rs`), so that a stack may end
//! in anything: libgcc's unwinder reads at each return address itself, and the first one of a coroutine may
//! be any number. No lock of the program's is taken.
//!
//! Surprising: a thread that finds every walker in use does without. And on architectures other than x86-64
//! and AArch64 no call has callers.

use crate::questions::modules;
use crate::questions::own_process::OwnProcess;
use crate::questions::registers::{ARCHITECTURE, here};
use crate::runtime::lock::{Locked, PATIENCE};
use epshim_walk::{Registers, Walker};
use std::ops::ControlFlow::{Break, Continue};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The number of threads that can walk at once.
const WALKERS: usize = 2;

static CALLERS: [Locked<Option<Callers>>; WALKERS] = [const { Locked::new(None) }; WALKERS];
/// The number of modules that were there at the start.
static AT_START: AtomicUsize = AtomicUsize::new(0);

struct Callers {
    walker: Walker,
    process: OwnProcess,
    /// What was found last.
    frames: Vec<usize>,
}

/// The most callers that are asked for.
static MOST_DEEP: AtomicUsize = AtomicUsize::new(0);

/// Before the checking starts: no more callers than these are asked for.
pub fn prepare(most: usize) {
    MOST_DEEP.store(most, Relaxed);
    AT_START.store(modules::loaded().len(), Relaxed);
}

/// Finds the call that returns to `site`, and hands on its address and those of `depth` callers at most.
/// `None`: it was not found, or no walker is free.
#[inline(never)]
pub fn of_call<R>(site: usize, depth: usize, found: impl FnOnce(&[usize]) -> R) -> Option<R> {
    let registers = here()?;
    let mut found = Some(found);
    for callers in &CALLERS {
        let result = callers.with(0, |callers| {
            let frames = ready(callers)?.walk(&registers, site, depth);
            let found = found.take().filter(|_| !frames.is_empty())?;
            Some(found(frames))
        });
        if let Some(result) = result {
            return result;
        }
    }
    None
}

impl Callers {
    fn walk(&mut self, registers: &Registers, site: usize, depth: usize) -> &[usize] {
        let wanted = self.frames.len().min(depth + 1);
        let (mut count, frames) = (0, &mut self.frames[..wanted]);
        let mut visit = |address: u64| {
            let address = address as usize;
            if count > 0 || address == site {
                frames[count] = address;
                count += 1;
            }
            if count == frames.len() { Break(()) } else { Continue(()) }
        };
        self.walker.walk(&mut self.process, registers, &mut visit);
        &self.frames[..count]
    }
}

/// A walker that knows the process as it is. `None`: no memory.
fn ready(callers: &mut Option<Callers>) -> Option<&mut Callers> {
    match callers {
        Some(known) => {
            if !known.process.is_unchanged() {
                known.walker.forget();
            }
        }
        None => *callers = Some(first()?),
    }
    callers.as_mut()
}

#[cold]
#[inline(never)]
fn first() -> Option<Callers> {
    let walker = Walker::new(ARCHITECTURE?)?;
    let process = OwnProcess::new(AT_START.load(Relaxed));
    Some(Callers { walker, process, frames: vec![0; MOST_DEEP.load(Relaxed) + 1] })
}

/// Takes all walkers, to fork. False: a thread does not give one back.
pub fn before_fork() -> bool {
    for (place, callers) in CALLERS.iter().enumerate() {
        if !callers.lock().take(PATIENCE) {
            CALLERS[..place].iter().for_each(|taken| taken.lock().give());
            return false;
        }
    }
    true
}

/// Gives them back, in both processes.
pub fn after_fork() {
    CALLERS.iter().for_each(|callers| callers.lock().give());
}

/// In a forked child: a walker that a thread of the parent's was using is made anew.
pub fn forked() {
    CALLERS.iter().for_each(|callers| callers.renew(|| None));
}
