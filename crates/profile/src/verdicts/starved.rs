//! *starved*: the threads wait for a processor.

use crate::document::{Ground, Profile, Verdict, VerdictName};
use crate::words::time;
use epshim_observe::{MILLISECOND, Nanos};

/// Of the busy time.
const SHARE: f64 = 0.1;
/// Less is not worth a word.
const LEAST: Nanos = 50 * MILLISECOND;

/// The test: time in which a thread was ready to run and had no processor, more than a tenth of its busy time.
pub fn verdict(profile: &Profile) -> Option<Verdict> {
    let (busy, runnable) = (profile.figures.busy.whole()?, profile.figures.runnable.whole()?);
    if busy == 0 || runnable < LEAST || runnable as f64 <= SHARE * busy as f64 {
        return None;
    }
    let share = runnable as f64 / busy as f64;
    let text = format!(
        "The threads waited {} for a processor, and were busy for {}: other programs, a limit of the container, or the \
         host have it.",
        time(runnable),
        time(busy)
    );
    Some(Verdict {
        name: VerdictName::Starved,
        text,
        advice: "Look at the machine: other processes, cpu limits (cgroup), steal time.".to_owned(),
        test: "runnable > 0.1 of busy".to_owned(),
        grounds: vec![Ground { what: "runnable / busy".to_owned(), value: share, limit: SHARE }],
        from: None,
        to: None,
        tid: None,
        slow_turn: None,
        descriptor: None,
    })
}
