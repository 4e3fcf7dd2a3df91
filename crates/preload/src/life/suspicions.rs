//! Suspicions that are due: the kernel is asked about them, and what it confirms is reported. The
//! monitor thread does so pass by pass while the program runs, and the thread that ends the program
//! makes the last pass.
//!
//! The kernel is asked without the model's lock: the program goes on meanwhile. One thread at a time
//! settles suspicions.
//!
//! Surprising: the thread that ends the program keeps that lock for good. A finding that the monitor
//! thread came upon after that would be lost with it.

use crate::books::slots::Table;
use crate::books::{blocking, model};
use crate::output::report;
use crate::questions::hazard;
use crate::questions::kernel::ThisProcess;
use crate::runtime::clock::now;
use crate::runtime::lock::Lock;
use crate::runtime::sandbox::{self, Call};
use crate::runtime::{pages, shared_page};
use epshim_check::Suspicion;
use epshim_check::ports::{MILLISECOND, Nanos, Site};

/// Held by the thread that settles suspicions.
static SETTLING: Lock = Lock::new();

/// A call that takes longer than this hangs.
const HANGS: Nanos = 100 * MILLISECOND;

/// Reports calls that hang, settles what is due, and says when the next suspicion is due.
pub fn pass() -> Option<Nanos> {
    let at = now();
    if blocking::is_used() {
        blocking::hanging(at, HANGS, |one| {
            let nanos = at.saturating_sub(one.since);
            model::with(|checker| {
                let site = Site(one.site);
                checker.blocked(one.tid, at, one.fd, one.call.name(), nanos, false, site);
            });
        });
    }
    if SETTLING.take(0) {
        settle(at);
        SETTLING.give();
    }
    next_due()
}

/// When the next suspicion is due.
pub fn next_due() -> Option<Nanos> {
    model::with(|checker| checker.next_due()).flatten()
}

/// Asks the kernel about the suspicions that are due, and reports what it confirms.
fn settle(at: Nanos) {
    let due = model::with(|checker| checker.due(at, &Table)).unwrap_or_default();
    if due.is_empty() {
        return;
    }
    let confirm =
        |suspicion: Suspicion| (suspicion.asked(), suspicion.confirm(now(), &mut ThisProcess));
    shared_page::settling(due.len());
    // In a sandbox no question reaches the kernel.
    let announcement = sandbox::may(Call::Descriptors).then(hazard::announce);
    // The reserve pays for one of them, not for all.
    let answers: Vec<_> = due.into_iter().take_while(|_| !pages::is_out()).map(confirm).collect();
    drop(announcement);
    for (left, (asked, verdict)) in (1..=answers.len()).rev().zip(answers) {
        shared_page::settling(left);
        let finding =
            model::with(|checker| checker.settle(verdict, asked, now(), &Table)).flatten();
        if let Some(finding) = finding {
            report::write(&finding);
        }
    }
    shared_page::settling(0);
}

/// The last pass, by the thread that ends the program: what is due now is settled now. This thread
/// waits for what the monitor thread is settling, through this number of sleeps.
pub fn finish(patience: u32) {
    model::with(|checker| checker.finish(now(), &Table));
    // Behind it: what calls have posted was raised when the model was had.
    let at = now();
    if SETTLING.take(patience) {
        settle(at);
    }
}

/// In a forked child: no thread settles suspicions.
pub fn forked() {
    SETTLING.forked();
}
