//! Profiles that are shown to others: the addresses of peers are left out.

use crate::document::Profile;
use rustc_hash::FxHashMap;

/// Names each peer by a number. Where the same one is named twice, it has the same number.
pub fn redact_peers(profile: &mut Profile) {
    let mut numbers: FxHashMap<String, usize> = FxHashMap::default();
    let of_rows = profile.descriptors.iter_mut().map(|row| &mut row.peer);
    let of_turns = profile.slow_turns.iter_mut().map(|turn| &mut turn.peer);
    for peer in of_rows.chain(of_turns).flatten() {
        let next = numbers.len() + 1;
        let number = *numbers.entry(std::mem::take(peer)).or_insert(next);
        *peer = format!("peer {number}");
    }
}
