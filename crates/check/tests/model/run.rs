//! One run of a random program: one thread and one epoll on the naive kernel, under the checker.
//!
//! [`Run`] has what the checker found, and beside it what is true in the naive kernel, by the site of each
//! registration's `EPOLL_CTL_ADD`: the properties in `main.rs` compare the two.

use crate::naive::{EBADF, EEXIST, ENOENT, Entry, Kernel};
use epshim_check::{Certainty, Checker, Finding, Role, Rule};
use epshim_observe::bits::{ET, IN, ONESHOT};
use epshim_observe::{ADD, AtFailure, DEL, Delivery, Io, MOD, Observation, Outcome, What};
use epshim_observe::{Descriptor, Descriptors, Kind, Listed, MILLISECOND, Nanos, Site};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

const EPFD: i32 = 3;
const TID: i32 = 1;

#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// The interest, and whether the data is this registration's own.
    Add(i32, u8, bool),
    Mod(i32, u8, bool),
    Del(i32),
    Close(i32),
    Dup(i32, i32),
    Hold(i32),
    LetGo(i32),
    Arrive(i32),
    Drain(i32),
    ReadPart(i32),
    Wait,
}

/// What an observer remembers of descriptors.
#[derive(Default)]
struct Memory(RefCell<HashMap<i32, Descriptor>>);

impl Memory {
    fn change(&self, fd: i32, change: impl FnOnce(&mut Descriptor)) {
        change(self.0.borrow_mut().entry(fd).or_default());
    }
}

impl Descriptors for Memory {
    fn state(&self, fd: i32) -> (u32, Io) {
        let descriptor = self.get(fd);
        (descriptor.generation, descriptor.io)
    }

    fn get(&self, fd: i32) -> Descriptor {
        self.0.borrow().get(&fd).copied().unwrap_or_default()
    }

    fn kind(&self, _: i32) -> Kind {
        Kind::Stream
    }

    fn may_block(&self, _: i32) -> bool {
        false
    }

    fn is_room_awaited(&self, _: i32) -> bool {
        false
    }

    fn hung_up(&self, fd: i32) {
        self.change(fd, |descriptor| descriptor.io = descriptor.io.hung_up());
    }

    fn tell_reads(&self, _: i32, _: bool) {}

    fn in_batch(&self, _: i32, _: i32) {}
}

/// How a registration's latest delivery was taken.
#[derive(Clone, Copy, PartialEq)]
enum Taken {
    Nothing,
    Part,
    All,
}

/// A program that has run: what was found, and what was so.
#[derive(Default)]
pub struct Run {
    pub findings: Vec<Finding>,
    /// By the site of their ADD: registrations that delivered although their number was closed, and
    /// were there when it was looked at.
    pub ghosts: BTreeSet<u64>,
    /// That delivered so, there or not.
    pub stale: BTreeSet<u64>,
    /// Edge-triggered ones that were left with input while the program waited.
    pub stranded: BTreeSet<u64>,
    /// That were ready and not queued at some time.
    pub may_be_stranded: BTreeSet<u64>,
    /// One-shots that fired.
    pub may_be_fired: BTreeSet<u64>,
    /// The sites of failures that no later call made good.
    pub failed: BTreeSet<u64>,
    pub known: usize,
    pub live: usize,
    pub closed: usize,
    pub unknown: u64,
    kernel: Kernel,
    memory: Memory,
    checker: Checker,
    now: Nanos,
    site: u64,
    /// The failure that the next call may make good: its site, the call that does, and where.
    failure: Option<(u64, i32, i32)>,
    taken: HashMap<u64, Taken>,
    shares_data: bool,
}

impl Run {
    /// With shared data, registrations may have the same.
    pub fn of(steps: &[Step], shares_data: bool) -> Self {
        let mut run = Self { shares_data, ..Self::default() };
        run.site = 1;
        run.see(What::Create { epfd: EPFD });
        for &step in steps {
            run.now += MILLISECOND;
            run.site += 1;
            run.step(step);
        }
        run.failed.extend(run.failure.take().map(|(site, ..)| site));
        run.see(What::Finish);
        run.pass(1);
        run.known = run.checker.registrations();
        run.unknown = run.checker.unknown_deliveries();
        let is_live = |entry: &&Entry| !run.is_stale(entry);
        run.live = run.kernel.entries.iter().filter(is_live).count();
        run
    }

    /// Whether the number was closed since.
    fn is_stale(&self, entry: &Entry) -> bool {
        self.memory.state(entry.fd).0 != entry.generation
    }

