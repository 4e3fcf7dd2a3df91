//! *wasteful*: wake-ups after which nothing is done, and calls that change nothing.

use crate::document::{DescriptorRow, Ground, Profile, Verdict, VerdictName};
use crate::place_names::descriptor;
use crate::words::{counted, number, percent};

/// Of the wake-ups; and calls of epoll_ctl for one delivery.
const SHARE: f64 = 0.2;
const CTL: f64 = 0.5;
/// In a short run a few say nothing.
const LEAST: u64 = 100;

/// The test: (wasted + herd) / wake-ups > 0.2, or more than half a redundant epoll_ctl for each delivery.
pub fn verdict(profile: &Profile) -> Option<Verdict> {
    let figures = &profile.figures;
    let (wasted, herd) = (figures.wasted.whole()?, figures.herd.whole()?);
    let (redundant, deliveries) = (figures.redundant_ctl.whole()?, figures.deliveries.whole()?);
    let wakeups = profile.threads.iter().map(|row| row.wakeups).fold(0, u64::saturating_add);
    let share = wasted.saturating_add(herd) as f64 / wakeups.max(1) as f64;
    let ctl = redundant as f64 / deliveries.max(1) as f64;
    let is_idle = wakeups >= LEAST && share > SHARE;
    let is_redundant = deliveries >= LEAST && ctl > CTL;
    if !is_idle && !is_redundant {
        return None;
    }
    let of = |row: &DescriptorRow| {
        if is_idle { row.wasted.saturating_add(row.herd) } else { row.redundant_ctl }
    };
    let index = (0..profile.descriptors.len()).max_by_key(|&place| of(&profile.descriptors[place]));
    let worst = index.map(|index| &profile.descriptors[index]);
    let most =
        worst.map(|row| format!("; most of them on {}", descriptor(row.fd, row.peer.as_deref())));
    let most = most.unwrap_or_default();
    let (text, advice) = if is_idle {
        let is_listener = worst.is_some_and(|row| row.kind == "listener" || row.accepts > 0);
        let advice = match is_listener {
            true => "EPOLLEXCLUSIVE, or a listener for each thread (SO_REUSEPORT).",
            false => {
                "Ask for no events that nobody serves: EPOLLOUT only while something is to be written."
            }
        };
        let text = format!(
            "{} of {} did nothing: {} times the first call was EAGAIN, {} times there was none{most}.",
            percent(share),
            counted(wakeups, "wake-up", "wake-ups"),
            number(herd),
            number(wasted)
        );
        (text, advice)
    } else {
        let text = format!(
            "{} of epoll_ctl changed nothing, {ctl:.1} for each delivery{most}.",
            counted(redundant, "call", "calls")
        );
        (text, "Remember what is registered, and call epoll_ctl when that is to change.")
    };
    let ground = |what: &str, value, limit| Ground { what: what.to_owned(), value, limit };
    Some(Verdict {
        name: VerdictName::Wasteful,
        text,
        advice: advice.to_owned(),
        test: "(wasted + herd) / wake-ups > 0.2, or redundant_ctl / deliveries > 0.5".to_owned(),
        grounds: vec![
            ground("(wasted + herd) / wake-ups", share, SHARE),
            ground("redundant_ctl / deliveries", ctl, CTL),
        ],
        from: None,
        to: None,
        tid: None,
        slow_turn: None,
        descriptor: index,
    })
}
