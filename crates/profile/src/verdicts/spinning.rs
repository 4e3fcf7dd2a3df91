//! *spinning*: a thread looks again and again, and finds nothing.

use crate::document::{Ground, Profile, Verdict, VerdictName};
use crate::words::{number, percent, time};

/// Of the time of the loops.
const SHARE: f64 = 0.2;

/// The test: spinning / looping > 0.2.
pub fn verdict(profile: &Profile) -> Option<Verdict> {
    let figures = &profile.figures;
    let (spinning, looping) = (figures.spinning.whole()?, figures.looping.whole()?);
    let share = spinning as f64 / looping.max(1) as f64;
    if share <= SHARE {
        return None;
    }
    let most = profile.threads.iter().max_by_key(|row| row.spinning)?;
    let text = format!(
        "{} ({} of the loops' time) were {} looks with timeout 0 that found nothing: a processor's time for waiting.",
        time(spinning),
        percent(share),
        number(figures.empty_looks.whole().unwrap_or(0))
    );
    Some(Verdict {
        name: VerdictName::Spinning,
        text,
        advice:
            "A timeout, or -1, where nothing is to be done meanwhile. A busy poller means it so."
                .to_owned(),
        test: "spinning / looping > 0.2".to_owned(),
        grounds: vec![Ground { what: "spinning / looping".to_owned(), value: share, limit: SHARE }],
        from: None,
        to: None,
        tid: Some(most.tid),
        slow_turn: None,
        descriptor: None,
    })
}
