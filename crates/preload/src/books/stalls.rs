//! Loops that stood still, as the observer has seen them: what the model is told of them, and what the observer has
//! reported itself, so that it is not written twice.
//!
//! Surprising: what the observer has reported is found here once more, when the thread waits again or the process
//! ends. It is counted then, and silenced, and exit codes and recordings know of it as of any other.

use crate::books::{model, recording, stacks};
use crate::questions::callers;
use crate::runtime::clock::now;
use crate::runtime::lock::{Locked, PATIENCE};
use crate::runtime::{loops, shared_page, thread};
use epshim_check::Finding;
use epshim_observe::{Fd, Observation, Site, Tid, What};
use epshim_page::{DEPTH, Loop, Seen};
use std::ffi::{c_int, c_void};

/// A finding that the observer has written.
type Written = (Tid, Fd, Site);

static WRITTEN: Locked<Vec<Written>> = Locked::new(Vec::new());
/// More than these are not remembered.
const MOST: usize = 64;

/// A wait of this thread begins. The model is told of the time before.
pub fn wait_begins(epfd: c_int, site: *const c_void) {
    if let Some(seen) = loops::waits(epfd, site, |own| find_callers(own, site)) {
        let at = stack(&seen).unwrap_or_else(|| stacks::capture(site));
        tell(thread::tid(), seen, at);
    }
}

/// The process ends: the threads whose stalls the observer has reported do not wait any more.
pub fn finish() {
    for (tid, seen) in loops::reported() {
        if let Some(at) = stack(&seen) {
            tell(tid, seen, at);
        }
    }
}

fn find_callers(own: &Loop, site: *const c_void) {
    let found = callers::of_call(site.addr(), DEPTH - 1, |frames| {
        let frames: Vec<u64> = frames.iter().map(|&address| address as u64).collect();
        own.called_by(&frames);
    });
    if found.is_none() {
        own.called_by(&[site.addr() as u64]);
    }
}

/// `None`: it is not known.
fn stack(seen: &Seen) -> Option<Site> {
    let frames: Vec<usize> = seen.stack.iter().map(|&address| address as usize).collect();
    if frames.is_empty() { None } else { stacks::keep(&frames) }
}

fn tell(tid: c_int, seen: Seen, site: Site) {
    let Seen { epfd, nanos, call, pipe, is_reported, .. } = seen;
    let (write_end, read_end) = pipe.unwrap_or((-1, -1));
    let is_over = !is_reported;
    if is_reported {
        shared_page::counts_itself();
        WRITTEN.with(PATIENCE, |all| {
            if all.len() < MOST {
                all.push((tid, epfd, site));
            }
        });
    }
    let what = What::Stalled { epfd, nanos, call, is_over, write_end, read_end };
    let it = Observation { at: now(), pid: 0, tid, site, what };
    model::with(|checker| recording::tell(checker, &it));
}

/// Whether the observer has written the report of this finding. Asked once of each.
pub fn is_written(finding: &Finding) -> bool {
    let Some(&(_, site)) = finding.sites.first() else { return false };
    let this = (finding.tid, finding.epfd, site);
    let taken = WRITTEN.with(PATIENCE, |all| {
        let place = all.iter().position(|one| *one == this)?;
        Some(all.swap_remove(place))
    });
    taken.flatten().is_some()
}

/// In a forked child: what its parent was told is not its own.
pub fn forked() {
    WRITTEN.renew(Vec::new);
}
