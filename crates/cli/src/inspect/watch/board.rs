//! The processes that are watched: each look is the second of a pair, and the first of the next.

use super::row::{Row, rows};
use crate::args::InspectOptions;
use crate::inspect::targets;
use epshim_attach::gather::{self, Epollers, Options, Order, Round, Target};
use epshim_attach::look::{Look, redact};
use epshim_attach::scene::Owners;
use epshim_attach::verdict::Verdict;
use epshim_attach::verdicts;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A longer list is read seldom.
const LONG: usize = 5000;
const SELDOM: Duration = Duration::from_secs(10);
/// New processes of the machine are looked for this often.
const NEW: Duration = Duration::from_secs(5);

/// All that is known at the moment.
pub struct Board<'a> {
    options: &'a InspectOptions,
    watched: BTreeMap<i32, Watched>,
    looked_for_new: Option<Instant>,
    /// Of all processes, those that have an epoll.
    found: Vec<Epollers>,
    /// Processes that may not be looked at.
    pub refused: usize,
    /// Of the last looks.
    pub rows: Vec<Row>,
    /// The same: name and verdict.
    pub verdicts: Vec<(i32, String, Verdict)>,
}

/// A process, with what earlier looks have seen of it.
struct Watched {
    target: Target,
    before: Option<Look>,
    owners: Owners,
    /// When each thread was first seen where it is.
    since: BTreeMap<i32, u64>,
    due: Instant,
    rows: Vec<Row>,
    verdicts: Vec<Verdict>,
}

impl<'a> Board<'a> {
    /// Nothing is known yet.
    pub fn new(options: &'a InspectOptions) -> Self {
        let (watched, looked_for_new) = (BTreeMap::new(), None);
        let (rows, verdicts, found) = (Vec::new(), Vec::new(), Vec::new());
        Self { options, watched, looked_for_new, found, refused: 0, rows, verdicts }
    }

    /// From one look to the next.
    pub fn interval(&self) -> Duration {
        self.options.interval
    }

    /// The processes that are watched.
    pub fn processes(&self) -> usize {
        self.watched.len()
    }

    /// Whether the last looks say that something is wrong.
    pub fn has_findings(&self) -> bool {
        self.verdicts.iter().any(|(_, _, verdict)| verdict.is_finding())
    }

    /// Looks at all of them. An error: there is none to look at.
    pub fn look(&mut self) -> Result<(), String> {
        let now = Instant::now();
        if self.looked_for_new.is_none_or(|last| now - last >= NEW) {
            self.looked_for_new = Some(now);
            self.find()?;
        }
        let is_whole = self.options.targets.is_empty();
        let round =
            if is_whole { Round::of_all(&self.found) } else { Round::of(self.watched.len()) };
        let options = Options { copies: self.options.copies };
        let is_redacted = self.options.redact;
        self.watched.retain(|_, watched| {
            now < watched.due || watched.look(&round, options, is_redacted, now).is_some()
        });
        let each = self.watched.values();
        self.rows = each.clone().flat_map(|one| one.rows.iter().cloned()).collect();
        self.rows.sort_by_key(|row| row.rank());
        let named = each.flat_map(|one| {
            let process = one.target.process();
            one.verdicts.iter().map(|verdict| (process.pid, process.name.clone(), verdict.clone()))
        });
        self.verdicts = named.collect();
        self.verdicts.sort_by_key(|(_, _, verdict)| std::cmp::Reverse(verdict.certainty));
        Ok(())
    }

    /// Which processes there are.
    fn find(&mut self) -> Result<(), String> {
        let pids = if self.options.targets.is_empty() {
            let (found, refused) =
                gather::with_epolls().map_err(|error| format!("/proc cannot be read: {error}"))?;
            self.refused = refused;
            self.found = found;
            self.found.iter().map(|one| one.pid).collect()
        } else {
            match targets::find(&self.options.targets) {
                Ok(pids) => pids,
                // All that were watched have ended: the table says so.
                Err(_) if !self.watched.is_empty() => return Ok(()),
                Err(why) => return Err(why),
            }
        };
        let mut refusal = None;
        for pid in pids {
            if let std::collections::btree_map::Entry::Vacant(place) = self.watched.entry(pid) {
                match Target::of(pid) {
                    Ok(target) => drop(place.insert(Watched::new(target))),
                    Err(why) => refusal = Some(format!("process {pid}: {why}")),
                }
            }
        }
        match refusal {
            Some(why) if self.watched.is_empty() => Err(why),
            _ => Ok(()),
        }
    }
}

impl Watched {
    fn new(target: Target) -> Self {
        Self {
            target,
            before: None,
            owners: Owners::default(),
            since: BTreeMap::new(),
            due: Instant::now(),
            rows: Vec::new(),
            verdicts: Vec::new(),
        }
    }

    /// Looks. `None`: it has ended.
    fn look(
        &mut self,
        round: &Round,
        options: Options,
        is_redacted: bool,
        now: Instant,
    ) -> Option<()> {
        let mut look = self.target.look(Order::ThreadsTwice, options, round).ok()?;
        if is_redacted {
            redact(&mut look);
        }
        self.owners.learn(&mut look);
        let before = self.before.take();
        self.know_since(before.as_ref(), &look);
        self.rows = rows(before.as_ref(), &look, &self.owners, &self.since);
        self.verdicts = before.map_or(Vec::new(), |before| verdicts::judge(&before, &look));
        for verdict in &self.verdicts {
            let its =
                self.rows.iter_mut().filter(|row| verdict.epfd.is_none_or(|fd| fd == row.epfd));
            its.for_each(|row| row.worst = row.worst.max(Some(verdict.certainty)));
        }
        let is_long = look.epolls.iter().any(|epoll| epoll.registered().len() > LONG);
        self.due = if is_long { now + SELDOM } else { now };
        look.threads = self.target.threads_of_first();
        self.before = Some(look);
        Some(())
    }

    /// Since when each thread has been where it is.
    fn know_since(&mut self, before: Option<&Look>, look: &Look) {
        let earlier = before.map_or(&[][..], |before| &before.threads);
        let mut since = BTreeMap::new();
        for thread in &look.threads {
            let then = earlier.iter().find(|then| then.tid == thread.tid);
            if let Some(then) = then.filter(|then| thread.is_unmoved_since(then)) {
                let first = self.since.get(&thread.tid).copied().unwrap_or(then.at);
                since.insert(thread.tid, first);
            }
        }
        self.since = since;
    }
}
