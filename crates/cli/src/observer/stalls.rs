//! Loops that stand still: threads that do not wait, while something in their epoll is ready. They are looked
//! at ten times a second, for the observer's clock runs when nothing of the program does.
//!
//! What is found is written in the thread's place in the page, and the thread reports it when it waits again.
//!
//! Surprising: to ask whether an epoll is ready its descriptor is copied, for as long as one poll(2) takes. Of an
//! epoll alone that changes nothing for the program, but for the moment at which its last close frees it.

use super::pidfd;
use epshim_attach::calls::{self, Shape};
use epshim_attach::gather::{Folder, Memory};
use epshim_attach::look::Call;
use epshim_attach::stack::Stacks;
use epshim_attach::texts::task;
use epshim_observe::proc;
use epshim_page::{Loop, Page, Seen};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{PidfdGetfdFlags, pidfd_getfd};
use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// A longer time between two looks counts as this much: the machine stood still, or this process.
const MOST_BETWEEN: Duration = Duration::from_millis(150);
/// A thread that has used less than this share of a processor, and does not sleep, waits for one.
const BUSY_PERCENT: u128 = 50;

/// What is known of the threads that do not wait.
#[derive(Debug)]
pub struct Stalls {
    /// After this time a loop stands still.
    after: Duration,
    /// By place.
    away: BTreeMap<usize, Away>,
}

/// A thread that does not wait.
#[derive(Debug)]
struct Away {
    turn: u32,
    /// When it was first seen in this turn.
    since: Instant,
    /// Since when it has done the same, with something ready all the time.
    same: Option<Same>,
}

/// What it did at the look before.
#[derive(Debug, PartialEq, Eq)]
struct Same {
    since: Instant,
    /// The latest look, and the time until then.
    looked: Instant,
    lasted: Duration,
    /// The system call, its stack pointer, and the instruction; `None`: it runs.
    call: Option<(i64, u64, u64)>,
    /// The turns of the other threads of the epoll.
    others: u32,
    /// The time that it had run by then, in nanoseconds.
    ran: u64,
}

impl Stalls {
    /// Nothing is known yet.
    pub fn new(after: Duration) -> Self {
        Self { after, away: BTreeMap::new() }
    }

    /// Looks at all loops.
    pub fn look(&mut self, page: &Page) {
        let (now, after) = (Instant::now(), self.after);
        for (place, one) in page.loops.iter().enumerate() {
            let turn = one.turns.load(Relaxed);
            if one.tid.load(Relaxed) == 0 || turn & 1 == 0 {
                self.away.remove(&place);
                continue;
            }
            let known = self.away.entry(place).or_insert(Away { turn, since: now, same: None });
            if known.turn != turn {
                *known = Away { turn, since: now, same: None };
            } else if known.look(page, one, now).is_none() {
                known.same = None;
            } else if let Some(seen) = known.seen(one, now, after) {
                one.stands_still(turn, &seen);
            }
        }
    }
}

