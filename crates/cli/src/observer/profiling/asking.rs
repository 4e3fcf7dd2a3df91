//! What the kernel is asked about the threads that wait on epolls: ten times a second how long they have run and have
//! waited for a processor; a hundred times a second, of those that are in the same turn as at the look before, what they
//! do. Of a thread that sleeps in a call that is its stack, and of one that runs that it does.
//!
//! A thread that does not wait again for long is named on standard error while that lasts.
//!
//! Nothing of the program is stopped, and it takes no part.

use super::outputs::say;
use super::peers::Peers;
use super::times::times;
use crate::observer::recording::Shared;
use crate::observer::stalls::stack;
use epshim_attach::calls;
use epshim_attach::gather::Folder;
use epshim_attach::gather::now;
use epshim_attach::look::Call;
use epshim_attach::texts::task;
use epshim_page::{Loop, Page};
use epshim_profile::words;
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const BETWEEN: Duration = Duration::from_millis(10);
/// Looks between two at the kernel's times, and at the sockets.
const LOOKS: u32 = 10;
const LOOKS_AT_SOCKETS: u32 = 50;
/// A turn is said to go on after this time, and after twice that, and so on.
const LONG: Duration = Duration::from_secs(5);

/// The thread that asks.
#[derive(Debug)]
pub struct Asking {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// A thread in a turn.
struct Away {
    turn: u32,
    since: Instant,
    /// It is said when the turn has lasted for this long.
    say_after: Duration,
}

impl Asking {
    pub fn start(model: Shared, page: &'static Page, to: Option<Arc<OwnedFd>>) -> Option<Self> {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = is_over.clone();
        let run = move || {
            let (mut away, mut peers) = (BTreeMap::new(), Peers::default());
            let mut looks = 0_u32;
            while !over.load(Relaxed) {
                looks = looks.wrapping_add(1);
                for (place, one) in page.loops.iter().enumerate() {
                    look(&model, place, one, looks % LOOKS == 1, &mut away, to.as_deref());
                }
                if looks % LOOKS_AT_SOCKETS == 2 {
                    peers.look(&model);
                }
                thread::sleep(BETWEEN);
            }
        };
        let thread = thread::Builder::new().stack_size(512 << 10).spawn(run).ok()?;
        Some(Self { is_over, thread })
    }

    pub fn end(self) {
        self.is_over.store(true, Relaxed);
        let _ = self.thread.join();
    }
}

fn look(
    model: &Shared,
    place: usize,
    one: &Loop,
    is_tenth: bool,
    away: &mut BTreeMap<usize, Away>,
    to: Option<&OwnedFd>,
) {
    let (pid, tid, turn) = (one.pid.load(Relaxed), one.tid.load(Relaxed), one.turns.load(Relaxed));
    if tid == 0 {
        away.remove(&place);
        return;
    }
    if is_tenth && !times(model, pid, tid) {
        one.free(tid);
    }
    if turn & 1 == 0 {
        away.remove(&place);
        return;
    }
    let since = Instant::now();
    let known = away.entry(place).or_insert(Away { turn, since, say_after: LONG });
    if known.turn != turn {
        *known = Away { turn, since, say_after: LONG };
        return;
    }
    // The same as at the look before; not where it is seen for the first time.
    if known.since != since {
        sample(model, pid, tid);
        if known.since.elapsed() > known.say_after {
            let long = words::time(known.since.elapsed().as_nanos() as u64);
            let line = format!("epshim profile: thread {tid} is in a turn since {long}");
            say(to, pid, &[line]);
            known.say_after *= 2;
        }
    }
}

/// What it does now.
fn sample(model: &Shared, pid: i32, tid: i32) {
    let Ok(process) = Folder::of(pid) else { return };
    let mut buffer = Vec::new();
    let Ok(text) = process.read(&format!("task/{tid}/syscall"), &mut buffer) else { return };
    let at = now();
    let (call, addresses) = match task::call(text) {
        Call::In { number, sp, pc, .. } => {
            let name = calls::known(number).map(|known| known.name.to_owned());
            (name.unwrap_or_else(|| format!("system call {number}")), stack(pid, pc, sp))
        }
        Call::Running => (String::new(), Vec::new()),
        _ => return,
    };
    if let Some(model) = model.lock().as_mut() {
        model.sampled(at, pid, tid, &call, &addresses);
    }
}
