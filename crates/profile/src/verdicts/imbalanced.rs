//! *imbalanced*: one thread has most of the work.

use crate::document::{Ground, Profile, ThreadRow, Verdict, VerdictName};
use crate::words::percent;

/// The busiest to the average.
const MEAN: f64 = 2.0;
/// Of two or three threads the busiest is at most so many times the average: its share counts.
const SHARE: f64 = 0.85;
/// Only where the busiest has much to do.
const BUSY: f64 = 0.7;
/// In a short run it says nothing.
const LEAST: u64 = 200_000_000;

/// The test: the busiest thread was busy more than twice the average, or of few threads had 85% of the work; and its
/// utilisation is above 0.7.
pub fn verdict(profile: &Profile) -> Option<Verdict> {
    let lasting = profile.threads.iter().filter(|row| row.is_lasting(profile.duration));
    let rows: Vec<_> = lasting.collect();
    let busiest = rows.iter().max_by_key(|row| row.busy)?;
    let all = rows.iter().map(|row| row.busy).fold(0, u64::saturating_add);
    let imbalance = profile.figures.imbalance.number()?;
    let share = busiest.busy as f64 / all as f64;
    let utilisation = utilisation(busiest);
    if !(imbalance > MEAN || share > SHARE) || utilisation <= BUSY || all < LEAST {
        return None;
    }
    let deliveries = rows.iter().map(|row| row.deliveries).fold(0, u64::saturating_add);
    let of_deliveries = busiest.deliveries as f64 / deliveries.max(1) as f64;
    let text = format!(
        "Thread {} had {} of the work of {} threads and {} of the deliveries, and was busy {} of the time.",
        busiest.tid,
        percent(share),
        rows.len(),
        percent(of_deliveries),
        percent(utilisation)
    );
    let ground = |what: &str, value, limit| Ground { what: what.to_owned(), value, limit };
    let advice = "Spread the connections when they are accepted (in turn, or by a listener for each thread with \
                  SO_REUSEPORT), if these threads are to share the work.";
    Some(Verdict {
        name: VerdictName::Imbalanced,
        text,
        advice: advice.to_owned(),
        test: "the busiest > 2 times the average, or > 0.85 of all; and its utilisation > 0.7"
            .to_owned(),
        grounds: vec![
            ground("imbalance", imbalance, MEAN),
            ground("share of the busiest", share, SHARE),
            ground("utilisation_max", utilisation, BUSY),
        ],
        from: None,
        to: None,
        tid: Some(busiest.tid),
        slow_turn: None,
        descriptor: None,
    })
}

fn utilisation(row: &ThreadRow) -> f64 {
    row.busy as f64 / row.looping().max(1) as f64
}
