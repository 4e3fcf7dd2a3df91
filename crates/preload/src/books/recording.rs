//! What is recorded (`epshim check --record`): what the model is told, in the order in which it is told, and
//! what threads do to the slots of descriptors without the model.
//!
//! Everything is written to the calling thread's ring, with the time at which it took effect; the observer puts the
//! rings in order. What the model is told is written under its lock, so that a replay tells another model the
//! same. Where nothing is recorded, each call here is a load and a test.
//!
//! Surprising: what the mailbox has kept is written when the model is told of it, and not when it was posted.
//! Only what is lost at a close is written with the close.

use crate::books::slots::Table;
use crate::runtime::clock::{now, since_1970};
use crate::runtime::process;
use crate::runtime::rings::{self, with_own};
use crate::runtime::thread::tid;
use epshim_check::Checker;
use epshim_observe::{Fd, Frame, Interpreted, Language, Nanos, Observation, Site, What};
use epshim_report::Frame as Named;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

pub use crate::runtime::rings::is_recording as is_on;

/// When this thread began to fork, by fork(3); 0: it does not.
static FORKS_SINCE: AtomicU64 = AtomicU64::new(0);

/// Writes down what this thread does now.
#[inline]
pub fn write(site: Site, what: &What<'_>) {
    if is_on() {
        with_own(|ring| ring.write(now(), site, what));
    }
}

/// Tells the model, under its lock, and writes that down.
pub fn tell(checker: &mut Checker, it: &Observation<'_>) -> bool {
    if is_on() {
        let &Observation { at, tid: whose, site, ref what, .. } = it;
        with_own(|ring| {
            if whose == tid() {
                ring.write(at, site, what);
            } else {
                ring.write_of(at, whose, site, what);
            }
        });
    }
    checker.observe(it, &Table)
}

/// A program begins, of which these modules are loaded.
pub fn start(modules: impl FnOnce() -> Vec<What<'static>>) {
    if is_on() {
        let epoch = u64::try_from(since_1970().as_nanos()).unwrap_or(0);
        write(Site(0), &What::Start { epoch });
        modules().iter().for_each(|mapped| write(Site(0), mapped));
    }
}

/// Where a call site lies, if names are known: without, the modules say it.
pub fn place(site: Site, frames: &[Named]) {
    if is_on() && frames.iter().any(|frame| !frame.symbols.is_empty()) {
        let frames = frames.iter().map(recorded).collect();
        write(site, &What::Place { frames });
    }
}

/// What the descriptor belongs to that was registered at this site.
pub fn belongs(site: Site, fd: Fd, frames: &[Named]) {
    if is_on() {
        let frames = frames.iter().map(recorded).collect();
        write(site, &What::Belongs { fd, frames });
    }
}

fn recorded(frame: &Named) -> Frame {
    let symbols = frame.symbols.iter().map(|symbol| epshim_observe::Symbol {
        function: symbol.function.clone(),
        file: symbol.file.clone().unwrap_or_default(),
        line: symbol.line.unwrap_or(0),
    });
    let symbols = symbols.collect();
    let interpreted = frame.interpreted.and_then(|known| {
        let language = Language::named(known.language)?;
        Some(Interpreted { language, is_users: known.is_users })
    });
    Frame { module: frame.module.clone(), offset: frame.offset, symbols, interpreted }
}

/// Before fork(3), when this thread has every lock: what the child knows is what was so now.
pub fn forks() {
    FORKS_SINCE.store(now(), Relaxed);
}

/// After it, in the parent.
pub fn has_forked() {
    FORKS_SINCE.store(0, Relaxed);
}

/// In a forked child of this process, before its first record.
pub fn forked(parent: i32) {
    let since: Nanos = FORKS_SINCE.swap(0, Relaxed);
    let at = if since == 0 { now() } else { since };
    rings::forked();
    if is_on() && parent != process::id() {
        with_own(|ring| ring.write(at, Site(0), &What::Fork { parent }));
    }
}
