//! What else is told of all that is observed: `epshim profile --pid`.
//!
//! Surprising: only ends of calls are recorded. A wait is told to have begun when the call before it ended: its thread may
//! have worked for a while after that, which nobody can know.

use crate::sites::Sites;
use epshim_observe::{Fd, Kind, Nanos, Observation, Pid, Site, What};
use rustc_hash::FxHashSet;
use std::fmt;
use std::rc::Rc;

/// Who is told.
#[derive(Clone)]
pub struct Tap(Rc<dyn Fn(&Observation<'_>)>);

impl Tap {
    /// This function is.
    pub fn of(told: impl Fn(&Observation<'_>) + 'static) -> Self {
        Self(Rc::new(told))
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tap")
    }
}

/// What is told of a process.
#[derive(Debug)]
pub struct Telling {
    tap: Tap,
    pid: Pid,
    /// The call sites whose places were told.
    placed: FxHashSet<Site>,
}

impl Telling {
    pub fn of(tap: Tap, pid: Pid) -> Self {
        Self { tap, pid, placed: FxHashSet::default() }
    }

    /// Tells of something, and before that where its call site lies.
    pub fn tell(&mut self, it: &Observation<'_>, sites: &Sites) {
        if it.site != Site(0) && self.placed.insert(it.site) {
            (self.tap.0)(&Observation { what: sites.place(it.site), ..*it });
        }
        (self.tap.0)(it);
    }

    /// What a descriptor is, that was registered.
    pub fn kind(&self, at: Nanos, fd: Fd, kind: Kind) {
        self.tell_of_process(at, What::Open { fd, kind, may_block: false });
    }

    /// So many records were lost.
    pub fn lost(&self, at: Nanos, records: u64) {
        self.tell_of_process(at, What::Dropped { records });
    }

    /// The process is another program from now on.
    pub fn executed(&mut self, at: Nanos) {
        self.placed.clear();
        self.tell_of_process(at, What::Exec);
        self.tell_of_process(at, What::Start { epoch: 0 });
    }

    fn tell_of_process(&self, at: Nanos, what: What<'static>) {
        (self.tap.0)(&Observation { at, pid: self.pid, tid: 0, site: Site(0), what });
    }
}
