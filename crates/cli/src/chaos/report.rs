//! What is said: the first line, what broke, and that nothing did.

use super::failure::Broken;
use super::place::Named;
use super::run::Runner;
use super::search::Search;
use super::terms::SLOW;
use super::verdict::Verdict;
use crate::args::ChaosOptions;
use crate::output::shown;
use epshim_ledger::Made;
use epshim_observe::fault::{Fault, Faults, Subject};
use epshim_report::printable;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

/// Faults that are described one by one.
const DESCRIBED: usize = 5;

/// Writes on standard error.
pub fn say(text: &str) {
    let lines: Vec<_> = text.lines().map(printable::text).collect();
    let _ = writeln!(anstream::stderr(), "{}", lines.join("\n"));
}

/// That nothing broke, and what was never reached.
pub fn nothing(search: &Search, runner: &Runner) -> String {
    let total = &runner.total;
    if total.faults() == 0 {
        let why = if runner.has_sites() {
            "the calls that it made gave no occasion"
        } else {
            "the program made no call that chaos may touch: those of an epoll's descriptors, through libc"
        };
        return format!("epshim chaos: no fault could be made: {why}{}", refused(runner));
    }
    let (reached, seen) = total.reached();
    let kinds: Vec<String> = total
        .by_fault
        .iter()
        .map(|(fault, count)| format!("{fault} {}", grouped(*count)))
        .collect();
    let runs = total.runs;
    let mut text = format!(
        "epshim chaos: nothing broke: seed {}, level {}, {runs} runs, {} faults at {reached} of {seen} call sites\n  \
         {}",
        search.seed,
        search.level,
        grouped(total.faults()),
        kinds.join(", ")
    );
    let (impossible, unlucky) = total.never(runner.program.faults);
    let names = |faults: Faults| faults.iter().map(Fault::name).collect::<Vec<_>>().join(", ");
    if impossible.0 != 0 {
        let _ =
            write!(text, "\n  never reached, for there was no such call: {}", names(impossible));
    }
    if unlucky.0 != 0 {
        let _ = write!(text, "\n  never made, though there were such calls: {}", names(unlucky));
    }
    if total.slow > 0 {
        let _ = write!(
            text,
            "\n  slow: {} runs took more than {SLOW} times as long as without faults ({:.2} s), the longest {:.1} s",
            total.slow,
            runner.usual().as_secs_f64(),
            total.slowest.as_secs_f64()
        );
    }
    text + &refused(runner) + &illegal(runner)
}

fn refused(runner: &Runner) -> String {
    let reasons = runner.total.by_reason.iter();
    let reasons: Vec<String> =
        reasons.map(|(reason, count)| format!("{} {}", reason.text(), grouped(*count))).collect();
    if reasons.is_empty() {
        return String::new();
    }
    format!("\n  not legal, and not made: {}", reasons.join(", "))
}

fn illegal(runner: &Runner) -> String {
    match runner.total.illegal {
        0 => String::new(),
        count => format!(
            "\n  ILLEGAL: {count} faults were not legal: an error of epshim, please report it"
        ),
    }
}

