//! One file's answer: what was found in it, and what follows from that.

use super::files::File;
use epshim_layouts::compiled::{self, Certainty, Definition, Found, Refusal, Report};
use serde::ser::{Serialize, Serializer};
use serde_json::{Value, json};

/// What a file's answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Equal,
    Different,
    /// Nothing in it is certain, or not all of it could be read.
    None,
}

/// A file's answer.
#[derive(Debug)]
pub struct Answer {
    pub file: File,
    pub verdict: Verdict,
    /// Why there is none.
    pub reason: Option<String>,
    /// What was found, also where that is no answer.
    pub report: Option<Report>,
}

impl Answer {
    pub fn new(file: File, judged: Result<Report, Refusal>, is_strict: bool) -> Self {
        match judged {
            Ok(report) => {
                let (verdict, reason) = verdict(&report, is_strict);
                Self { file, verdict, reason, report: Some(report) }
            }
            Err(Refusal::NotElf(reason) | Refusal::Unjudged(reason)) => {
                Self { file, verdict: Verdict::None, reason: Some(reason), report: None }
            }
        }
    }
}

/// Whether a definition counts without `--strict`: how it is called in the answer.
pub fn is_certain(definition: &Definition, verdict: &compiled::Verdict) -> bool {
    let is_named = definition.certainty == Certainty::Named;
    definition.certainty == Certainty::Certain
        || is_named && !matches!(verdict, compiled::Verdict::Unknown(_))
}

fn verdict(report: &Report, is_strict: bool) -> (Verdict, Option<String>) {
    use compiled::Verdict as V;
    let certain = || report.judged.iter().filter(|(one, verdict)| is_certain(one, verdict));
    let is_wrong = |(one, verdict): &(Definition, V)| match verdict {
        V::Wrong(_) => is_strict || is_certain(one, verdict),
        V::Misaligned(_) => is_strict,
        V::Right | V::Unknown(_) => false,
    };
    if report.judged.iter().any(is_wrong) {
        return (Verdict::Different, None);
    }
    if let Some(reason) = report.missing.first() {
        return (Verdict::None, Some(reason.clone()));
    }
    for (one, verdict) in certain() {
        if let V::Unknown(reason) = verdict {
            let reason = format!("has a structure {} that is not understood: {reason}", one.name);
            return (Verdict::None, Some(reason));
        }
    }
    if certain().next().is_none() {
        let reason = "has nothing that is certain: --type NAME says which structure is epoll's";
        return (Verdict::None, Some(reason.to_owned()));
    }
    (Verdict::Equal, None)
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let equal = match self.verdict {
            Verdict::Equal => Some(true),
            Verdict::Different => Some(false),
            Verdict::None => None,
        };
        let path = self.file.path.to_string_lossy();
        let mut value = json!({ "file": path, "equal": equal, "reason": self.reason });
        if let Some(report) = &self.report {
            let expected = &report.expected.layout;
            let more = json!({
                "targets": report.expected.rows,
                "expected": {
                    "size": expected.size,
                    "align": report.expected.is_align_agreed.then_some(expected.align),
                    "events_offset": expected.events_offset,
                    "events_size": 4,
                    "data_offset": expected.data_offset,
                    "data_size": 8,
                },
                "missing": report.missing,
                "structures": report.judged.iter().map(structure).collect::<Vec<_>>(),
            });
            merge(&mut value, more);
        }
        value.serialize(serializer)
    }
}

fn merge(value: &mut Value, more: Value) {
    if let (Value::Object(map), Value::Object(more)) = (value, more) {
        map.extend(more);
    }
}

fn structure((one, verdict): &(Definition, compiled::Verdict)) -> Value {
    use compiled::Verdict as V;
    let Found { size, align, parts } = &one.found;
    let parts = parts.as_ref().ok();
    let (name, differences, reason) = match verdict {
        V::Right => ("right", &[][..], None),
        V::Misaligned(difference) => ("misaligned", std::slice::from_ref(difference), None),
        V::Wrong(differences) => ("wrong", differences.as_slice(), None),
        V::Unknown(reason) => ("unknown", &[][..], Some(reason)),
    };
    let differences: Vec<_> = differences
        .iter()
        .map(|one| json!({ "field": one.field, "expected": one.expected, "found": one.found }))
        .collect();
    json!({
        "name": one.name,
        "certain": is_certain(one, verdict),
        "because": one.because,
        "verdict": name,
        "differences": differences,
        "reason": reason,
        "found": {
            "size": size,
            "align": align,
            "events_offset": parts.map(|(events, _)| events.offset),
            "events_size": parts.map(|(events, _)| events.width),
            "data_offset": parts.map(|(_, data)| data.offset),
            "data_size": parts.map(|(_, data)| data.width),
        },
        "unit": one.source.unit,
        "units": one.units,
        "source": one.source.file,
        "line": one.source.line,
        "producer": one.source.producer,
    })
}
