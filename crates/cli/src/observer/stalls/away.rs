//! A thread that does not wait, from look to look: since when it has done the same, and what was found of it.

use super::call::Call;
use super::found::Found;
use super::ready;
use super::reports::{Draft, Reports, Standing};
use crate::observer::own::Own;
use epshim_attach::gather::Folder;
use epshim_attach::texts::task;
use epshim_attach::{calls, look};
use epshim_observe::proc;
use epshim_page::{Loop, Page, Seen};
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// A longer time between two looks counts as this much: the machine stood still, or this process.
const MOST_BETWEEN: Duration = Duration::from_millis(150);
/// A thread that has used less than this share of a processor, and does not sleep, waits for one.
const BUSY_PERCENT: u128 = 50;
/// A loop that stands still for this much longer may do so for ever: the observer reports it.
const GOES_ON: Duration = Duration::from_secs(10);

/// A thread that does not wait.
#[derive(Debug)]
pub struct Away {
    pub pid: i32,
    pub tid: i32,
    pub turn: u32,
    /// When it was first seen in this turn.
    pub since: Instant,
    /// Since when it has done the same, with something ready all the time.
    same: Option<Same>,
    /// The observer reports this turn, or has.
    pub report: Reported,
    /// Looks since its process has ended.
    ended: u32,
}

/// Whether the observer reports it.
#[derive(Debug)]
pub enum Reported {
    No,
    Drafted(Box<Draft>),
    Yes,
}

/// What it did at the look before.
#[derive(Debug)]
struct Same {
    since: Instant,
    /// The latest look, and the time until then.
    looked: Instant,
    lasted: Duration,
    /// `None`: it runs.
    call: Option<Call>,
    /// The turns of the other threads of the epoll.
    others: u32,
    /// The time that it had run by then, in nanoseconds.
    ran: u64,
    /// What was found, once it had lasted long enough.
    found: Option<Found>,
}

/// What a look says of a thread.
pub enum Look {
    /// It does not stand still.
    Moves,
    /// Its process has ended, or is about to.
    Ended,
    StandsStill,
}

impl Away {
    pub fn new(one: &Loop, turn: u32, since: Instant) -> Self {
        let (pid, tid) = (one.pid.load(Relaxed), one.tid.load(Relaxed));
        Self { pid, tid, turn, since, same: None, report: Reported::No, ended: 0 }
    }

    pub fn moves(&mut self) {
        self.same = None;
        // What was about to be reported is not so any more.
        if matches!(self.report, Reported::Drafted(_)) {
            self.report = Reported::No;
        }
    }

    pub fn found(&self) -> Option<&Found> {
        self.same.as_ref()?.found.as_ref()
    }

    /// Its process has ended, at another look. Whether its end was said by now, and nothing more will be.
    pub fn is_forgotten(&mut self) -> bool {
        const LOOKS: u32 = 10;
        self.ended += 1;
        self.ended > LOOKS
    }

    /// What was found of it until just now.
    pub fn last(&self, now: Instant, after: Duration) -> Option<&Found> {
        let same = self.same.as_ref().filter(|same| same.lasted >= after);
        let is_fresh = |same: &&Same| now.duration_since(same.looked) < 5 * MOST_BETWEEN;
        same.filter(is_fresh).and_then(|same| same.found.as_ref())
    }

    pub fn look(&mut self, page: &Page, one: &Loop, now: Instant) -> Look {
        let Ok(process) = Folder::of(self.pid) else {
            return Look::Ended;
        };
        let mut buffer = Vec::new();
        let stat = process.read("stat", &mut buffer).ok().and_then(task::stat);
        if stat.is_none_or(|stat| stat.has_ended()) {
            return Look::Ended;
        }
        if process.read(&format!("task/{}/stat", self.tid), &mut buffer).is_err() {
            one.free(self.tid);
            return Look::Moves;
        }
        let stands_still = self.asks(page, one, now, &process, &mut buffer).is_some();
        if stands_still { Look::StandsStill } else { Look::Moves }
    }

