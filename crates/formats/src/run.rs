//! A run of a program: its findings, and whether it has ended.

use epshim_report::read::{self, Finding, Frame, Line, Summary};
use std::path::{Path, PathBuf};

/// A run.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The folder that paths of sources are relative to: the repository's.
    pub root: PathBuf,
    /// The process that was started.
    pub pid: u32,
    /// The version of epshim.
    pub version: String,
    /// What was found, in the order in which it was.
    pub findings: Vec<Finding>,
    /// The ends of processes.
    pub summaries: Vec<Summary>,
}

impl Run {
    /// Adds the JSON lines of a text.
    pub fn add(&mut self, text: &str) {
        for line in read::lines(text) {
            match line {
                Line::Finding(finding) => self.findings.push(*finding),
                Line::Summary(summary) => self.summaries.push(summary),
            }
        }
    }

    /// Whether the report of the process that was started has its end.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.summaries.iter().any(|summary| summary.pid == self.pid)
    }

    /// The name of the program, without its folders.
    #[must_use]
    pub fn name(&self) -> &str {
        let program = self.command.first().map_or("", String::as_str);
        Path::new(program).file_name().and_then(|name| name.to_str()).unwrap_or(program)
    }
}

/// Where a finding is: its frame to blame if that has a source, else the first frame that has one.
pub(crate) fn place(finding: &Finding) -> Option<&Frame> {
    let frames = finding.sites.iter().flat_map(|site| &site.frames);
    finding.blame.iter().chain(frames).find(|frame| frame.file.is_some())
}

/// A sentence or two: what happened, what was asked, and what to do.
pub(crate) fn message(finding: &Finding) -> String {
    let mut text = finding.what.clone();
    for introduced in &finding.descriptors {
        text += &format!("\nfd {}: {}", introduced.fd, introduced.text);
    }
    if let Some(verified) = &finding.verified {
        text += &format!("\nverified: {verified}");
    }
    text + &format!(
        "\nfix: {}\nsee: {}; epshim explain {}",
        finding.fix, finding.manual, finding.rule
    )
}
