//! The end of a report: how much was found, out of how much that was seen, and what was not seen.
//!
//! It is never empty. A program whose calls escape the checker has no findings either, and the two
//! must not look alike: what escapes leaves traces, and these are said. What left none is said too.

use crate::block::{Block, Medium, Style, counted};
use crate::fate::{Fate, Others};
use crate::suppressions::{Suppressions, Used};
use epshim_check::Tally;
use epshim_check::{Certainty, Rule};
use serde::{Serialize, Serializer};
use std::time::Duration;

/// How much was seen, and how much passed unseen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Waits that were begun.
    pub waits: u64,
    /// `EPOLL_CTL_ADD`s that succeeded.
    pub registrations: u64,
    /// Epolls that are open at the end of a program that was never seen to wait on one.
    pub unheard_epolls: u64,
    /// io_uring instances that were set up.
    pub rings: u64,
    /// Times that input was gone which the program was not seen to take.
    pub taken_unseen: u64,
    /// Deliveries of registrations whose making was not observed.
    pub unknown_deliveries: u64,
    /// Calls that were made and not recorded: from signal handlers in the book-keeping, or for
    /// want of room.
    pub dropped_calls: u64,
    /// Suspicions that were one too many to be followed at a time.
    pub not_followed: Vec<NotFollowed>,
    /// Calls on descriptors whose numbers are too high to be watched.
    pub high_descriptors: u64,
    /// Findings that were one too many to be told apart. [`End::new`] looks it up.
    pub dropped_findings: u64,
    /// The checker failed, and has not looked since.
    pub checker_failed: bool,
    /// Why call sites have no function names, if something went wrong with them.
    pub not_symbolized: Option<String>,
    /// Why the lines of the program's language cannot be had, where it has one whose lines are looked for.
    pub no_lines: Option<String>,
    /// The sandbox (seccomp) in which the kernel was not asked everything, and how it came about.
    pub sandbox: Option<String>,
}

/// Suspicions of one rule that were not followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotFollowed {
    /// The rule.
    #[serde(serialize_with = "as_text")]
    pub rule: Rule,
    /// How many.
    pub suspicions: u64,
}

impl Seen {
    /// What was not seen in this run, a clause each; none where everything that left a trace was.
    #[must_use]
    pub fn blind_spots(&self) -> Vec<String> {
        let mut spots = Vec::new();
        let mut add = |number: u64, one: &str, many: &str| {
            if number > 0 {
                spots.push(counted(number, one, many));
            }
        };
        add(
            self.unheard_epolls,
            "epoll that was never waited on through libc",
            "epolls that were never waited on through libc",
        );
        add(
            self.rings,
            "io_uring instance and what it did",
            "io_uring instances and what they did",
        );
        let by = "(through stdio or io_uring, without libc, or by another process)";
        add(self.taken_unseen, &format!("read {by}"), &format!("reads {by}"));
        let unknown =
            ["delivery of an unknown registration", "deliveries of unknown registrations"];
        add(self.unknown_deliveries, unknown[0], unknown[1]);
        add(self.dropped_calls, "call that was not recorded", "calls that were not recorded");
        let high = [
            "call on a descriptor of too high a number",
            "calls on descriptors of too high numbers",
        ];
        add(self.high_descriptors, high[0], high[1]);
        let findings =
            ["finding more than can be told apart", "findings more than can be told apart"];
        add(self.dropped_findings, findings[0], findings[1]);
        for NotFollowed { rule, suspicions } in &self.not_followed {
            let one = format!("suspicion of {rule} that was not followed");
            let many = format!("suspicions of {rule} that were not followed");
            spots.push(counted(*suspicions, &one, &many));
        }
        if let Some(how) = &self.sandbox {
            spots.push(format!("what needs the kernel's word, in a sandbox (seccomp): {how}"));
        }
        if let Some(why) = &self.not_symbolized {
            spots.push(format!("the names of functions ({why})"));
        }
        if let Some(why) = &self.no_lines {
            spots.push(format!("lines of the program's own ({why})"));
        }
        spots
    }
}

/// The end repeats the last lines of at most 100 findings.
const MOST_SUMMARIES: usize = 100;