    pub fn sites(&self, rule: Rule, at_least: Certainty) -> BTreeSet<u64> {
        let is_it = |one: &&Finding| one.rule == rule && one.certainty >= at_least;
        self.findings.iter().filter(is_it).map(|one| site(one, Role::RegisteredBy)).collect()
    }

    pub fn failures(&self) -> BTreeSet<u64> {
        let is_it = |one: &&Finding| one.rule == Rule::CtlError;
        self.findings.iter().filter(is_it).map(|one| site(one, Role::Now)).collect()
    }

    /// The observer hands in what it has seen.
    fn see(&mut self, what: What<'_>) {
        let (at, site) = (self.now, Site(self.site));
        self.checker.observe(&Observation { at, pid: 0, tid: TID, site, what }, &self.memory);
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Add(fd, kind, own) => {
                if !self.kernel.fds.contains_key(&fd) {
                    self.kernel.open(fd);
                }
                self.ctl(ADD, fd, kind, own);
            }
            Step::Mod(fd, kind, own) => self.ctl(MOD, fd, kind, own),
            Step::Del(fd) => self.ctl(DEL, fd, 0, true),
            Step::Close(fd) => {
                self.kernel.close(fd);
                self.closed(fd);
            }
            Step::Dup(from, to) if from != to && self.kernel.fds.contains_key(&from) => {
                self.kernel.dup(from, to);
                self.closed(to);
                let site = Site(self.site);
                self.memory.change(from, |descriptor| descriptor.duplicated = site);
            }
            Step::Hold(fd) => self.kernel.hold(fd),
            Step::LetGo(fd) => self.kernel.let_go(fd),
            Step::Arrive(fd) => {
                if let Some(&file) = self.kernel.fds.get(&fd) {
                    self.kernel.arrive(file);
                }
            }
            Step::Drain(fd) => self.read(fd, Taken::All),
            Step::ReadPart(fd) => self.read(fd, Taken::Part),
            Step::Wait => self.wait(),
            Step::Dup(..) => {}
        }
    }

    fn closed(&mut self, fd: i32) {
        let site = Site(self.site);
        self.closed += 1;
        self.memory.change(fd, |descriptor| {
            let generation = descriptor.generation + 1;
            *descriptor = Descriptor { generation, closed: site, ..Descriptor::default() };
        });
    }

    fn read(&mut self, fd: i32, taken: Taken) {
        let Some(&file) = self.kernel.fds.get(&fd) else { return };
        let is_ready = self.kernel.is_ready(file);
        let outcome = match taken {
            Taken::Part if is_ready => Outcome::Moved { bytes: 8, asked: 8 },
            _ => Outcome::WouldBlock,
        };
        if taken == Taken::All {
            self.kernel.drain(file);
        }
        let taken = if is_ready { taken } else { Taken::All };
        for entry in self.kernel.entries.iter().filter(|entry| entry.fd == fd) {
            self.taken.insert(entry.added, taken);
        }
        self.memory.change(fd, |descriptor| descriptor.io = descriptor.io.after_input(outcome));
    }

    fn ctl(&mut self, op: i32, fd: i32, kind: u8, own: bool) {
        let events = [IN, IN | ET, IN | ONESHOT, IN | ET | ONESHOT][usize::from(kind)];
        let data = if self.shares_data && !own { 7 } else { self.site << 8 };
        let generation = self.memory.state(fd).0;
        let site = self.site;
        let result = match op {
            ADD => self.kernel.add(fd, events, data, site, generation),
            MOD => self.kernel.modify(fd, events, data, generation),
            _ => self.kernel.del(fd),
        };
        let made_good = self.failure.take().filter(|&(_, good, on)| {
            let is_answer = op == good || (good == MOD && op == DEL);
            result.is_err() || !(is_answer && on == fd)
        });
        self.failed.extend(made_good.map(|(site, ..)| site));
        let ctl = |errno, at| {
            let (epfd, padding) = (EPFD, None);
            What::Ctl { op, epfd, fd, events, data, padding, errno, at }
        };
        match result {
            Ok(()) => {
                let is_it = |entry: &&Entry| entry.fd == fd && entry.generation == generation;
                if let Some(entry) = self.kernel.entries.iter().rfind(is_it) {
                    self.taken.insert(entry.added, Taken::All);
                }
                self.see(ctl(0, None));
            }
            Err(errno) => {
                let good = match (op, errno) {
                    (ADD, EEXIST) => MOD,
                    (MOD, ENOENT) => ADD,
                    _ => 0,
                };
                self.failure = Some((site, good, fd));
                let at =
                    AtFailure { errno, epfd: Some(true), fd_is_open: errno != EBADF, unread: None };
                self.see(ctl(errno, Some(at)));
            }
        }
    }

    /// One that delivers nothing lasts two seconds and a bit: when something was done since a
    /// suspicion was raised, its second begins anew when it is next looked at.
    fn wait(&mut self) {
        self.failed.extend(self.failure.take().map(|(site, ..)| site));
        self.see(What::Wait { epfd: EPFD, timeout: -1 });
        let delivered = self.kernel.wait();
        if delivered.is_empty() {
            self.note_stranded();
            self.pass(2200);
        }
        let events = |entry: &Entry| Delivery { events: IN, data: entry.data };
        let deliveries = delivered.iter().map(events).collect();
        self.see(What::Got { deliveries });
        for entry in &delivered {
            self.taken.insert(entry.added, Taken::Nothing);
            if entry.asked & ONESHOT != 0 {
                self.may_be_fired.insert(entry.added);
            }
            if entry.asked & ET != 0 {
                self.may_be_stranded.insert(entry.added);
            }
            if self.is_stale(entry) {
                self.stale.insert(entry.added);
                // Under the same number, and alone there, it is what a dup put back.
                let is_back = self.kernel.fds.get(&entry.fd) == Some(&entry.file)
                    && self.kernel.entries.iter().filter(|one| one.fd == entry.fd).count() == 1;
                if !is_back {
                    self.ghosts.insert(entry.added);
                }
            }
        }
        if !delivered.is_empty() {
            // What is found is looked at before anything changes, and may be found again.
            self.pass(1200);
        }
    }

    fn note_stranded(&mut self) {
        for entry in &self.kernel.entries {
            let is_edge = entry.asked & (ET | ONESHOT) == ET && !entry.is_queued;
            let is_left = self.kernel.is_ready(entry.file)
                && self.taken.get(&entry.added) == Some(&Taken::Part);
            if is_edge && is_left && !self.is_stale(entry) && !self.kernel.is_pending() {
                self.stranded.insert(entry.added);
            }
        }
    }

    fn pass(&mut self, milliseconds: u64) {
        let until = self.now + milliseconds * MILLISECOND;
        while let Some(due) = self.checker.next_due().filter(|&due| due <= until) {
            self.now = self.now.max(due);
            for suspicion in self.checker.due(self.now, &self.memory) {
                let verdict = suspicion.confirm(self.now, &mut Asked(&self.kernel));
                let settled = self.checker.settle(verdict, self.now, &self.memory);
                self.findings.extend(settled);
            }
        }
        self.now = until;
    }
}

