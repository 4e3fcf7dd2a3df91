//! What ran, when, on what, how it ended, what was lost and what was not seen.

use super::{assets, number, shown};
use crate::document::{Drops, Ending, ProcessRow, Profile};
use maud::{Markup, html};
use std::time::{Duration, UNIX_EPOCH};

/// Longer commands are cut in the title.
const TITLE: usize = 120;

pub(super) fn title(profile: &Profile) -> String {
    let mut command = shown::text(&profile.program.command.join(" ")).into_owned();
    if command.is_empty() {
        command = format!("process {}", profile.program.pid);
    }
    if command.chars().count() > TITLE {
        command = command.chars().take(TITLE).chain(['…']).collect();
    }
    format!("epshim profile: {command}")
}

/// How long, when, how many threads, and what was lost.
pub(super) fn subtitle(profile: &Profile) -> Markup {
    let threads = profile.threads.len() as u64;
    html! {
        p.subtitle {
            data value=(profile.duration) { (number::duration(profile.duration)) }
            @if let Some(started) = started(profile.started) { ", from " time datetime=(started) { (started.replace('T', " ").replace('Z', " UTC")) } }
            ", " (number::count(threads)) @if threads == 1 { " thread that waits" } @else { " threads that wait" }
            ", " span.drops[profile.drops.records > 0] { (lost(&profile.drops)) }
        }
    }
}

fn started(started: f64) -> Option<String> {
    // A date of four digits.
    let seconds = Some(started).filter(|started| *started > 0.0 && *started < 2e11)?;
    let at = UNIX_EPOCH.checked_add(Duration::from_secs_f64(seconds))?;
    Some(humantime::format_rfc3339_seconds(at).to_string())
}

fn lost(drops: &Drops) -> String {
    let share = number::share_of(drops.records, drops.records.saturating_add(drops.observed))
        .unwrap_or(0.0);
    match drops.records {
        0 => "no record was lost".to_string(),
        1 => "1 record was lost".to_string(),
        _ if share >= 0.001 => {
            format!("{} records were lost ({})", number::count(drops.records), number::share(share))
        }
        _ => format!("{} records were lost", number::count(drops.records)),
    }
}

pub(super) fn not_seen(profile: &Profile) -> Markup {
    html! {
        @if !profile.not_seen.is_empty() {
            section #not-seen {
                h2 { "What was not seen" }
                ul { @for one in &profile.not_seen { li { (shown::text(one)) } } }
            }
        }
    }
}

pub(super) fn about(profile: &Profile) -> Markup {
    let program = &profile.program;
    let machine = &program.machine;
    let known = |text: &str| {
        if text.is_empty() { "not known".into() } else { shown::text(text).into_owned() }
    };
    html! {
        h2 { "About this profile" }
        dl.about {
            dt { "Command" } dd { @for word in &program.command { bdi.code { (shown::text(word)) } " " } }
            dt { "Process" } dd { (program.pid) }
            @if let Some(recording) = &program.recording { dt { "Recording" } dd { bdi.code { (shown::text(recording)) } } }
            dt { "Machine" }
            dd { "Linux " (known(&machine.kernel)) ", " (known(&machine.architecture))
                @if machine.processors > 0 { ", " (machine.processors) " processors" } ", clock " (known(&machine.clock)) }
            dt { "epshim" } dd { (shown::text(&program.epshim)) }
            dt { "Records" }
            dd { data value=(profile.drops.observed) { (number::count(profile.drops.observed)) } " were read, "
                data value=(profile.drops.records) { (lost(&profile.drops)) }
                @if profile.drops.processes > 0 { ", " (number::count(profile.drops.processes)) " processes were not watched" } }
            @for process in profile.processes.iter().take(100) {
                dt { "Process " (process.pid) } dd { (life(process)) }
            }
        }
        p.note.keys { "Keys: + and − zoom, ← and → move, 0 shows the whole run, n and p go to the next and the previous slow turn, "
            "/ filters the tables." }
        details { summary { "The curves are drawn by uPlot" } pre { (assets::LICENCE) } }
    }
}

fn life(process: &ProcessRow) -> String {
    let end = match (process.ending, process.signal) {
        (Ending::Open, _) => "its end was not seen".to_string(),
        (Ending::Exited, _) => "it ended itself".to_string(),
        (Ending::Executed, _) => "it executed another program".to_string(),
        (Ending::Signal, Some(signal)) => format!("ended by signal {signal}"),
        (Ending::Signal, None) => "ended by a signal".to_string(),
    };
    let parent = process.parent.map(|parent| format!(", forked from {parent}")).unwrap_or_default();
    format!(
        "from {} to {}{parent}, {end}",
        number::duration(process.from),
        number::duration(process.to)
    )
}