/// What was found of one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Count {
    /// The rule.
    #[serde(serialize_with = "as_text")]
    pub rule: Rule,
    /// How sure at most.
    #[serde(serialize_with = "as_text")]
    pub certainty: Certainty,
    /// How many different findings.
    pub findings: u64,
    /// How often they were seen in all.
    pub occurrences: u64,
}

impl Count {
    /// What two have found, each for itself.
    #[must_use]
    pub fn join(mut all: Vec<Self>, others: Vec<Self>) -> Vec<Self> {
        for other in others {
            match all.iter_mut().find(|one| one.rule == other.rule) {
                Some(one) => {
                    one.certainty = one.certainty.max(other.certainty);
                    one.findings += other.findings;
                    one.occurrences += other.occurrences;
                }
                None => all.push(other),
            }
        }
        all.sort_by_key(|one| one.rule);
        all
    }
}

fn as_text<S: Serializer>(name: &impl ToString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&name.to_string())
}

/// The end of a report.
#[derive(Debug, Clone)]
pub struct End {
    /// The process.
    pub pid: u32,
    /// Since 1970.
    pub time: Duration,
    /// What was reported, by rule; rules of which nothing was are not in it.
    pub counts: Vec<Count>,
    /// The suppressions that were of use.
    pub suppressed: Vec<Used>,
    /// Different findings that are notes, and were not asked for.
    pub notes_not_shown: u64,
    /// What was seen.
    pub seen: Seen,
    /// The last line of each finding that was reported. The text repeats them: the findings may have
    /// gone where the program's own output went, and be lost with it.
    pub summaries: Vec<String>,
    /// The file of JSON lines. The text names it.
    pub json: Option<String>,
    /// How the process ended, where it could not write this itself.
    pub fate: Option<Fate>,
    /// What there is to say of other processes.
    pub others: Others,
}

impl End {
    /// Draws up what was found. The findings that were suppressed count as such only, and notes
    /// only if they are shown.
    #[must_use]
    pub fn new(
        pid: u32,
        time: Duration,
        tally: &Tally,
        suppressions: &Suppressions,
        shows_notes: bool,
        seen: Seen,
    ) -> Self {
        let seen = Seen { dropped_findings: tally.dropped, ..seen };
        let mut counts: Vec<Count> = Vec::new();
        let mut notes_not_shown = 0;
        for (fingerprint, certainty, times) in tally.each() {
            if suppressions.has_suppressed(fingerprint) {
                continue;
            }
            if certainty == Certainty::Note && !shows_notes {
                notes_not_shown += 1;
                continue;
            }
            let rule = fingerprint.0;
            let index = counts.iter().position(|count| count.rule == rule).unwrap_or_else(|| {
                counts.push(Count { rule, certainty, findings: 0, occurrences: 0 });
                counts.len() - 1
            });
            let count = &mut counts[index];
            count.certainty = count.certainty.max(certainty);
            count.findings += 1;
            count.occurrences += times;
        }
        counts.sort_by_key(|count| count.rule);
        let suppressed = suppressions.used(tally);
        let (summaries, json, fate) = (Vec::new(), None, None);
        let others = Others::default();
        Self { pid, time, counts, suppressed, notes_not_shown, seen, summaries, json, fate, others }
    }

    /// How many different findings were reported.
    #[must_use]
    pub fn findings(&self) -> u64 {
        self.counts.iter().map(|count| count.findings).sum()
    }

    /// How often they were seen.
    #[must_use]
    pub fn occurrences(&self) -> u64 {
        self.counts.iter().map(|count| count.occurrences).sum()
    }

