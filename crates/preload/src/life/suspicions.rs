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
use crate::books::{blocking, model, recording, stacks, stalls};
use crate::life::introductions;
use crate::output::report;
use crate::questions::hazard;
use crate::questions::kernel::ThisProcess;
use crate::runtime::clock::now;
use crate::runtime::lock::Lock;
use crate::runtime::sandbox::{self, Call};
use crate::runtime::{pages, shared_page};
use epshim_check::Suspicion;
use epshim_observe::{Answer, MILLISECOND, Nanos, Noted, Observation, Site, What};

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
            let what = What::Blocked { fd: one.fd, call: one.call, nanos, is_over: false };
            // It sleeps in the call, so that its lines are those of the call.
            let site = stacks::of_sleeping(one.tid, one.site);
            let site = if one.goes_on() { site } else { Site(one.site) };
            let it = Observation { at, pid: 0, tid: one.tid, site, what };
            model::with(|checker| recording::tell(checker, &it));
        });
    }
    if SETTLING.take(0) {
        settle();
        SETTLING.give();
    }
    next_due()
}

/// When the next suspicion is due.
pub fn next_due() -> Option<Nanos> {
    model::with(|checker| checker.next_due()).flatten()
}

/// A recording has each answer of the kernel's: a replay asks the recording.
fn note(answer: &dyn Fn() -> Answer) {
    if recording::is_on() {
        recording::write(Site(0), &What::Kernel(answer()));
    }
}

/// Asks the kernel about the suspicions that are due, and reports what it confirms. All are confirmed of the time of the
/// look, which a recording has.
fn settle() {
    let due = model::with(|checker| {
        let at = now();
        if checker.next_due().is_some_and(|due| due <= at) {
            recording::tell(checker, &model::observation(at, Site(0), What::Look));
        }
        (at, checker.due(at, &Table))
    });
    let (at, due) = due.unwrap_or_default();
    if due.is_empty() {
        return;
    }
    let confirm = |suspicion: Suspicion| {
        let verdict = suspicion.confirm(at, &mut Noted::new(ThisProcess, note));
        let descriptors = verdict.finding().map(introductions::of).unwrap_or_default();
        (verdict, descriptors)
    };
    shared_page::settling(due.len());
    // In a sandbox no question reaches the kernel.
    let announcement = sandbox::may(Call::Descriptors).then(hazard::announce);
    // The reserve pays for one of them, not for all.
    let answers: Vec<_> = due.into_iter().take_while(|_| !pages::is_out()).map(confirm).collect();
    drop(announcement);
    let found = model::with(|checker| {
        let at = now();
        recording::tell(checker, &model::observation(at, Site(0), What::Looked));
        let settle = |(verdict, descriptors)| {
            checker.settle(verdict, at, &Table).map(|finding| (finding, descriptors))
        };
        answers.into_iter().filter_map(settle).collect::<Vec<_>>()
    });
    let found = found.unwrap_or_default();
    for (left, (finding, descriptors)) in (1..=found.len()).rev().zip(found) {
        shared_page::settling(left);
        report::write(&finding, descriptors);
    }
    shared_page::settling(0);
}

/// The last pass, by the thread that ends the program: what is due now is settled now. This thread
/// waits for what the monitor thread is settling, through this number of sleeps.
pub fn finish(patience: u32) {
    stalls::finish();
    model::observe(Site(0), What::Finish);
    // What calls have posted was raised when the model was had, and is due by the time that is read behind it.
    if SETTLING.take(patience) {
        settle();
    }
}

/// In a forked child: no thread settles suspicions.
pub fn forked() {
    SETTLING.forked();
    introductions::forked();
}