/// What broke.
pub fn broken(broken: &Broken, runner: &Runner, options: &ChaosOptions, file: &Path) -> String {
    let ran = &broken.ran;
    let mut text = String::new();
    let count = broken.faults.len();
    let enough = if broken.replays_failed == 0 {
        format!(
            "not reproduced (0/{} replays of its {} faults); the seed is kept",
            broken.replays, broken.before
        )
    } else {
        let verb = if count == 1 { "is" } else { "are" };
        format!(
            "{count} of {} faults {verb} enough ({}/{} replays)",
            broken.before, broken.replays_failed, broken.replays
        )
    };
    let mut line = |what: String| {
        let _ = writeln!(text, "=={}== {what}", ran.pid);
    };
    line(format!(
        "CHAOS: epshim: {}, seed {}, level {}: {enough}",
        broken.verdict, broken.seed, runner.program.level
    ));
    let is_left =
        |made: &&Made| broken.faults.iter().any(|planned| planned.name.fault == made.name.fault);
    let left: Vec<&Made> = ran.made.iter().filter(is_left).collect();
    let mut first = None;
    for made in left.iter().take(DESCRIBED) {
        let named = made.site.and_then(|site| ran.places.get(&site)).map(Named::of);
        line(format!("  {}", described(made)));
        let at = named.as_ref().map_or_else(|| "?".to_owned(), Named::text);
        line(format!("    #0 {at}       legal: {}", made.name.fault.row().legal));
        first = first.or(Some((made.name.fault, named)));
    }
    if left.len() > DESCRIBED {
        line(format!("  and {} more, in the replay file", left.len() - DESCRIBED));
    }
    if matches!(broken.verdict, Verdict::Hang | Verdict::Spin) {
        line(format!("  after it no byte moved for {:.1} s", ran.still.as_secs_f64()));
    }
    for written in ran.written.lines().filter(|_| !matches!(broken.verdict, Verdict::Hang)) {
        line(format!("  it wrote: {written}"));
    }
    for finding in ran.findings.iter().take(3) {
        let number =
            |number: Option<i32>| number.map_or_else(|| "-".to_owned(), |it| it.to_string());
        line(format!(
            "  epshim check says: {} (epfd {}, fd {}) [{}]: {}; epshim explain {}",
            finding.rule,
            number(finding.epfd),
            number(finding.fd),
            finding.certainty,
            finding.what,
            finding.rule
        ));
    }
    line(format!("  again: {}", again(options, file)));
    let (fault, named) = first.map_or((None, None), |(fault, named)| (Some(fault), named));
    let place = named.map_or_else(
        || "?".to_owned(),
        |named| {
            let function = named.function.clone().unwrap_or_else(|| "?".to_owned());
            format!("{} in {function}", named.line.unwrap_or(named.at))
        },
    );
    let fault = fault.map_or("no-fault", Fault::name);
    line(format!("SUMMARY: epshim: chaos {} {fault} {place}", broken.verdict.word()));
    let illegal = illegal(runner);
    text + illegal.trim_start_matches('\n')
}

/// A fault in a line.
pub fn described(made: &Made) -> String {
    let Made { name, asked, gives, errno, fd, peer, .. } = made;
    let what = match name.fault {
        Fault::ShortRead | Fault::ShortWrite => {
            format!("{} of {} bytes", grouped(*gives), grouped(*asked))
        }
        Fault::WaitFewer => format!("{gives} of {asked} events"),
        Fault::WaitLate => format!("{gives} us"),
        Fault::WaitReordered => format!("{asked} events"),
        _ if *errno != 0 => {
            epshim_observe::errno::name(*errno).map_or_else(|| errno.to_string(), str::to_owned)
        }
        _ => "once".to_owned(),
    };
    let peer = if peer.is_empty() { String::new() } else { format!("{peer}, ") };
    let at = match name.subject {
        Subject::Connection | Subject::Descriptor => format!("at offset {}", name.offset),
        Subject::Listener => format!("after {} connections", name.offset),
        Subject::Epoll => format!("when {} bytes and connections had moved", name.offset),
        Subject::Registration | Subject::Connect => String::new(),
    };
    let process =
        if name.process > 1 { format!("process {}, ", name.process) } else { String::new() };
    let text = format!(
        "{}: {process}{} {} ({peer}fd {fd}): {what} {at}",
        name.fault.name().replace('-', " "),
        name.subject.word(),
        name.number
    );
    text.trim_end().to_owned()
}

/// The command that replays it.
fn again(options: &ChaosOptions, file: &Path) -> String {
    let mut words = vec!["epshim chaos --replay".to_owned(), quoted(file.as_os_str())];
    if let Some(test) = &options.test {
        words.extend(["--test".to_owned(), quoted(test.as_ref())]);
    }
    words.push("--".to_owned());
    words.extend(options.command.iter().map(|word| quoted(word)));
    words.join(" ")
}

fn quoted(word: &OsStr) -> String {
    let text = shown(word);
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./:=,@%+-".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// 4004 is 4,004.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
