//! *hanging*: a thread that did not wait again until the end.

use crate::document::{Ending, Ground, ProcessRow, Profile, Verdict, VerdictName};
use crate::place_names::{descriptor, neighbour};
use crate::words::time;
use epshim_observe::{Nanos, SECOND};

/// A shorter turn at the end is one that the end cut off.
const LONG: Nanos = SECOND;

/// The test: a turn that had not ended, a second or more.
pub fn verdict(profile: &Profile) -> Option<Verdict> {
    let limit = LONG.max(profile.slow_limit);
    let longest = profile.threads.iter().filter_map(|row| Some((row.in_turn()?, row)));
    let (length, row) = longest.max_by_key(|&(length, _)| length)?;
    if length < limit {
        return None;
    }
    let at = row.to.saturating_sub(length);
    let is_it = |turn: &&crate::document::SlowTurn| turn.tid == row.tid && turn.at == at;
    let index = profile.slow_turns.iter().position(|turn| is_it(&turn));
    let turn = index.map(|index| &profile.slow_turns[index]);
    let last = turn.map(|turn| {
        let on = turn.gap.after.fd.map(|fd| format!(" on {}", descriptor(fd, None)));
        let after = neighbour(profile, &turn.gap.after);
        format!("; the latest that it did was {after}{}", on.unwrap_or_default())
    });
    let (tid, length_in_words, last) = (row.tid, time(length), last.unwrap_or_default());
    let runs = |process: &ProcessRow| process.pid == row.pid && process.ending == Ending::Open;
    let text = match profile.program.recording.is_none() && profile.processes.iter().any(runs) {
        true => format!("Thread {tid} is in a turn since {length_in_words}{last}."),
        false => format!(
            "Thread {tid} was in a turn since {length_in_words} when the profile ended{last}."
        ),
    };
    let what = "time in the turn that has not ended".to_owned();
    Some(Verdict {
        name: VerdictName::Hanging,
        text,
        advice: "epshim inspect says what a running process is stuck in.".to_owned(),
        test: "a turn that had not ended > 1 s".to_owned(),
        grounds: vec![Ground { what, value: length as f64, limit: limit as f64 }],
        from: Some(at.saturating_sub(SECOND)),
        to: Some(profile.duration),
        tid: Some(row.tid),
        slow_turn: index,
        descriptor: None,
    })
}
