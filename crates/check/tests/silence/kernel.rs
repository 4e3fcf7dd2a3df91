//! An observer that remembers nothing, and a kernel that answers nothing: for traces in which the calls
//! alone decide.

use epshim_check::{Certainty, Checker, Rule, Verdict};
use epshim_observe::Io;
use epshim_observe::{Descriptor, Descriptors, Fd, Kernel, Kind, Listed, Nanos, Observation, Site};
use epshim_observe::{Tid, What};

/// Of no descriptor a close, a read or a write is remembered.
#[derive(Debug, Default)]
pub struct Memory;

impl Descriptors for Memory {
    fn state(&self, _: Fd) -> (u32, Io) {
        (0, Io::default())
    }

    fn get(&self, _: Fd) -> Descriptor {
        Descriptor::default()
    }

    fn kind(&self, _: Fd) -> Kind {
        Kind::Stream
    }

    fn may_block(&self, _: Fd) -> bool {
        false
    }

    fn is_room_awaited(&self, _: Fd) -> bool {
        false
    }

    fn hung_up(&self, _: Fd) {}

    fn tell_reads(&self, _: Fd, _: bool) {}

    fn in_batch(&self, _: i32, _: i32) {}
}

/// A kernel that answers no question.
#[derive(Debug)]
pub struct Silent;

impl Kernel for Silent {
    fn registrations(&mut self, _: Fd) -> Option<Vec<Listed>> {
        None
    }

    fn readiness(&mut self, _: Fd, _: u32) -> Option<u32> {
        None
    }

    fn unread(&mut self, _: Fd) -> Option<u64> {
        None
    }

    fn traffic(&mut self, _: Fd) -> u64 {
        0
    }

    fn file(&mut self, _: Fd) -> Option<(u64, u64)> {
        None
    }

    fn keeper(&mut self, _: Fd, _: &Listed) -> Option<Fd> {
        None
    }

    fn has_both_ends(&mut self, _: Fd) -> bool {
        false
    }

    fn is_alive(&mut self, _: Tid) -> bool {
        true
    }

    fn is_on_its_way(&mut self, _: Tid) -> bool {
        false
    }

    fn processor_time(&mut self, _: Tid) -> Option<Nanos> {
        None
    }

    fn holder(&mut self, _: u64) -> Option<(i32, i32)> {
        None
    }

    fn deaf(&mut self, _: Fd) -> Option<(Tid, u64)> {
        None
    }

    fn was_closed(&mut self, _: Fd) -> bool {
        false
    }
}

/// Thread 1 was seen to do this.
pub fn see(checker: &mut Checker, memory: &dyn Descriptors, at: Nanos, site: u64, what: What<'_>) {
    checker.observe(&Observation { at, pid: 0, tid: 1, site: Site(site), what }, memory);
}

/// Lets time pass until no suspicion is due any more, and returns the rules and certainties found.
pub fn found(
    checker: &mut Checker,
    memory: &dyn Descriptors,
    kernel: &mut dyn Kernel,
    until: Nanos,
) -> Vec<(Rule, Certainty)> {
    let mut found = Vec::new();
    while let Some(now) = checker.next_due().filter(|&at| at <= until) {
        for suspicion in checker.due(now, memory) {
            let verdict: Verdict = suspicion.confirm(now, kernel);
            found.extend(checker.settle(verdict, now, memory));
        }
    }
    found.iter().map(|finding| (finding.rule, finding.certainty)).collect()
}
