//! The answers in words.

use super::answer::{Answer, Verdict, is_certain};
use crate::output::{BAD, BOLD, GOOD, PLAIN, shown};
use epshim_layouts::compiled::{self, Definition, Difference, Found};
use std::fmt::Write as _;

const INFALLIBLE: &str = "a string takes any text";

/// All files that have something in them, and what follows.
pub fn all(answers: &[Answer]) -> String {
    let mut text = String::new();
    for answer in answers {
        file(&mut text, answer);
    }
    let count = |verdict| answers.iter().filter(|answer| answer.verdict == verdict).count();
    let (equal, different) = (count(Verdict::Equal), count(Verdict::Different));
    let silent = answers.iter().filter(|one| one.verdict == Verdict::None && !one.file.is_named);
    let silent = silent.count();
    if silent > 0 {
        let more = if silent == 1 { "file" } else { "files" };
        writeln!(text, "{silent} more ELF {more} could not be judged; --json has the reasons")
            .expect(INFALLIBLE);
    }
    let files = |count| if count == 1 { "1 file".to_owned() } else { format!("{count} files") };
    if different > 0 {
        writeln!(
            text,
            "{BAD}different{PLAIN}: {} with another layout than C's, which is the kernel's",
            files(different)
        )
    } else if equal > 0 {
        writeln!(
            text,
            "{GOOD}equal{PLAIN}: {}, in which all that is certain is right",
            files(equal)
        )
    } else {
        Ok(())
    }
    .expect(INFALLIBLE);
    text
}

fn file(text: &mut String, answer: &Answer) {
    let Some(report) = &answer.report else { return };
    if report.judged.is_empty() {
        return;
    }
    let path = shown(&answer.file.path);
    let rows = report.expected.rows.join(", ");
    writeln!(text, "{BOLD}{path}{PLAIN}: {rows}").expect(INFALLIBLE);
    for (definition, verdict) in &report.judged {
        structure(text, definition, verdict);
    }
    for missing in &report.missing {
        writeln!(text, "  not all of it: it {}", shown(missing)).expect(INFALLIBLE);
    }
    text.push('\n');
}

fn structure(text: &mut String, one: &Definition, verdict: &compiled::Verdict) {
    use compiled::Verdict as V;
    let sure = if is_certain(one, verdict) { "certain" } else { "suspected" };
    let name = shown(&one.name);
    let (style, said) = match verdict {
        V::Right => (GOOD, "right".to_owned()),
        V::Misaligned(difference) => (GOOD, format!("right, but for {}", differs(difference))),
        V::Wrong(differences) => {
            let all: Vec<_> = differences.iter().map(differs).collect();
            (BAD, format!("wrong: {}", all.join(", ")))
        }
        V::Unknown(reason) => (BOLD, format!("not judged: {}", shown(reason))),
    };
    writeln!(
        text,
        "  {BOLD}{name}{PLAIN}, {sure} by {}: {style}{said}{PLAIN}",
        shown(&one.because)
    )
    .expect(INFALLIBLE);
    writeln!(text, "    {}", layout(&one.found)).expect(INFALLIBLE);
    let source = &one.source;
    let mut place = String::new();
    if let Some(file) = &source.file {
        place = shown(file);
        if let Some(line) = source.line {
            write!(place, ":{line}").expect(INFALLIBLE);
        }
        place.push_str(", ");
    }
    let more = match one.units {
        1 => String::new(),
        units => format!(" and {} more", units - 1),
    };
    let (unit, producer) = (shown(&source.unit), shown(&source.producer));
    let producer = if producer.is_empty() { "not recorded" } else { &producer };
    writeln!(text, "    {place}unit {unit}{more}; producer {producer}").expect(INFALLIBLE);
}

fn differs(Difference { field, expected, found }: &Difference) -> String {
    format!("{field} is {found}, C has {expected}")
}

fn layout(found: &Found) -> String {
    let align = found.align.map_or("not recorded".to_owned(), |align| align.to_string());
    let parts = match &found.parts {
        Ok((events, data)) => format!(
            "events at {} ({} bytes), data at {} ({} bytes), ",
            events.offset, events.width, data.offset, data.width
        ),
        Err(_) => String::new(),
    };
    format!("size {}, {parts}align {align}", found.size)
}