fn site(finding: &Finding, role: Role) -> u64 {
    finding.sites.iter().find(|(is, _)| *is == role).map_or(0, |(_, site)| site.0)
}

/// The naive kernel, as it is asked.
struct Asked<'a>(&'a Kernel);

impl epshim_observe::Kernel for Asked<'_> {
    fn registrations(&mut self, _: i32) -> Option<Vec<Listed>> {
        let listed = |entry: &Entry| {
            let Entry { fd, events, data, file, .. } = *entry;
            Listed { fd, events, data, file: (file, 1) }
        };
        Some(self.0.entries.iter().map(listed).collect())
    }

    fn readiness(&mut self, fd: i32, events: u32) -> Option<u32> {
        if fd == EPFD {
            return Some(if self.0.is_pending() { IN & events } else { 0 });
        }
        let file = *self.0.fds.get(&fd)?;
        Some(if self.0.is_ready(file) { IN & events } else { 0 })
    }

    fn unread(&mut self, _: i32) -> Option<u64> {
        None
    }

    fn traffic(&mut self, _: i32) -> u64 {
        0
    }

    fn file(&mut self, fd: i32) -> Option<(u64, u64)> {
        self.0.fds.get(&fd).map(|&file| (file, 1))
    }

    fn keeper(&mut self, _: i32, ghost: &Listed) -> Option<i32> {
        let keeps = |&(&fd, &file): &(&i32, &u64)| fd != ghost.fd && file == ghost.file.0;
        self.0.fds.iter().find(keeps).map(|(&fd, _)| fd)
    }

    fn has_both_ends(&mut self, _: i32) -> bool {
        false
    }

    fn is_alive(&mut self, _: i32) -> bool {
        true
    }

    fn is_on_its_way(&mut self, _: i32) -> bool {
        false
    }

    fn processor_time(&mut self, _: i32) -> Option<u64> {
        None
    }

    fn holder(&mut self, _: u64) -> Option<(i32, i32)> {
        None
    }

    fn deaf(&mut self, _: i32) -> Option<(i32, u64)> {
        None
    }

    fn was_closed(&mut self, _: i32) -> bool {
        false
    }
}
