//! A rule by number, how sure its findings are, and what it says of itself.

use std::fmt;

/// A kind of finding: its place in [`Rule::ALL`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rule(pub(crate) u8);

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Certainty {
    /// Worth knowing; correct programs do it too. Reported on request.
    Note,
    /// Likely a mistake; what was seen has a harmless explanation too.
    Suspected,
    /// The kernel returned an error: that it happened is beyond doubt, its weight is the reader's.
    Fact,
    /// Confirmed in the kernel.
    Certain,
}

/// What a rule says of itself: `epshim explain RULE`, and its section of docs/rules.md.
#[derive(Debug, Clone, Copy)]
pub struct Explanation {
    /// One sentence: what it finds.
    pub finds: &'static str,
    /// Why it hurts, with what users see.
    pub hurts: &'static str,
    /// What must be seen before it speaks, and how sure it is then.
    pub evidence: &'static str,
    /// When it stays silent, though it looks alike.
    pub silent: &'static str,
    /// What to change.
    pub fix: &'static str,
    /// The shortest code that commits it, in C.
    pub wrong: &'static str,
    /// The same job done rightly.
    pub right: &'static str,
    /// The man page section that says so, for the report: `epoll(7), Q9`.
    pub manual: &'static str,
    /// Real bugs of this kind, as addresses.
    pub seen: &'static [&'static str],
}

/// How many suspicions of a rule are followed at a time, beside one more for each few registrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Share {
    Few = 256,
    /// It suspects what is often so for a while.
    Many = 1024,
}

impl Rule {
    /// No more than this many have a bit in what marks a registration.
    pub(crate) const MOST: usize = u32::BITS as usize;

    pub(crate) const fn bit(self) -> u32 {
        1 << self.0
    }
}

impl Certainty {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Suspected => "suspected",
            Self::Fact => "fact",
            Self::Certain => "certain",
        }
    }
}

impl fmt::Display for Certainty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
