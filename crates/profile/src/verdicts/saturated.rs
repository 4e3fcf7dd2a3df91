//! *saturated*: a loop that has more to do than it can.

use crate::document::{Ground, Profile, ThreadRow, Verdict, VerdictName};
use crate::words::{percent, time};

/// A thread that was busy for a greater part, and found work at more of its waits.
const BUSY: f64 = 0.9;
const AT_ONCE: f64 = 0.5;
/// In a short run it says nothing.
const LEAST: u64 = 200_000_000;

/// The test: utilisation > 0.9, and of the waits with events more than half found them ready.
pub fn verdict(profile: &Profile) -> Option<Verdict> {
    let shares = |row: &ThreadRow| {
        let all = row.looping();
        let share = |part: u64, of: u64| if of == 0 { 0.0 } else { part as f64 / of as f64 };
        let is_short = row.busy < LEAST;
        (
            if is_short { 0.0 } else { share(row.busy, all) },
            share(row.returned_at_once, row.wakeups),
        )
    };
    let all = profile.threads.iter().map(|row| (shares(row), row));
    let found = all.filter(|((busy, at_once), _)| *busy > BUSY && *at_once > AT_ONCE);
    let ((busy, at_once), row) = found.max_by(|one, other| one.0.0.total_cmp(&other.0.0))?;
    let lag = profile.figures.late_p99.whole().map_or_else(String::new, |late| {
        format!(" Deliveries were served up to {} late (p99).", time(late))
    });
    let text = format!(
        "Thread {} was busy {} of the time, and {} of its waits found work at once: it cannot do more.{lag}",
        row.tid,
        percent(busy),
        percent(at_once)
    );
    let ground = |what: &str, value, limit| Ground { what: what.to_owned(), value, limit };
    Some(Verdict {
        name: VerdictName::Saturated,
        text,
        advice: "Less work for each delivery (the call sites with the most time), or more threads."
            .to_owned(),
        test: "utilisation > 0.9 and returned at once > 0.5".to_owned(),
        grounds: vec![
            ground("utilisation", busy, BUSY),
            ground("returned_at_once", at_once, AT_ONCE),
        ],
        from: None,
        to: None,
        tid: Some(row.tid),
        slow_turn: None,
        descriptor: None,
    })
}