    /// As text.
    #[must_use]
    pub fn text(&self, medium: Medium) -> String {
        let mut block = Block::new(self.pid, medium);
        let style = match self.counts.iter().map(|count| count.certainty).max() {
            None | Some(Certainty::Note) => Style::Bold,
            Some(Certainty::Fact | Certainty::Suspected) => Style::Yellow,
            Some(Certainty::Certain) => Style::Red,
        };
        let headline = format!(
            "epshim: {} in {}, {}",
            counted(self.findings(), "finding", "findings"),
            counted(self.seen.waits, "wait", "waits"),
            counted(self.seen.registrations, "registration", "registrations"),
        );
        block.styled(style, &headline);
        for line in self.fate.iter().flat_map(Fate::lines) {
            block.line(&format!("  {line}"));
        }
        for count in &self.counts {
            block.line(&format!(
                "  {}: {}, seen {} [{}]",
                count.rule,
                counted(count.findings, "finding", "findings"),
                counted(count.occurrences, "time", "times"),
                count.certainty
            ));
        }
        for used in &self.suppressed {
            block.line(&format!(
                "  suppressed by {}: {}, seen {}",
                used.suppression,
                counted(used.findings, "finding", "findings"),
                counted(used.occurrences, "time", "times")
            ));
        }
        if self.notes_not_shown > 0 {
            let notes = counted(self.notes_not_shown, "note", "notes");
            block.line(&format!(
                "  {notes} not shown: --notes shows them (in EPSHIM_OPTIONS: notes=1)"
            ));
        }
        if self.seen.checker_failed {
            block.styled(
                Style::Red,
                "  the checker failed and was switched off: nothing after that was seen",
            );
        }
        let spots = self.seen.blind_spots();
        let nothing = || "nothing that left a trace".to_owned();
        let spots = if spots.is_empty() { nothing() } else { spots.join("; ") };
        block.wrapped("  not seen: ", 4, &spots);
        for line in self.others.lines() {
            block.line(&format!("  {line}"));
        }
        if let Some(json) = &self.json {
            block.line(&format!("  as JSON: {json}"));
        }
        for summary in self.summaries.iter().take(MOST_SUMMARIES) {
            block.styled(Style::Bold, summary);
        }
        if let Some(more @ 1..) = self.summaries.len().checked_sub(MOST_SUMMARIES) {
            block.line(&format!("  and {more} more"));
        }
        block.into_text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::{Frame, Report, Stack};
    use epshim_check::{Finding, Role};
    use epshim_observe::Site;

    fn finding(rule: Rule, certainty: Certainty, site: u64) -> Finding {
        Finding {
            rule,
            certainty,
            epfd: 3,
            fd: 4,
            tid: 5,
            at: 6,
            what: String::new(),
            verified: None,
            sites: vec![(Role::Now, Site(site))],
            advice: None,
        }
    }

    fn suppress(suppressions: &mut Suppressions, finding: &Finding, module: &str) -> bool {
        let frame = Frame::at(module.into(), 0);
        let stacks = vec![Stack { role: Role::Now, frames: vec![frame] }];
        let time = Duration::ZERO;
        suppressions.suppress(&Report {
            pid: 1,
            time,
            finding: finding.clone(),
            stacks,
            descriptors: Vec::new(),
        })
    }

    #[test]
    fn each_finding_counts_once_as_reported_or_suppressed_or_not_shown() {
        let mut tally = Tally::default();
        let ghost = finding(Rule::Ghost, Certainty::Certain, 10);
        let other_ghost = finding(Rule::Ghost, Certainty::Suspected, 11);
        let suppressed = finding(Rule::CtlError, Certainty::Fact, 12);
        let note = finding(Rule::EdgeNotDrained, Certainty::Note, 13);
        for (finding, times) in [(&ghost, 3), (&other_ghost, 1), (&suppressed, 7), (&note, 2)] {
            for _ in 0..times {
                tally.count(finding.clone());
            }
        }
        let (mut suppressions, _) = Suppressions::parse("level-spin:*\nctl-error:lib*\n");
        assert!(suppress(&mut suppressions, &suppressed, "/lib/libevent.so"));
        assert!(!suppress(&mut suppressions, &ghost, "/lib/libevent.so"));

        let seen = Seen::default();
        let end = End::new(1, Duration::ZERO, &tally, &suppressions, false, seen.clone());
        let ghosts =
            Count { rule: Rule::Ghost, certainty: Certainty::Certain, findings: 2, occurrences: 4 };
        assert_eq!(end.counts, [ghosts]);
        assert_eq!((end.findings(), end.occurrences(), end.notes_not_shown), (2, 4, 1));
        let used = Used { suppression: "ctl-error:lib*".into(), findings: 1, occurrences: 7 };
        assert_eq!(end.suppressed, [used]);

        let end = End::new(1, Duration::ZERO, &tally, &suppressions, true, seen);
        assert_eq!((end.findings(), end.occurrences(), end.notes_not_shown), (3, 6, 0));
        assert_eq!(end.counts[0].rule, Rule::EdgeNotDrained);
    }
}
