//! A glance at the machine: which processes with an epoll seem to spin. It finds out in less than half a second, or says
//! nothing: it is for those who have not asked for anything yet.
//!
//! Surprising: the looks are made in a thread that is left to itself when the time is over. A process may be in a state
//! in which what /proc has of it is not answered for long.

use epshim_attach::gather::{Options, Order, Round, Target, running_with_epolls};
use epshim_attach::look::Look;
use epshim_attach::scene::Scene;
use epshim_attach::verdict::Verdict;
use epshim_attach::verdicts;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// The whole glance.
const TIME: Duration = Duration::from_millis(450);
/// No first look begins later.
const FIRST: Duration = Duration::from_millis(150);
/// Between the two looks: long enough for ticks of the clock to say where a thread spends its time.
const BETWEEN: Duration = Duration::from_millis(150);

/// A process with a thread that has not slept.
#[derive(Debug)]
pub struct Spinner {
    pub pid: i32,
    pub name: String,
    /// The rule that says why, if one does.
    pub rule: Option<&'static str>,
}

/// What a glance has seen.
#[derive(Debug, Default)]
pub struct Glance {
    pub spinners: Vec<Spinner>,
    /// How many processes may not be looked at.
    pub refused: usize,
}

enum Seen {
    Refused(usize),
    Spins(Spinner),
}

/// Glances at all processes. What there was no time for is not seen.
pub fn glance() -> Glance {
    let end = Instant::now() + TIME;
    let (sender, receiver) = channel();
    let mut glance = Glance::default();
    if thread::Builder::new().spawn(move || look(&sender)).is_err() {
        return glance;
    }
    while let Ok(seen) = receiver.recv_timeout(end.saturating_duration_since(Instant::now())) {
        match seen {
            Seen::Refused(count) => glance.refused = count,
            Seen::Spins(spinner) => glance.spinners.push(spinner),
        }
    }
    glance.spinners.sort_by_key(|spinner| spinner.pid);
    glance
}

/// Says what it sees as long as it is listened to.
fn look(sender: &Sender<Seen>) {
    let begun = Instant::now();
    let Ok((pids, refused)) = running_with_epolls() else { return };
    let _ = sender.send(Seen::Refused(refused));
    let round = Round::of(pids.len());
    let mut looked = Vec::new();
    // Those that were started last are the likeliest to be asked about.
    for &pid in pids.iter().rev() {
        if begun.elapsed() > FIRST && !looked.is_empty() {
            break;
        }
        let Ok(mut target) = Target::of(pid) else { continue };
        if let Ok(look) = target.look(Order::ThreadsFirst, Options { copies: false }, &round) {
            looked.push((target, look));
        }
    }
    if !looked.is_empty() {
        thread::sleep(BETWEEN);
    }
    let round = Round::of(looked.len());
    for (mut target, before) in looked {
        let Ok(now) = target.look(Order::ThreadsLast, Options { copies: false }, &round) else {
            continue;
        };
        let spinner = spinner(&before, now);
        if spinner.is_some_and(|spinner| sender.send(Seen::Spins(spinner)).is_err()) {
            return;
        }
    }
}

fn spinner(before: &Look, now: Look) -> Option<Spinner> {
    if now.epolls.is_empty() || Scene::new(before, &now)?.spins().is_empty() {
        return None;
    }
    let rule = verdicts::judge(before, &now).into_iter().find(Verdict::is_finding);
    let rule = rule.map(|verdict| verdict.rule);
    Some(Spinner { pid: now.process.pid, name: now.process.name, rule })
}
