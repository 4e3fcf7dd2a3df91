//! The text of an inspection: one line about the process, what is wrong, the most certain and worst first, notes, and
//! what was not seen.

use super::inspection::Inspection;
use super::lines::{WIDTH, line};
use super::stacks::{Frame, Stack};
use super::table;
use super::words::{frame, in_full, shown};
use crate::output::{BAD, BOLD};
use anstyle::Style;
use epshim_attach::verdict::Verdict;
use epshim_attach::verdicts;
use epshim_check::Certainty;
use epshim_report::{counted, wrapped};
use std::collections::HashMap;
use std::fmt::Write as _;

/// Verdicts of one rule on one epoll that are shown whole.
const MOST: usize = 3;
/// Frames of a stack.
const FRAMES: usize = 8;
/// Of a list of registrations this long it is said that it was read: the program's own calls wait meanwhile.
const LONG: usize = 5000;

/// The text.
pub fn of(inspection: &Inspection, is_verbose: bool) -> String {
    let mut text = heading(inspection);
    let (findings, notes): (Vec<&Verdict>, Vec<&Verdict>) =
        inspection.verdicts.iter().partition(|verdict| verdict.is_finding());
    let mut shown_stacks = Vec::new();
    for (verdict, more) in limited(&findings) {
        text.push('\n');
        finding(&mut text, verdict, inspection, &mut shown_stacks);
        if more > 0 {
            line(&mut text, 2, &format!("and {more} more like this (--json has all)"));
        }
    }
    if findings.is_empty() {
        text.push_str(if is_stopped(inspection) {
            "\nIt is stopped, by a signal or a debugger: nothing can be said of its loops.\n"
        } else if inspection.now.epolls.is_empty() {
            "\nIt has no epoll.\n"
        } else {
            "\nNothing found.\n"
        });
    }
    if !notes.is_empty() {
        let _ = writeln!(text, "\n{BOLD}notes{BOLD:#}: what correct programs do too");
        for (verdict, more) in limited(&notes) {
            let others =
                if more > 0 { format!("; and {more} more like this") } else { String::new() };
            line(&mut text, 2, &format!("{}: {}{others}", verdict.rule, verdict.what));
        }
    }
    if is_verbose {
        table::of(&mut text, inspection);
    }
    not_seen(&mut text, inspection);
    text
}

fn is_stopped(inspection: &Inspection) -> bool {
    inspection.now.threads.iter().any(|thread| thread.is_stopped())
}

fn heading(inspection: &Inspection) -> String {
    let look = &inspection.now;
    let descriptors = match (look.open, look.limit) {
        (Some(open), Some(u64::MAX)) => format!("; {open} descriptors"),
        (Some(open), Some(limit)) => format!("; {open} of {limit} descriptors"),
        _ => String::new(),
    };
    let copied = match look.copied.len() {
        0 => "nothing copied".to_owned(),
        _ => {
            let numbers: Vec<String> = look.copied.iter().take(8).map(i32::to_string).collect();
            let more = if look.copied.len() > 8 { ", ..." } else { "" };
            format!("copied for a moment: fd {}{more}", numbers.join(", "))
        }
    };
    let head = format!(
        "epshim: {} ({}, {}, {}, {}{descriptors}); two looks, {:.1} s apart, nothing stopped, {copied}",
        shown(&look.process.name),
        look.process.pid,
        counted(look.threads.len() as u64, "thread", "threads"),
        counted(look.epolls.len() as u64, "epoll", "epolls"),
        counted(look.registrations() as u64, "registration", "registrations"),
        inspection.apart,
    );
    let mut text = String::new();
    for part in wrapped(&head, "", "", WIDTH) {
        let _ = writeln!(text, "{BOLD}{part}{BOLD:#}");
    }
    text
}

