//! The text at the end of a profile: what is to be known at once, and nothing else.

use crate::document::Profile;
use crate::words::{counted, number, percent, time};
use epshim_observe::Nanos;

/// The lines, without their ends. The first says what was profiled, the others are indented.
#[must_use]
pub fn lines(profile: &Profile) -> Vec<String> {
    let name = match &*profile.program.command {
        [] => profile.program.recording.clone().unwrap_or_default(),
        command => command.join(" "),
    };
    let lost = match profile.drops.records {
        0 => "0 records lost".to_owned(),
        lost => format!("{} LOST, figures are too low", counted(lost, "record", "records")),
    };
    let loops = counted(profile.threads.len() as u64, "loop", "loops");
    let mut lines = vec![format!("profile of {name}: {}, {loops}; {lost}", time(profile.duration))];
    lines.extend(verdicts(profile));
    if !profile.threads.is_empty() {
        lines.extend(figures(profile).into_iter().map(|line| format!("  {line}")));
    }
    for span in &profile.drops.spans {
        let records = counted(span.records, "record", "records");
        lines.push(format!("  lost: {records} between {} and {}", time(span.from), time(span.to)));
    }
    if profile.drops.processes > 0 {
        let processes = counted(profile.drops.processes, "process", "processes");
        lines.push(format!("  not in it: {processes}"));
    }
    lines
}

fn verdicts(profile: &Profile) -> Vec<String> {
    let mut lines = Vec::new();
    for (place, verdict) in profile.verdicts.iter().enumerate() {
        let word = if place == 0 { "VERDICT" } else { "also" };
        lines.push(format!("  {word}: {}: {}", verdict.name.name(), verdict.text));
        if !verdict.advice.is_empty() {
            lines.push(format!("    {}", verdict.advice));
        }
    }
    lines
}

fn figures(profile: &Profile) -> Vec<String> {
    let figures = &profile.figures;
    let mut lines = vec![shares(profile)];
    let whole = |of: &crate::document::Figure| of.whole().unwrap_or(0);
    let least = if profile.program.from_outside { "at least " } else { "" };
    let at_once = figures.returned_at_once.number();
    let at_once =
        at_once.map_or_else(String::new, |it| format!(", {} of them at once", percent(it)));
    lines.push(format!(
        "{}, the longest {least}{}; {} with {}{at_once}",
        counted(whole(&figures.turns), "turn", "turns"),
        time(whole(&figures.turn_max)),
        counted(wakeups(profile), "wake-up", "wake-ups"),
        counted(whole(&figures.deliveries), "delivery", "deliveries"),
    ));
    let known = |nanos: Option<Nanos>| nanos.map_or_else(|| "not known".to_owned(), time);
    lines.push(if profile.program.from_outside {
        format!(
            "delay in the batch p99 {}; how late deliveries and timers were is not known from outside",
            known(figures.delay_p99.whole()),
        )
    } else {
        format!(
        "deliveries were served up to {} late (p99 up to {}); delay in the batch p99 {}; timers late p99 {}",
        known(figures.late_max.whole()),
        known(figures.late_p99.whole()),
        known(figures.delay_p99.whole()),
        known(figures.timer_late_p99.whole()),
    )
    });
    lines.push(format!(
        "{} bytes in, {} out; {}, {}; {:.2} calls a delivery",
        number(whole(&figures.bytes_in)),
        number(whole(&figures.bytes_out)),
        counted(whole(&figures.accepted), "connection accepted", "connections accepted"),
        counted(whole(&figures.short_writes), "short write", "short writes"),
        figures.calls_per_delivery.number().unwrap_or(0.0),
    ));
    for row in profile.threads.iter().filter(|_| profile.threads.len() > 1).take(16) {
        let all = row.looping().max(1) as f64;
        let name = row.name.as_deref().map_or_else(String::new, |name| format!(" ({name})"));
        lines.push(format!(
            "thread {}{name}: busy {least}{}, {}",
            row.tid,
            percent(row.busy as f64 / all),
            counted(row.deliveries, "delivery", "deliveries"),
        ));
    }
    for (row, length) in profile.threads.iter().filter_map(|row| Some((row, row.in_turn()?))) {
        if length > profile.slow_limit {
            lines.push(format!("thread {}: in a turn since {}", row.tid, time(length)));
        }
    }
    lines
}

fn wakeups(profile: &Profile) -> u64 {
    profile.threads.iter().map(|row| row.wakeups).fold(0, u64::saturating_add)
}

fn shares(profile: &Profile) -> String {
    let figures = &profile.figures;
    let looping = figures.looping.number().unwrap_or(0.0).max(1.0);
    let share = |of: &crate::document::Figure| of.number().map(|part| percent(part / looping));
    let parts = [
        ("on cpu", share(&figures.on_cpu)),
        ("waiting for a cpu", share(&figures.runnable)),
        ("blocked in calls", share(&figures.blocked)),
    ];
    let parts: Vec<_> = parts
        .iter()
        .filter_map(|(word, part)| Some(format!("{word} {}", part.as_ref()?)))
        .collect();
    let parts = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
    let spinning = match figures.spinning.whole() {
        Some(1..) => format!(", spinning {}", share(&figures.spinning).unwrap_or_default()),
        _ => String::new(),
    };
    let busy = share(&figures.busy).unwrap_or_default();
    let waiting = share(&figures.waiting).unwrap_or_default();
    if profile.program.from_outside {
        return format!(
            "the loops were busy at least {busy} of the time, as far as their calls tell{parts}"
        );
    }
    format!("the loops were busy {busy} of the time{parts}, waiting {waiting}{spinning}")
}
