//! What chaos knows of this process, and the lock of it.
//!
//! The lock is held during `epoll_ctl` and the questions to the kernel that make sure of a fault: none of them
//! sleeps. A thread that does not get it, because a thread was killed with it, ends chaos and not the program.

use crate::books::slots::slot;
use crate::chaos::choice::Choice;
use crate::chaos::known::{Epoll, Known};
use crate::chaos::{idle, limit, writing};
use crate::runtime::lock::{Locked, PATIENCE};
use crate::runtime::{process, watched};
use epshim_ledger::Made;
use epshim_observe::fault::{Faults, Name, Planned, Reason, Sites, Situation, Subject, judge};
use std::collections::BTreeMap;
use std::ffi::c_int;

static BOOKS: Locked<Option<Books>> = Locked::new(None);

/// What is known.
#[derive(Debug)]
pub struct Books {
    /// What the seed, or the replay file, asks for.
    pub choice: Choice,
    /// The number of this process among those of the run; 0: it has none yet.
    process: u32,
    /// How many there were of each subject.
    counts: [u32; Subject::ALL.len()],
    /// Bytes moved and connections accepted.
    pub moved: u64,
    /// The connect that was told EAGAIN last: its descriptor and number.
    pub last_refused: Option<(c_int, u32)>,
    pub known: BTreeMap<c_int, Known>,
    pub epolls: BTreeMap<c_int, Epoll>,
    /// The call sites that were seen.
    sites: BTreeMap<usize, Site>,
    /// Those that may have faults; `None`: all.
    chosen: Option<Sites>,
}

/// A call site.
#[derive(Debug, Clone, Copy)]
struct Site {
    /// In the ledger.
    number: Option<u32>,
    /// It may have faults.
    is_chosen: bool,
}

/// A call that a fault may be made of.
#[derive(Debug, Clone, Copy)]
pub struct At {
    pub fd: c_int,
    pub site: usize,
    pub asked: u64,
}

/// Chaos begins.
pub fn start(choice: Choice, chosen: Option<Sites>) {
    let books = Books {
        choice,
        process: 0,
        counts: [0; Subject::ALL.len()],
        moved: 0,
        last_refused: None,
        known: BTreeMap::new(),
        epolls: BTreeMap::new(),
        sites: BTreeMap::new(),
        chosen,
    };
    BOOKS.with(PATIENCE, |old| *old = Some(books));
    watched::set_chaos(true);
}

/// Uses the books. `None`: chaos is over.
pub fn with<R>(work: impl FnOnce(&mut Books) -> R) -> Option<R> {
    match BOOKS.with(PATIENCE, |books| books.as_mut().map(work)) {
        Some(result) => result,
        None => {
            watched::set_chaos(false);
            None
        }
    }
}

/// Before fork(3): takes the lock, under which no limit is lowered. False: another thread does not give it back.
pub fn before_fork() -> bool {
    if watched::is_chaos() && !BOOKS.lock().take(PATIENCE) {
        return false;
    }
    limit::raise();
    true
}

/// Gives it back, in both processes.
pub fn after_fork() {
    if watched::is_chaos() {
        BOOKS.lock().give();
    }
}

/// In a forked child: another process, which shares the epolls that there are. What another thread has left half
/// written ends its chaos.
pub fn forked() {
    // A child that no hook announced (clone(2)) has the limit as it was then.
    limit::raise();
    if !watched::is_chaos() {
        return;
    }
    BOOKS.renew(|| None);
    BOOKS.with(PATIENCE, |books| {
        let Some(books) = books else { return };
        books.process = 0;
        books.counts = Default::default();
        books.epolls.values_mut().for_each(|epoll| epoll.is_shared = true);
    });
}

impl Books {
    /// The next number of a subject, from 1.
    pub fn next(&mut self, subject: Subject) -> u32 {
        self.counts[subject as usize] += 1;
        self.counts[subject as usize]
    }

    /// How many there were.
    pub fn count(&self, subject: Subject) -> u32 {
        self.counts[subject as usize]
    }

