//! What came of a run.

use std::fmt;

/// What broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// A signal ended the program.
    Crash(i32),
    /// A sanitizer reported something.
    Sanitizer,
    /// The program ended with another status than without faults, or before its test had ended.
    Status(i32),
    /// The test failed.
    Test(i32),
    /// Nothing went on.
    Hang,
    /// The program waited again and again, and nothing moved.
    Spin,
    /// The checker found what it does not find without faults.
    Finding(String),
}

impl Verdict {
    /// In a word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Crash(_) => "crash",
            Self::Sanitizer => "sanitizer",
            Self::Status(_) => "status",
            Self::Test(_) => "test",
            Self::Hang => "hang",
            Self::Spin => "spin",
            Self::Finding(_) => "finding",
        }
    }

    /// Whether another run broke in the same way. A client that gives up and a program that hangs are one: which of
    /// them is first is a matter of time.
    pub fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Crash(one), Self::Crash(other)) => one == other,
            (Self::Finding(one), Self::Finding(other)) => one == other,
            (one, other) => one.word() == other.word(),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crash(signal) => write!(f, "crash (signal {signal})"),
            Self::Status(status) => write!(f, "status {status}"),
            Self::Test(status) => write!(f, "test (exit code {status})"),
            Self::Finding(rule) => write!(f, "finding {rule}"),
            other => f.write_str(other.word()),
        }
    }
}
