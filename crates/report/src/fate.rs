//! What the end of a report says of how the process ended, where another process writes it, and of other
//! processes.
//!
//! An ordinary end says nothing of this: the process writes it before it ends.

use crate::block::counted;
use serde::{Serialize, Serializer};

/// How a process ended that could not write its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// By this signal.
    Signal(i32),
    /// With this exit status.
    Status(i32),
    /// It has ended, and how is not known.
    Unknown,
    /// Another program took its place, which is watched.
    Executed,
}

/// The same, with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fate {
    /// How.
    pub how: How,
    /// What it had executed, which is not watched.
    pub program: Option<String>,
    /// Suspicions that could not be verified any more.
    pub pending: u64,
}

/// What there is to say of other processes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Others {
    /// Programs that were started and are not watched.
    pub not_watched: u64,
    /// Watched processes that have not ended.
    pub going_on: u64,
    /// The sum, where programs that are started are watched too.
    pub total: Option<Total>,
}

/// The sum over all watched processes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Total {
    /// Those that have waited, or in which something was found.
    pub processes: u64,
    /// Different findings of each.
    pub findings: u64,
}

impl Fate {
    /// It ended like this.
    #[must_use]
    pub fn new(how: How) -> Self {
        Self { how, program: None, pending: 0 }
    }

    /// In words, a line each.
    pub(super) fn lines(&self) -> Vec<String> {
        let how = match &self.how {
            How::Signal(number) => format!("died by {}", signal(*number)),
            How::Status(status) => format!("ended with exit status {status}"),
            How::Unknown => "ended, how is not known".to_owned(),
            How::Executed => "executed another program, which is watched".to_owned(),
        };
        let mut lines = vec![match &self.program {
            Some(program) => format!("executed {program}, which is not watched; that {how}"),
            None => how,
        }];
        if self.pending > 0 {
            let pending = counted(self.pending, "suspicion was", "suspicions were");
            lines.push(format!("{pending} pending: counted and not verified"));
        }
        lines
    }
}

impl Others {
    /// In words, a line each.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.not_watched > 0 {
            let programs = counted(
                self.not_watched,
                "program that it started; --trace-children watches it",
                "programs that it started; --trace-children watches them",
            );
            lines.push(format!("not watched: {programs}"));
        }
        if self.going_on > 0 {
            let processes = counted(self.going_on, "process goes on", "processes go on");
            lines.push(format!("{processes}, watched, and its end is written apart"));
        }
        if let Some(Total { processes, findings }) = &self.total {
            let findings = counted(*findings, "finding", "findings");
            let processes = counted(*processes, "process", "processes");
            lines.push(format!("TOTAL: {findings} in {processes}"));
        }
        lines
    }
}

impl Serialize for Fate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct End<'a> {
            how: &'static str,
            signal: Option<i32>,
            status: Option<i32>,
            program: Option<&'a str>,
            pending: u64,
        }
        let (how, signal, status) = match self.how {
            How::Signal(signal) => ("signal", Some(signal), None),
            How::Status(status) => ("status", None, Some(status)),
            How::Unknown => ("unknown", None, None),
            How::Executed => ("executed", None, None),
        };
        let (program, pending) = (self.program.as_deref(), self.pending);
        End { how, signal, status, program, pending }.serialize(serializer)
    }
}

/// The name of a signal, where it has one number on all architectures or nearly all.
fn signal(number: i32) -> String {
    let name = match number {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        _ => return format!("signal {number}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fate_names_the_signal_the_program_and_what_was_pending() {
        let lines = |fate: Fate| fate.lines().join("; ");
        assert_eq!(lines(Fate::new(How::Signal(9))), "died by SIGKILL");
        assert_eq!(lines(Fate::new(How::Signal(34))), "died by signal 34");
        let program = Some("/bin/x".to_owned());
        let fate = Fate { how: How::Status(5), program, pending: 2 };
        let executed = "executed /bin/x, which is not watched; that ended with exit status 5";
        let pending = "2 suspicions were pending: counted and not verified";
        assert_eq!(lines(fate), format!("{executed}; {pending}"));
    }
}
