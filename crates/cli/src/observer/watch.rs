//! What the observer does until the program has ended: it waits for the ends of the watched processes, and
//! for the bell, with which they say that there is something in the page.
//!
//! What the page says is not trusted: a process may have been killed in the middle of writing it.
//!
//! Surprising: poll(2) waits for descriptors, and the bell is a futex. So a second thread turns one into the
//! other.

use super::own::Own;
use super::{fate, pidfd};
use epshim_check::report::{End, Fate, Others, Total, json};
use epshim_page::{FEW, FIRST, Page, SLOTS, State};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::{read, write};
use rustix::process::{Pid, test_kill_process};
use rustix::thread::futex;
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fs, thread};

/// A process whose end is waited for.
struct Process {
    pid: i32,
    started: u64,
    /// `None`: the first process's, which the command has opened.
    pidfd: Option<OwnedFd>,
    /// What it was started as, as far as that was seen.
    original: Option<PathBuf>,
    /// What it runs since it began to execute something.
    program: Option<PathBuf>,
    /// How often it was looked at since it began to execute something.
    looks: u32,
}

/// Milliseconds between two looks at what a process executes, and how many there are.
const BETWEEN_LOOKS: i64 = 10;
const LOOKS: u32 = 100;

/// Until the first process has ended.
pub fn run(own: &Own) {
    let Ok(bell) = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK) else { return };
    let bell = Arc::new(bell);
    let has_bell = listen(own.page, bell.clone());
    let first = Process {
        pid: own.page.launched.load(Relaxed),
        started: own.page.states.started(FIRST),
        pidfd: None,
        original: None,
        program: None,
        looks: 0,
    };
    let mut all = BTreeMap::from([(FIRST, first)]);
    loop {
        let is_looking = all.iter().any(|(&slot, process)| {
            own.page.states.of(slot) == State::Executing && process.looks < LOOKS
        });
        let timeout = if is_looking || !has_bell { Some(BETWEEN_LOOKS) } else { None };
        let dead = wait(own, &bell, &all, timeout);
        let _ = read(&*bell, &mut [0; 8]);
        write_mail(own);
        let is_over = dead.contains(&FIRST);
        for slot in dead.into_iter().filter(|&slot| slot != FIRST) {
            if let Some(process) = all.remove(&slot) {
                other_ended(own, slot, &process);
            }
        }
        if is_over {
            others_ended(own, &mut all);
            return first_ended(own, &all[&FIRST]);
        }
        find(own.page, &mut all);
        sweep(own.page, &all);
        all.iter_mut().for_each(|(&slot, process)| look(own.page, slot, process));
    }
}

/// Starts the thread that waits for the bell. False: there is none.
fn listen(page: &'static Page, bell: Arc<OwnedFd>) -> bool {
    let mut heard = page.bell.load(SeqCst);
    let wait = move || {
        loop {
            let _ = futex::wait(&page.bell, futex::Flags::empty(), heard, None);
            let now = page.bell.load(SeqCst);
            if now != heard {
                heard = now;
                let _ = write(&*bell, &1_u64.to_ne_bytes());
            }
        }
    };
    thread::Builder::new().stack_size(64 << 10).spawn(wait).is_ok()
}

/// Sleeps until a process has ended, or the bell has rung. Returns the slots of those that have ended.
fn wait(
    own: &Own,
    bell: &OwnedFd,
    all: &BTreeMap<usize, Process>,
    timeout: Option<i64>,
) -> Vec<usize> {
    let mut awaited: Vec<PollFd<'_>> = vec![PollFd::new(bell, PollFlags::IN)];
    for process in all.values() {
        let pidfd = process.pidfd.as_ref().unwrap_or(&own.launched);
        awaited.push(PollFd::new(pidfd, PollFlags::IN));
    }
    let timeout =
        timeout.map(|milliseconds| Timespec { tv_sec: 0, tv_nsec: milliseconds * 1_000_000 });
    let _ = poll(&mut awaited, timeout.as_ref());
    let ended = awaited[1..].iter().map(|one| !one.revents().is_empty());
    all.keys().zip(ended).filter(|&(_, ended)| ended).map(|(&slot, _)| slot).collect()
}

/// Writes what a process wants written, and frees the mail of one that has died with it.
fn write_mail(own: &Own) {
    let mail = &own.page.mail;
    if let Some((place, text)) = mail.take() {
        let outcome = own.files.write(place, &text);
        mail.reply(outcome.map_or_else(rustix::io::Errno::raw_os_error, |()| 0));
        let _ = futex::wake(&mail.state, futex::Flags::empty(), u32::MAX >> 1);
    }
    let owner = mail.owner.load(Relaxed);
    let process = i32::try_from(owner).ok().and_then(Pid::from_raw);
    if process.is_some_and(|process| test_kill_process(process) == Err(rustix::io::Errno::SRCH)) {
        mail.owner_has_died(owner);
    }
}