    /// `None`: it does not stand still at this look.
    fn asks(
        &mut self,
        page: &Page,
        one: &Loop,
        now: Instant,
        process: &Folder,
        buffer: &mut Vec<u8>,
    ) -> Option<()> {
        let tid = self.tid;
        let state = task::stat(process.read(&format!("task/{tid}/stat"), buffer).ok()?)?.state;
        let others = ready::others(page, one)?;
        if matches!(state, 'T' | 't' | 'Z' | 'X') || !ready::is_ready(one) {
            return None;
        }
        let text = process.read(&format!("task/{tid}/schedstat"), buffer).ok()?;
        let (ran, _) = proc::run_times(text)?;
        let text = process.read(&format!("task/{tid}/syscall"), buffer).ok()?;
        let call = match task::call(text) {
            // A wait that no hook saw.
            look::Call::In { number, .. } if ready::is_wait(number) => return None,
            look::Call::In { number, arguments, sp, pc } => {
                let text = process.read(&format!("fdinfo/{}", one.epfd.load(Relaxed)), buffer);
                let registrations = proc::registrations(text.ok()?);
                // That is another rule's.
                if calls::is_on_registered(number, arguments[0] as i32, &registrations) {
                    return None;
                }
                Some(Call { number, arguments, sp, pc })
            }
            look::Call::Running => None,
            _ => return None,
        };
        self.note(now, call, others, ran)
    }

    fn note(&mut self, now: Instant, call: Option<Call>, others: u32, ran: u64) -> Option<()> {
        let place = |call: Call| (call.number, call.sp, call.pc);
        match &mut self.same {
            Some(same) if same.call.map(place) == call.map(place) && same.others == others => {
                same.lasted += (now - same.looked).min(MOST_BETWEEN);
                same.looked = now;
            }
            same => {
                let (lasted, found) = (Duration::ZERO, None);
                *same = Some(Same { since: now, looked: now, lasted, call, others, ran, found });
            }
        }
        let same = self.same.as_ref()?;
        if call.is_none() {
            let (ran, lasted) =
                (u128::from(ran - same.ran.min(ran)), (now - same.since).as_nanos());
            let is_starved = !(now - same.since).is_zero() && ran * 100 < lasted * BUSY_PERCENT;
            return (!is_starved).then_some(());
        }
        Some(())
    }

    /// Writes it down for the thread, if it has lasted long enough, or reports it, if it goes on.
    pub fn stands_still(
        &mut self,
        own: &Own,
        one: &Loop,
        now: Instant,
        after: Duration,
        reports: &mut Reports,
    ) {
        let (pid, tid, turn) = (self.pid, self.tid, self.turn);
        let nanos = (now - self.since).as_nanos() as u64;
        let Some(same) = self.same.as_mut().filter(|same| same.lasted >= after) else { return };
        let look = || Found::of(one, same.call, monitor(own.page, pid));
        let found = same.found.get_or_insert_with(look);
        match std::mem::replace(&mut self.report, Reported::Yes) {
            Reported::Yes => return,
            Reported::Drafted(mut draft) => {
                if draft.is_ready() {
                    reports.write(own, *draft, || one.claim(turn));
                } else {
                    self.report = Reported::Drafted(draft);
                }
                return;
            }
            Reported::No => self.report = Reported::No,
        }
        one.stands_still(turn, &Seen { nanos, pipe: None, ..found.seen.clone() });
        if same.lasted < after + GOES_ON || !found.is_in_loop {
            return;
        }
        *found = Found::of(one, same.call, monitor(own.page, pid));
        let seen = Seen { nanos, stack: found.stack(), ..found.seen.clone() };
        let standing = Standing { pid, tid, nanos, found, is_over: false };
        self.report = Reported::Yes;
        if let Some(draft) = reports.draft(own, standing).filter(|_| found.is_in_loop) {
            one.stands_still(turn, &seen);
            self.report = Reported::Drafted(Box::new(draft));
        }
    }
}

/// The thread of ours in a process; 0: there is none.
fn monitor(page: &Page, pid: i32) -> i32 {
    let slot = page.states.find(pid);
    slot.map_or(0, |slot| page.slot(slot).monitor.load(Relaxed))
}