    /// The number of this process. `None`: it has no epoll of its own, and is left alone: a forked client, a build.
    pub fn process(&self) -> Option<u32> {
        Some(self.process).filter(|&number| number != 0)
    }

    /// The process registers something, or waits.
    pub fn enter(&mut self) {
        if self.process == 0 {
            self.process = writing::ledger().map_or(1, |ledger| ledger.enter());
        }
    }

    /// What is known of the file that is open under a number.
    pub fn known(&mut self, fd: c_int) -> Option<&mut Known> {
        let generation = slot(fd)?.get().generation;
        self.known.get_mut(&fd).filter(|known| known.generation == generation)
    }

    /// The epoll under a number.
    pub fn epoll(&mut self, epfd: c_int) -> &mut Epoll {
        let generation = slot(epfd).map_or(0, |slot| slot.get().generation);
        let is_new = self.epolls.get(&epfd).is_none_or(|epoll| epoll.generation != generation);
        if is_new {
            let number = self.next(Subject::Epoll);
            self.epolls.insert(epfd, Epoll::new(number, generation));
        }
        self.epolls.entry(epfd).or_default()
    }

    /// So many bytes or connections more.
    pub fn moves(&mut self, amount: u64) {
        self.moved += amount;
        if let (true, Some(ledger)) = (amount > 0, writing::ledger()) {
            ledger.moves(amount);
        }
    }

    fn site(&mut self, address: usize) -> Site {
        let Self { sites, chosen, .. } = self;
        *sites.entry(address).or_insert_with(|| {
            let place = writing::place(address);
            let is_it = |chosen: &Sites| {
                place.as_ref().is_some_and(|place| chosen.has(&place.module, place.offset))
            };
            Site {
                is_chosen: chosen.as_ref().is_none_or(is_it),
                number: writing::ledger()
                    .zip(place.as_ref())
                    .and_then(|(it, place)| it.site(place)),
            }
        })
    }

    /// These faults could happen at a call site.
    pub fn could(&mut self, site: usize, faults: Faults) {
        idle::sees(site);
        let wanted = Faults(faults.0 & self.choice.faults().0);
        if let (Some(number), Some(ledger)) = (self.site(site).number, writing::ledger()) {
            wanted.iter().for_each(|fault| ledger.reach(number, fault, false));
        }
    }

    /// Whether a fault is to be made, and how much it gives. `size` makes a size of what was drawn; `situation`
    /// asks the kernel, and only where the fault is wanted.
    pub fn choose(
        &mut self,
        name: &Name,
        at: At,
        size: impl FnOnce(&mut Self, u64) -> u64,
        situation: impl FnOnce(&mut Self, u64) -> Situation,
    ) -> Option<u64> {
        let wanted = self.choice.wants(name, at.site as u64)?;
        if !process::owns_memory() || !self.site(at.site).is_chosen {
            return None;
        }
        let gives = match wanted.planned {
            Some(gives) => gives,
            None => size(self, wanted.drawn),
        };
        let situation = situation(self, gives);
        match judge(name.fault, &situation) {
            Ok(()) => {
                self.choice.is_made(&wanted);
                Some(gives)
            }
            Err(reason) => {
                refuse(reason);
                None
            }
        }
    }

    /// A fault was made: it is written down.
    pub fn made(&mut self, planned: Planned, at: At, errno: c_int) {
        let site = self.site(at.site).number;
        let Some(ledger) = writing::ledger() else { return };
        ledger.write(&Made {
            name: planned.name,
            asked: at.asked,
            gives: planned.gives,
            errno,
            fd: at.fd,
            site,
            pid: process::id().cast_unsigned(),
            peer: writing::peer(at.fd),
        });
        if let Some(site) = site {
            ledger.reach(site, planned.name.fault, true);
        }
    }
}

fn refuse(reason: Reason) {
    if let Some(ledger) = writing::ledger() {
        ledger.refuse(reason);
    }
}
