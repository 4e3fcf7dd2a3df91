//! A trace in either form, read in pieces: a recording as bytes, or a trace as text. Which of the two it is, its
//! first bytes say.
//!
//! No byte is believed: a file that is something else is refused with what is wrong with it, and where.

use crate::binary::{Bad, MAGIC, Reader};
use crate::observation::Observation;
use crate::text::{BadLine, Lines};
use std::fmt;

/// A longer line is no line of a trace.
const LONGEST_LINE: usize = 1 << 24;

/// Why a trace cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// It is neither form.
    Foreign,
    /// It is a recording that is not known or damaged, in the observation that begins at this byte.
    Recording(Bad, u64),
    /// It is text, with a line that is not understood.
    Text(BadLine),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => f.write_str("this is no recording of epshim, and no trace as text"),
            Self::Recording(Bad::Observation, at) => {
                write!(f, "the recording is damaged at byte {at}")
            }
            Self::Recording(bad, _) => bad.fmt(f),
            Self::Text(line) => write!(f, "this is no recording of epshim, and as text: {line}"),
        }
    }
}

impl std::error::Error for Unreadable {}

/// A trace that is read.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    form: Option<Form>,
    /// What was not read yet, and how many bytes were.
    rest: Vec<u8>,
    read: u64,
}

#[derive(Debug, Clone)]
enum Form {
    Recording(Box<Reader>),
    Text(Lines),
}

impl Reading {
    /// Takes more bytes, and hands out each observation that is whole by now.
    ///
    /// # Errors
    ///
    /// It is no trace, or a damaged one. What was handed out before was right.
    pub fn more(
        &mut self,
        bytes: &[u8],
        mut each: impl FnMut(Observation<'static>),
    ) -> Result<(), Unreadable> {
        self.rest.extend_from_slice(bytes);
        if self.form.is_none() && self.rest.len() >= MAGIC.len() {
            self.choose();
        }
        self.step(&mut each)
    }

    /// There are no more bytes. Returns how many at the end are no whole observation: the recording was cut off.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn end(mut self, mut each: impl FnMut(Observation<'static>)) -> Result<usize, Unreadable> {
        if self.form.is_none() && !self.rest.is_empty() && MAGIC.starts_with(&self.rest) {
            return Ok(self.rest.len());
        }
        if self.form.is_none() {
            self.choose();
        }
        if let Some(Form::Text(_)) = self.form {
            self.rest.push(b'\n');
        }
        self.step(&mut each)?;
        Ok(self.rest.len())
    }

    fn choose(&mut self) {
        let is_recording = self.rest.starts_with(MAGIC);
        self.form = Some(if is_recording {
            Form::Recording(Box::default())
        } else {
            Form::Text(Lines::default())
        });
    }

    fn step(&mut self, each: &mut impl FnMut(Observation<'static>)) -> Result<(), Unreadable> {
        let Some(form) = &mut self.form else { return Ok(()) };
        let mut rest = &self.rest[..];
        let outcome = match form {
            Form::Recording(reader) => recording(reader, &mut rest, each),
            Form::Text(lines) => text(lines, &mut rest, each),
        };
        let left = rest.len();
        let taken = self.rest.len() - left;
        self.rest.drain(..taken);
        self.read += taken as u64;
        outcome.map_err(|why| match why {
            Unreadable::Recording(bad, _) => Unreadable::Recording(bad, self.read),
            other => other,
        })
    }
}

fn recording(
    reader: &mut Reader,
    rest: &mut &[u8],
    each: &mut impl FnMut(Observation<'static>),
) -> Result<(), Unreadable> {
    loop {
        match reader.read(rest) {
            Ok(Some(observation)) => each(observation),
            Ok(None) => return Ok(()),
            Err(bad) => return Err(Unreadable::Recording(bad, 0)),
        }
    }
}

fn text(
    lines: &mut Lines,
    rest: &mut &[u8],
    each: &mut impl FnMut(Observation<'static>),
) -> Result<(), Unreadable> {
    while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
        let line = std::str::from_utf8(&rest[..end]).map_err(|_| Unreadable::Foreign)?;
        if line.contains('\0') {
            return Err(Unreadable::Foreign);
        }
        if let Some(observation) = lines.read(line).map_err(Unreadable::Text)? {
            each(observation);
        }
        *rest = &rest[end + 1..];
    }
    if rest.len() > LONGEST_LINE { Err(Unreadable::Foreign) } else { Ok(()) }
}
