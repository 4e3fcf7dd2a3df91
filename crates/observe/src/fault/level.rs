//! How bad the luck may be.

use std::fmt;
use std::str::FromStr;

/// How bad the luck may be. A level has the faults of those before it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// What every program meets on a normal day, and must survive.
    Polite,
    /// Documented, and rarer: no data may be lost.
    Rough,
    /// Something is used up: a program may refuse and close, but not crash, spin, hang or corrupt.
    Brutal,
}

impl Level {
    /// All, the mildest first.
    pub const ALL: [Self; 3] = [Self::Polite, Self::Rough, Self::Brutal];

    /// As options and reports have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Polite => "polite",
            Self::Rough => "rough",
            Self::Brutal => "brutal",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|level| level.name() == text);
        found.ok_or_else(|| "expected polite, rough or brutal".to_owned())
    }
}
