//! *blocked*: turns that keep all others waiting.

use crate::document::{Ground, Profile, SlowTurn, Verdict, VerdictName};
use crate::place_names::{descriptor, neighbour, place};
use crate::words::{counted, time};
use epshim_observe::SECOND;

/// The test: a slow turn whose time was not for its most part a wait for a processor.
pub fn verdict(profile: &Profile) -> Option<Verdict> {
    let of_the_program = |turn: &&SlowTurn| turn.runnable.unwrap_or(0) < turn.length / 2;
    let (index, worst) =
        profile.slow_turns.iter().enumerate().find(|(_, turn)| of_the_program(turn))?;
    let count = profile.figures.slow_turns.whole().unwrap_or(0);
    let (gap, limit) = (&worst.gap, time(profile.slow_limit));
    let on = worst.fd.map(|fd| format!(" on {}", descriptor(fd, worst.peer.as_deref())));
    let text = format!(
        "{} took more than {limit}, the worst {}: {} of it nothing was called, between {} and {}{}. What else was \
         ready in that thread waited.",
        counted(count, "turn", "turns"),
        time(worst.length),
        time(gap.length),
        neighbour(profile, &gap.after),
        neighbour(profile, &gap.before),
        on.unwrap_or_default(),
    );
    let grounds = vec![Ground { what: "slow_turns".to_owned(), value: count as f64, limit: 0.0 }];
    Some(Verdict {
        name: VerdictName::Blocked,
        text,
        advice: advice(worst),
        test: "slow turns > 0".to_owned(),
        grounds,
        from: Some(worst.at.saturating_sub(SECOND)),
        to: Some(
            worst.at.saturating_add(worst.length).saturating_add(SECOND).min(profile.duration),
        ),
        tid: Some(worst.tid),
        slow_turn: Some(index),
        descriptor: None,
    })
}

fn advice(worst: &SlowTurn) -> String {
    let all = worst.stacks.iter().map(|stack| stack.samples).fold(0, u64::saturating_add);
    let seen = worst.stacks.first().map(|stack| {
        let whole = format!("{} of {}", stack.samples, counted(all, "sample", "samples"));
        let at = stack.places.first().map(|first| format!(" in {}", place(first)));
        let call = match &*stack.call {
            "" => String::new(),
            call => format!(", in the system call {call}"),
        };
        format!("{whole} of the worst are{}{call}. ", at.unwrap_or_default())
    });
    format!("{}Do it in another thread, or in parts.", seen.unwrap_or_default())
}
