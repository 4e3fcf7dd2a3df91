//! *peer-bound*: what is written waits for the peers to take it.

use crate::document::{Ground, Profile, Verdict, VerdictName};
use crate::place_names::descriptor;
use crate::words::{percent, time};

/// Of the profile.
const SHARE: f64 = 0.1;

/// The test: the time in which writes waited for room is longer than the busy time, and than a tenth of the profile.
pub fn verdict(profile: &Profile) -> Option<Verdict> {
    let figures = &profile.figures;
    let (blocked, busy) = (figures.peer_blocked.whole()?, figures.busy.whole()?);
    if blocked <= busy || blocked as f64 <= SHARE * profile.duration as f64 {
        return None;
    }
    let rows = profile.descriptors.iter().enumerate();
    let (index, worst) = rows.max_by_key(|(_, row)| row.peer_blocked)?;
    let text = format!(
        "Writes waited {} for their peers, of all descriptors together; {} of it on {}. The loops were busy {}.",
        time(blocked),
        percent(worst.peer_blocked as f64 / blocked as f64),
        descriptor(worst.fd, worst.peer.as_deref()),
        time(busy)
    );
    let ground = |what: &str, value, limit| Ground { what: what.to_owned(), value, limit };
    let advice = "The peers read slowly, or the network does: larger buffers only hide it.";
    Some(Verdict {
        name: VerdictName::PeerBound,
        text,
        advice: advice.to_owned(),
        test: "peer_blocked > busy and > 0.1 of the profile".to_owned(),
        grounds: vec![
            ground("peer_blocked", blocked as f64, busy as f64),
            ground("peer_blocked / duration", blocked as f64 / profile.duration as f64, SHARE),
        ],
        from: None,
        to: None,
        tid: None,
        slow_turn: None,
        descriptor: Some(index),
    })
}