impl Away {
    /// `None`: it does not stand still at this look.
    fn look(&mut self, page: &Page, one: &Loop, now: Instant) -> Option<()> {
        let (pid, tid) = (one.pid.load(Relaxed), one.tid.load(Relaxed));
        let Ok(process) = Folder::of(pid) else {
            one.free(tid);
            return None;
        };
        let mut buffer = Vec::new();
        let Ok(text) = process.read(&format!("task/{tid}/stat"), &mut buffer) else {
            one.free(tid);
            return None;
        };
        let state = task::stat(text)?.state;
        let others = others(page, one)?;
        if matches!(state, 'T' | 't' | 'Z' | 'X') || !is_ready(one) {
            return None;
        }
        let text = process.read(&format!("task/{tid}/schedstat"), &mut buffer).ok()?;
        let (ran, _) = proc::run_times(text)?;
        let text = process.read(&format!("task/{tid}/syscall"), &mut buffer).ok()?;
        let call = match task::call(text) {
            // A wait that no hook saw.
            Call::In { number, .. } if is_wait(number) => return None,
            Call::In { number, arguments, sp, pc } => {
                let text = process.read(&format!("fdinfo/{}", one.epfd.load(Relaxed)), &mut buffer);
                if is_on_registered(number, arguments[0] as i32, text.ok()?) {
                    return None;
                }
                Some((number, sp, pc))
            }
            Call::Running => None,
            _ => return None,
        };
        match &mut self.same {
            Some(same) if same.call == call && same.others == others => {
                same.lasted += (now - same.looked).min(MOST_BETWEEN);
                same.looked = now;
            }
            same => {
                let lasted = Duration::ZERO;
                *same = Some(Same { since: now, looked: now, lasted, call, others, ran });
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

    /// What is to be reported, if it has lasted long enough.
    fn seen(&self, one: &Loop, now: Instant, after: Duration) -> Option<Seen> {
        let same = self.same.as_ref()?;
        if same.lasted < after {
            return None;
        }
        let call = same.call.map(|(number, ..)| match calls::known(number) {
            Some(known) => known.name.to_owned(),
            None => format!("system call {number}"),
        });
        let stack = same.call.map(|(_, sp, pc)| stack(one.pid.load(Relaxed), pc, sp));
        Some(Seen {
            epfd: one.epfd.load(Relaxed),
            nanos: (now - self.since).as_nanos() as u64,
            call: call.unwrap_or_default(),
            stack: stack.unwrap_or_default(),
        })
    }
}

/// Whether the call is input or output on a descriptor of the epoll: that is another rule's.
fn is_on_registered(number: i64, fd: i32, registrations: &[u8]) -> bool {
    let is_io = calls::known(number)
        .is_some_and(|known| matches!(known.shape, Shape::Reads | Shape::Writes));
    is_io && proc::registrations(registrations).iter().any(|one| one.fd == fd)
}

fn is_wait(number: i64) -> bool {
    calls::known(number).is_some_and(|known| known.shape == Shape::Wait)
}

/// What the turns of the other threads of the process that have waited on the epoll last come to. `None`: one of
/// them waits on it now.
fn others(page: &Page, one: &Loop) -> Option<u32> {
    let (pid, epfd) = (one.pid.load(Relaxed), one.epfd.load(Relaxed));
    let mut sum = 0_u32;
    for other in page.loops.iter().filter(|other| other.tid.load(Relaxed) != 0) {
        let turn = other.turns.load(Relaxed);
        if (other.pid.load(Relaxed), other.epfd.load(Relaxed)) == (pid, epfd) {
            if turn & 1 == 0 {
                return None;
            }
            sum = sum.wrapping_add(turn);
        }
    }
    Some(sum)
}

/// Whether something in the epoll is ready.
fn is_ready(one: &Loop) -> bool {
    let (pid, epfd) = (one.pid.load(Relaxed), one.epfd.load(Relaxed));
    let name = fs::read_link(format!("/proc/{pid}/fd/{epfd}"));
    if !name.is_ok_and(|name| name.as_os_str() == "anon_inode:[eventpoll]") {
        return false;
    }
    let Some(process) = pidfd::open(pid) else { return false };
    let Ok(epoll) = pidfd_getfd(&process, epfd, PidfdGetfdFlags::empty()) else { return false };
    let mut asked = [PollFd::new(&epoll, PollFlags::IN)];
    let outcome = poll(&mut asked, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
    outcome.is_ok() && asked[0].revents().contains(PollFlags::IN)
}

/// The return addresses of a thread that is blocked there, without those in the C library.
pub fn stack(pid: i32, pc: u64, sp: u64) -> Vec<u64> {
    let Ok(process) = Folder::of(pid) else { return Vec::new() };
    let Ok(memory) = Memory::of(&process) else { return Vec::new() };
    let frames = Stacks::of(&process, &memory).walk(pc, sp);
    let is_of_libc = |module: &Option<String>| {
        let name = module.as_deref().and_then(|path| path.rsplit('/').next()).unwrap_or("");
        ["libc.", "libc-", "libpthread", "ld-musl", "libresolv", "libnss"]
            .iter()
            .any(|known| name.starts_with(known))
    };
    let frames = frames.iter().skip_while(|frame| is_of_libc(&frame.module));
    // A frame has the address of the call, the page the one that it returns to.
    frames.map(|frame| frame.address.wrapping_add(1)).collect()
}
