//! Verdicts: what is to be said of the loops, in words. One file each, with its test.
//!
//! The first one that its test finds is the main verdict. Where none does, nothing is wrong with the loops, and that is
//! the verdict.

mod blocked;
mod hanging;
mod idle;
mod imbalanced;
mod peer_bound;
mod saturated;
mod spinning;
mod starved;
mod wasteful;

use crate::document::{Profile, Verdict};

/// At most as many beside the main one.
const MORE: usize = 5;

/// Each looks at a profile, and says something or nothing; in the order of what is to be repaired first.
const ALL: [fn(&Profile) -> Option<Verdict>; 8] = [
    hanging::verdict,
    blocked::verdict,
    imbalanced::verdict,
    saturated::verdict,
    starved::verdict,
    wasteful::verdict,
    spinning::verdict,
    peer_bound::verdict,
];

/// Those that hold where turns are at least what they seem, and waits at most.
const FROM_OUTSIDE: [fn(&Profile) -> Option<Verdict>; 3] =
    [hanging::verdict, blocked::verdict, wasteful::verdict];

/// Writes the verdicts of a profile into it. Names and addresses are final by then: they are in the sentences.
pub fn judge(profile: &mut Profile) {
    let all = if profile.program.from_outside { &FROM_OUTSIDE[..] } else { &ALL[..] };
    let mut verdicts: Vec<_> =
        all.iter().filter_map(|verdict| verdict(profile)).take(1 + MORE).collect();
    if verdicts.is_empty() {
        verdicts.push(idle::verdict(profile));
    }
    profile.verdicts = verdicts;
}
