//! The JSON lines, read back: what `json.rs` writes, as far as other forms of a report need it.
//!
//! A line that is none, or of another schema, is passed over. A field that is not known is no reason to.

use serde::Deserialize;

/// A finding, as its line has it. The fields are those of docs/json.md.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[allow(missing_docs, reason = "docs/json.md has each field")]
pub struct Finding {
    pub pid: u32,
    pub tid: i32,
    pub time: f64,
    pub rule: String,
    pub certainty: String,
    pub epfd: Option<i32>,
    pub fd: Option<i32>,
    pub what: String,
    pub verified: Option<String>,
    pub descriptors: Vec<Introduced>,
    pub sites: Vec<Site>,
    pub blame: Option<Frame>,
    pub manual: String,
    pub fix: String,
    pub suppression: String,
}

/// A descriptor, introduced.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[allow(missing_docs, reason = "docs/json.md has each field")]
pub struct Introduced {
    pub fd: i32,
    pub text: String,
}

/// A call site.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[allow(missing_docs, reason = "docs/json.md has each field")]
pub struct Site {
    pub role: String,
    pub frames: Vec<Frame>,
}

/// A frame.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[allow(missing_docs, reason = "docs/json.md has each field")]
pub struct Frame {
    pub module: Option<String>,
    pub offset: u64,
    pub function: Option<String>,
    pub file: Option<String>,
    pub line: Option<u32>,
    pub source: Option<String>,
}

/// The end of a process's report, as far as it is needed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[allow(missing_docs, reason = "docs/json.md has each field")]
pub struct Summary {
    pub pid: u32,
    pub findings: u64,
    pub not_seen: Vec<String>,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Line {
    /// A finding.
    Finding(Box<Finding>),
    /// The end of a process's report.
    Summary(Summary),
}

/// The lines of a text that are whole and of this schema.
pub fn lines(text: &str) -> impl Iterator<Item = Line> + '_ {
    #[derive(Deserialize)]
    struct Schema {
        schema: u32,
    }
    let is_ours = |line: &str| {
        serde_json::from_str::<Schema>(line).is_ok_and(|line| line.schema == crate::json::SCHEMA)
    };
    text.lines()
        .filter(move |line| is_ours(line))
        .filter_map(|line| serde_json::from_str(line).ok())
}
