//! What the observer does until the program has ended: it waits for the ends of the watched processes, and
//! for the bell, with which they say that there is something in the page.
//!
//! What the page says is not trusted: a process may have been killed in the middle of writing it.
//!
//! Surprising: poll(2) waits for descriptors, and the bell is a futex. So a second thread turns one into the
//! other.

use super::documents::Documents;
use super::ends::{self, Process};
use super::own::Own;
use super::stalls::Stalls;
use super::{fate, pidfd};
use epshim_page::mail::Place;
use epshim_page::{FEW, FIRST, Page, SLOTS, State};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::{read, write};
use rustix::process::{Pid, test_kill_process};
use rustix::thread::futex;
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::{fs, thread};

/// Milliseconds between two looks at what a process executes, and how many there are.
const BETWEEN_LOOKS: i64 = 10;
const LOOKS: u32 = 100;

/// Between two looks at the loops.
const BETWEEN_LOOKS_AT_LOOPS: i64 = 100;

/// Until the first process has ended. `profile`: it is about to, and waits for what this writes.
pub fn run(own: &Own, mut profile: impl FnMut()) {
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
    let mut stalls = own.stall.map(Stalls::new);
    loop {
        let is_looking = all.iter().any(|(&slot, process)| {
            own.page.states.of(slot) == State::Executing && process.looks < LOOKS
        });
        let looks = stalls.as_ref().map(|_| BETWEEN_LOOKS_AT_LOOPS);
        let timeout = if is_looking || !has_bell { Some(BETWEEN_LOOKS) } else { looks };
        let dead = wait(own, &bell, &all, timeout);
        let _ = read(&*bell, &mut [0; 8]);
        write_mail(own, &mut profile);
        if own.page.is_dismissed.load(SeqCst) != 0 {
            return;
        }
        let is_over = dead.contains(&FIRST);
        for slot in dead.into_iter().filter(|&slot| slot != FIRST) {
            if let Some(process) = all.remove(&slot) {
                ends::of_another(own, slot, &process, &mut stalls);
            }
        }
        if is_over {
            ends::of_others(own, &mut all, &mut stalls);
            ends::of_the_first(own, &all[&FIRST], &mut stalls);
            // What was appended without the mail.
            own.documents.iter().for_each(Documents::update);
            return;
        }
        if let Some(stalls) = &mut stalls {
            stalls.look(own);
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
fn write_mail(own: &Own, profile: &mut impl FnMut()) {
    let mail = &own.page.mail;
    if let Some((place, text)) = mail.take() {
        let outcome = match (place, &own.documents) {
            (Place::Lines, Some(documents)) => documents.collect(&text),
            (Place::Profile, _) => {
                profile();
                Ok(())
            }
            _ => own.files.write(place, &text),
        };
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