/// The first few of each rule and epoll; with the last of them, how many more there are.
fn limited<'a>(verdicts: &[&'a Verdict]) -> Vec<(&'a Verdict, usize)> {
    let key = |verdict: &Verdict| (verdict.rule, verdict.epfd, verdict.certainty);
    let mut counts = HashMap::new();
    for verdict in verdicts {
        *counts.entry(key(verdict)).or_insert(0) += 1;
    }
    let mut seen = HashMap::new();
    let mut kept = Vec::new();
    for &verdict in verdicts {
        let nth: &mut usize = seen.entry(key(verdict)).or_insert(0);
        *nth += 1;
        if *nth <= MOST {
            let more = if *nth == MOST { counts[&key(verdict)] - MOST } else { 0 };
            kept.push((verdict, more));
        }
    }
    kept
}

fn finding(
    text: &mut String,
    verdict: &Verdict,
    inspection: &Inspection,
    shown_stacks: &mut Vec<i32>,
) {
    let mut place = Vec::new();
    place.extend(verdict.epfd.map(|epfd| format!("epfd {epfd}")));
    place.extend(verdict.fd.map(|fd| format!("fd {fd}")));
    let place = if place.is_empty() { String::new() } else { format!(" ({})", place.join(", ")) };
    let style: Style = if verdict.certainty == Certainty::Certain { BAD } else { BOLD };
    let (rule, certainty) = (verdict.rule, verdict.certainty);
    let _ = writeln!(text, "{style}{rule}{place} [{certainty}]{style:#}");
    line(text, 2, &verdict.what);
    for evidence in &verdict.evidence {
        line(text, 4, evidence);
    }
    for tid in &verdict.threads {
        if !shown_stacks.contains(tid) {
            shown_stacks.push(*tid);
            let its = inspection.stacks.iter().filter(|stack| stack.tid == *tid);
            its.for_each(|stack| frames(text, stack));
        }
    }
    let fix = verdict.fix.or_else(|| Some(verdicts::record(rule)?.fix)).unwrap_or_default();
    line(text, 2, &format!("fix: {fix}"));
}

fn frames(text: &mut String, stack: &Stack) {
    let tid = stack.tid;
    match &stack.own {
        Some(own) => {
            if let Some(users) = own.users.and_then(|place| own.frames.get(place)) {
                line(text, 4, &format!("the program's own line: {}", in_full(users)));
            }
            let whose = match own.is_waiting {
                true => "a goroutine that waits".to_owned(),
                false => format!("thread {tid}"),
            };
            listed(text, &format!("{} stack of {whose}:", own.language.shown()), &own.frames);
        }
        None => listed(text, &format!("stack of thread {tid}:"), &stack.frames),
    }
    if let Some(why) = &stack.why_not {
        line(text, 4, why);
    }
    if let Some(command) = &stack.command {
        line(text, 4, &format!("for the lines of the program: {command}"));
    }
}

fn listed(text: &mut String, heading: &str, frames: &[Frame]) {
    if !frames.is_empty() {
        line(text, 4, heading);
    }
    for (nth, one) in frames.iter().take(FRAMES).enumerate() {
        line(text, 6, &format!("#{nth} {}", frame(one)));
    }
    if frames.len() > FRAMES {
        let more = counted((frames.len() - FRAMES) as u64, "frame", "frames");
        line(text, 6, &format!("and {more} more"));
    }
}

fn not_seen(text: &mut String, inspection: &Inspection) {
    text.push('\n');
    let look = &inspection.now;
    for missing in &look.missing {
        line(
            text,
            0,
            &format!(
                "not permitted: {}. It tells {}. To get it: {}.",
                missing.what, missing.would_tell, missing.remedy
            ),
        );
    }
    if look.epolls.iter().any(|epoll| epoll.registered().len() > LONG) {
        line(
            text,
            0,
            "The lists are long: while the kernel wrote each, some milliseconds, the program's own calls on \
                       that epoll waited.",
        );
    }
    if look.epolls.is_empty() {
        return;
    }
    let copies = if look.copied.is_empty() { "; how full pipes are (--copies)" } else { "" };
    let rules = verdicts::NOT_SEEN.map(|(rule, _)| rule).join(", ");
    let words = format!("not seen from outside: {rules} (epshim check -- CMD finds them){copies}");
    line(text, 0, &words);
}