/// Processes that have waited, or in which something was found, and that are new.
fn find(page: &Page, all: &mut BTreeMap<usize, Process>) {
    for slot in FIRST + 1..SLOTS {
        let is_there = matches!(page.states.of(slot), State::Running | State::Executing);
        let pid = page.states.process(slot);
        let is_known = all.get(&slot).is_some_and(|known| known.pid == pid);
        if !is_there || is_known || page.slot(slot).is_counted.load(Relaxed) == 0 {
            continue;
        }
        let Some(pidfd) = pidfd::open(pid) else { continue };
        let started = fate::started(pid).unwrap_or(0);
        // The id was its own still when the descriptor was had.
        if page.states.process(slot) == pid && page.states.of(slot) != State::Free {
            let (original, program) = (None, None);
            let pidfd = Some(pidfd);
            all.insert(slot, Process { pid, started, pidfd, original, program, looks: 0 });
        }
    }
}

/// Frees the slots of dead processes that nothing is to be said of, when few are left: of children that never
/// waited and were killed, or have executed something that says nothing.
fn sweep(page: &Page, all: &BTreeMap<usize, Process>) {
    let is_free = |&slot: &usize| page.states.of(slot) == State::Free;
    if (0..SLOTS).filter(is_free).take(FEW).count() == FEW {
        return;
    }
    for slot in (FIRST + 1..SLOTS).filter(|slot| !all.contains_key(slot)) {
        let process = Pid::from_raw(page.states.process(slot));
        let is_dead = process
            .is_some_and(|process| test_kill_process(process) == Err(rustix::io::Errno::SRCH));
        if is_dead && page.states.change(slot, State::Executing, State::Free) {
            page.unwatched.fetch_add(1, Relaxed);
        } else if is_dead {
            page.states.change(slot, State::Running, State::Free);
        }
    }
}

/// Notes what a process runs: what it was started as, and then what it executes.
fn look(page: &Page, slot: usize, process: &mut Process) {
    let program = || fs::read_link(format!("/proc/{}/exe", process.pid)).ok();
    if page.states.of(slot) != State::Executing {
        (process.looks, process.program) = (0, None);
        if process.original.is_none() && page.slot(slot).generation.load(Relaxed) > 0 {
            process.original = program();
        }
    } else if process.looks < LOOKS {
        process.looks += 1;
        let program = program();
        // At first it may not have begun.
        if program.is_some() && (program != process.original || process.looks == LOOKS) {
            process.program = program;
        }
    }
}

fn fate(own: &Own, slot: usize, process: &Process) -> Fate {
    let pidfd = if slot == FIRST { Some(&own.launched) } else { process.pidfd.as_ref() };
    let how = fate::of(process.pid, process.started, pidfd);
    let is_other = own.page.states.of(slot) == State::Executing;
    let program = process.program.as_ref().map(|program| program.display().to_string());
    let program = is_other.then(|| program.unwrap_or_else(|| "another program".to_owned()));
    Fate { program, ..Fate::new(how) }
}

fn end(own: &Own, slot: usize, process: &Process) -> End {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let fate = fate(own, slot, process);
    own.page.slot(slot).end(process.pid.unsigned_abs(), time, fate)
}

fn put(own: &Own, end: &End) {
    own.files.put(&end.text(own.files.colour), &json::summary(end));
}

/// Another process than the first has ended.
fn other_ended(own: &Own, slot: usize, process: &Process) {
    let states = &own.page.states;
    // Its end is written, and the slot perhaps another one's.
    if states.process(slot) != process.pid || !states.is_used(slot) {
        return;
    }
    if own.page.slot(slot).is_of_interest() {
        put(own, &end(own, slot, process));
    }
    if states.of(slot) == State::Executing {
        own.page.unwatched.fetch_add(1, Relaxed);
    }
    states.set(slot, State::Free);
}

/// Others that have ended before the first, and whose end was not seen yet, or who were not: how that was is
/// not always known then.
fn others_ended(own: &Own, all: &mut BTreeMap<usize, Process>) {
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
        other_ended(own, slot, &process);
    }
}

/// The program has ended: the observer's last words.
fn first_ended(own: &Own, process: &Process) {
    let page = own.page;
    // Those that go on write for themselves.
    page.held.store(0, Relaxed);
    if page.is_given_up.load(Relaxed) != 0 || page.states.of(FIRST) == State::Ended {
        return;
    }
    let mut end = end(own, FIRST, process);
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
