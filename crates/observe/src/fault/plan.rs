//! A replay file: which faults are to be made again, as text.
//!
//! ```text
//! epshim-chaos 1
//! level polite
//! program server 5d41402abc4b2a76
//! seed 7
//! verdict hang
//! short-write process 1 connection 4 at 129151 gives 1
//! ```
//!
//! The first line is the form. A line that begins with `#`, and an empty one, say nothing. The program is its name
//! and what its file was: another one needs `--force`.

use super::level::Level;
use super::name::Name;
use std::fmt;

/// The first line.
const FORM: &str = "epshim-chaos 1";
/// More faults than any run has.
const MOST: usize = 1 << 20;

/// A fault that is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Planned {
    /// Where.
    pub name: Name,
    /// How much the program gets: bytes, events, microseconds, or what an order is drawn from.
    pub gives: u64,
}

/// What is to be made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The level of the run that it is from.
    pub level: Level,
    /// The program's name, and what its file was.
    pub program: Option<(String, String)>,
    /// The seed of the run that it is from.
    pub seed: u64,
    /// What came of it.
    pub verdict: Option<String>,
    /// The faults.
    pub faults: Vec<Planned>,
}

/// Why a text is no replay file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The line, from 1.
    pub line: usize,
    /// In a few words.
    pub reason: &'static str,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} gives {}", self.name, self.gives)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FORM}\nlevel {}", self.level)?;
        if let Some((name, file)) = &self.program {
            writeln!(f, "program {name} {file}")?;
        }
        writeln!(f, "seed {}", self.seed)?;
        if let Some(verdict) = &self.verdict {
            writeln!(f, "verdict {verdict}")?;
        }
        self.faults.iter().try_for_each(|fault| writeln!(f, "{fault}"))
    }
}

impl Plan {
    /// No fault.
    #[must_use]
    pub const fn empty(level: Level, seed: u64) -> Self {
        Self { level, program: None, seed, verdict: None, faults: Vec::new() }
    }

    /// Any bytes are read or refused, and what was read is written and read again: for tests, and the target of
    /// fuzzing.
    ///
    /// # Panics
    /// It is not.
    pub fn read_any(bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        if let Ok(plan) = Self::parse(&text) {
            assert_eq!(Self::parse(&plan.to_string()), Ok(plan), "{text}");
        }
    }

    /// Reads a replay file.
    ///
    /// # Errors
    /// The first line that is wrong.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        let mut lines = text.lines().enumerate().map(|(place, line)| (place + 1, line.trim()));
        if lines.next().map(|(_, first)| first) != Some(FORM) {
            return Err(Unreadable { line: 1, reason: "it does not begin with `epshim-chaos 1`" });
        }
        let mut plan = Self::empty(Level::Polite, 0);
        for (line, text) in lines.filter(|(_, text)| !text.is_empty() && !text.starts_with('#')) {
            plan.read(text).map_err(|reason| Unreadable { line, reason })?;
            if plan.faults.len() > MOST {
                return Err(Unreadable { line, reason: "too many faults" });
            }
        }
        Ok(plan)
    }

    fn read(&mut self, text: &str) -> Result<(), &'static str> {
        let (key, value) = text.split_once(' ').ok_or("a word and nothing behind it")?;
        let value = value.trim();
        match key {
            "level" => self.level = value.parse().map_err(|_| "no such level")?,
            "seed" => self.seed = value.parse().map_err(|_| "the seed is no number")?,
            "verdict" => self.verdict = Some(value.to_owned()),
            "program" => {
                let (name, file) = value.rsplit_once(' ').ok_or("the program has no file")?;
                self.program = Some((name.trim().to_owned(), file.to_owned()));
            }
            _ => {
                let (name, gives) = text.rsplit_once(" gives ").ok_or("no fault")?;
                let name = Name::parse(name).ok_or("no such fault")?;
                let gives = gives.trim().parse().map_err(|_| "what it gives is no number")?;
                self.faults.push(Planned { name, gives });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Fault, Subject};
    use super::*;
    use proptest::prelude::*;

    fn planned() -> impl Strategy<Value = Planned> {
        let places = (0..Fault::ALL.len(), 0..Subject::ALL.len());
        (places, any::<(u32, u32, u64, u64)>()).prop_map(
            |((fault, subject), (process, number, offset, gives))| {
                let (fault, subject) = (Fault::ALL[fault], Subject::ALL[subject]);
                Planned { name: Name { fault, process, subject, number, offset }, gives }
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            faults in proptest::collection::vec(planned(), 0..20),
            seed in any::<u64>(),
            level in 0_usize..3,
        ) {
            let plan = Plan {
                level: Level::ALL[level],
                program: Some(("a server".to_owned(), "5d41402abc4b2a76".to_owned())),
                seed,
                verdict: Some("hang".to_owned()),
                faults,
            };
            prop_assert_eq!(Plan::parse(&plan.to_string()), Ok(plan));
        }

        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            Plan::read_any(text.as_bytes());
            Plan::read_any(format!("{FORM}\n{text}").as_bytes());
        }

        #[test]
        fn so_are_lines_that_are_nearly_right(
            faults in proptest::collection::vec(planned(), 1..4),
            place in any::<prop::sample::Index>(),
            byte in any::<u8>(),
        ) {
            let plan = Plan { faults, ..Plan::empty(Level::Rough, 7) };
            let mut bytes = plan.to_string().into_bytes();
            let place = place.index(bytes.len());
            bytes[place] = byte;
            Plan::read_any(&bytes);
        }
    }

    #[test]
    fn a_line_that_is_wrong_is_named() {
        for (line, reason) in [
            ("level mild", "no such level"),
            ("short-read process 1 connection 4 at 1", "no fault"),
            ("short-reed process 1 connection 4 at 1 gives 1", "no such fault"),
            ("short-read process 1 connection 4 at 1 gives it", "what it gives is no number"),
            ("word", "a word and nothing behind it"),
        ] {
            let read = Plan::parse(&format!("{FORM}\n\n# a comment\n{line}\n"));
            assert_eq!(read, Err(Unreadable { line: 4, reason }), "{line}");
        }
        assert_eq!(Plan::parse("").unwrap_err().line, 1);
    }
}
