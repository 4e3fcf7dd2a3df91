//! What is recorded (`--record`): what the models of all processes are told, the kernel's answers, and where call sites
//! lie, in the order in which it is told, so that a replay tells other models the same.
//!
//! Where nothing is recorded a tape is nothing, and each call here a test.

use epshim_attach::gather::{now, since_1970};
use epshim_observe::{Nanos, Observation, Pid, Site, What};
use std::cell::RefCell;
use std::rc::Rc;

/// Observations that were not written yet, if they are to be.
#[derive(Debug, Clone, Default)]
pub struct Tape(Option<Rc<RefCell<Vec<Observation<'static>>>>>);

impl Tape {
    pub fn new(is_on: bool) -> Self {
        Self(is_on.then(Rc::default))
    }

    pub const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    pub fn push(&self, it: Observation<'static>) {
        if let Some(all) = &self.0 {
            all.borrow_mut().push(it);
        }
    }

    /// What no thread has done.
    pub fn note(&self, at: Nanos, pid: Pid, what: impl FnOnce() -> What<'static>) {
        if self.is_on() {
            self.push(Observation { at, pid, tid: 0, site: Site(0), what: what() });
        }
    }

    /// The recording of a process begins.
    pub fn start(&self, at: Nanos, pid: Pid) {
        self.note(at, pid, || {
            let nanos = u64::try_from(since_1970().as_nanos()).unwrap_or(0);
            What::Start { epoch: nanos.saturating_sub(now().saturating_sub(at)) }
        });
    }

    /// All that there is by now.
    pub fn take(&self) -> Vec<Observation<'static>> {
        self.0.as_ref().map(|all| std::mem::take(&mut *all.borrow_mut())).unwrap_or_default()
    }
}
