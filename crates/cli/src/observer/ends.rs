//! The ends that the observer writes: of the first process, and of others that have waited or in which something
//! was found.
//!
//! A process that has written its end itself gave its slot back, or says so in it. What one slot says of
//! another process than the one that is dead is left alone.

use super::fate;
use super::own::Own;
use super::stalls::Stalls;
use epshim_attach::gather::since_1970;
use epshim_page::{FIRST, Page, SLOTS, State};
use epshim_report::{End, Fate, How, Others, Total, json};
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Duration;

/// A process whose end is waited for.
pub struct Process {
    /// Its id.
    pub pid: i32,
    /// When it started; 0: not known.
    pub started: u64,
    /// `None`: the first process's, which the command has opened.
    pub pidfd: Option<OwnedFd>,
    /// What it was started as, as far as that was seen.
    pub original: Option<PathBuf>,
    /// What it runs since it began to execute something.
    pub program: Option<PathBuf>,
    /// How often it was looked at since it began to execute something.
    pub looks: u32,
}

fn fate(own: &Own, slot: usize, process: &Process) -> Fate {
    let pidfd = if slot == FIRST { Some(&own.launched) } else { process.pidfd.as_ref() };
    let how = fate::of(process.pid, process.started, pidfd);
    let is_other = own.page.states.of(slot) == State::Executing;
    let program = process.program.as_ref().map(|program| program.display().to_string());
    let program = is_other.then(|| program.unwrap_or_else(|| "another program".to_owned()));
    Fate { program, ..Fate::new(how) }
}

/// Where a signal has ended it, what its loops did last is reported before.
fn end(own: &Own, slot: usize, process: &Process, stalls: &mut Option<Stalls>) -> End {
    let time = since_1970();
    let fate = fate(own, slot, process);
    let is_killed = fate.program.is_none() && matches!(fate.how, How::Signal(_));
    if let Some(stalls) = stalls.as_mut().filter(|_| is_killed) {
        stalls.killed(own, process.pid);
    }
    let mut end = own.page.slot(slot).end(process.pid.unsigned_abs(), time, fate);
    end.suppressed =
        stalls.as_ref().map(|stalls| stalls.suppressed(slot, process.pid)).unwrap_or_default();
    end
}

fn put(own: &Own, end: &End) {
    let json = json::summary(end);
    own.files.put(&end.text(own.files.medium()), &json);
    if let Some(documents) = &own.documents {
        let _ = documents.collect(json.as_bytes());
    }
}

/// Another process than the first has ended.
pub fn of_another(own: &Own, slot: usize, process: &Process, stalls: &mut Option<Stalls>) {
    let states = &own.page.states;
    // Its end is written, and the slot perhaps another one's.
    if states.process(slot) != process.pid || !states.is_used(slot) {
        return;
    }
    if own.page.slot(slot).is_of_interest() {
        put(own, &end(own, slot, process, stalls));
    }
    if states.of(slot) == State::Executing {
        own.page.unwatched.fetch_add(1, Relaxed);
    }
    states.set(slot, State::Free);
}

/// Others that have ended before the first, and whose end was not seen yet, or who were not: how that was is
/// not always known then.
pub fn of_others(own: &Own, all: &mut BTreeMap<usize, Process>, stalls: &mut Option<Stalls>) {
    for slot in (FIRST + 1..SLOTS).filter(|&slot| own.page.states.is_used(slot)) {
        let pid = own.page.states.process(slot);
        if fate::runs(pid) {
            continue;
        }
        let known = all.remove(&slot).filter(|known| known.pid == pid);
        let process = known.unwrap_or(Process {
            pid,
            started: 0,
            pidfd: None,
            original: None,
            program: None,
            looks: 0,
        });
        of_another(own, slot, &process, stalls);
    }
}

/// The program has ended: the observer's last words.
pub fn of_the_first(own: &Own, process: &Process, stalls: &mut Option<Stalls>) {
    let page = own.page;
    // Those that go on write for themselves.
    page.held.store(0, Relaxed);
    if page.is_given_up.load(Relaxed) != 0 || page.states.of(FIRST) == State::Ended {
        return;
    }
    let mut end = end(own, FIRST, process, stalls);
    if page.slot(FIRST).generation.load(Relaxed) == 0 {
        end.seen.checker_failed = true;
    }
    let findings = u64::from(page.findings.load(Relaxed));
    let processes = u64::from(page.processes.load(Relaxed));
    end.others = Others {
        not_watched: if own.traces_children { 0 } else { page.not_watched() },
        going_on: going_on(page),
        total: (own.traces_children && processes > 1).then_some(Total { processes, findings }),
    };
    put(own, &end);
}

/// How many watched processes have not ended. One that was forked just now is not there at once.
fn going_on(page: &Page) -> u64 {
    let count =
        |state: State| (FIRST + 1..SLOTS).filter(|&slot| page.states.of(slot) == state).count();
    for _ in 0..500 {
        if count(State::Reserved) == 0 {
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
    let runs = |&slot: &usize| {
        page.states.of(slot) == State::Running && fate::runs(page.states.process(slot))
    };
    (FIRST + 1..SLOTS).filter(runs).count() as u64
}
