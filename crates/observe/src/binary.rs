//! Observations as bytes: the form of a recording.
//!
//! It begins with [`MAGIC`] and the version. Each observation is its length, then a byte that says what it is,
//! then the differences of its time, process, thread and call site to those of the observation before (the
//! call site: to that of the one before of its sort), then what belongs to it. Numbers are
//! LEB128, seven bits a byte, signed ones zigzag (as in Protocol Buffers), so that small ones are short.
//!
//! An observation can be read when all of it is there: a recording that was cut off loses its end and
//! no more. Reading believes nothing: any bytes are read or refused, and no length makes it reserve
//! more memory than there are bytes.

mod fields;
mod sorts;

use crate::observation::{Observation, What};
use crate::terms::{Nanos, Pid, Site, Tid};
use fields::{Field, Input};
use std::fmt;

/// The first bytes of a recording.
pub const MAGIC: &[u8; 8] = b"epshimTR";
/// The version that is written, and the only one that is read.
pub const VERSION: u8 = 1;
/// A longer observation is refused.
const LONGEST: u64 = 1 << 24;

/// Why bytes are no recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bad {
    /// They do not begin as one.
    Magic,
    /// This version is not known.
    Version(u8),
    /// An observation is damaged; all that follows is lost too.
    Observation,
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic => f.write_str("this is no recording of epshim"),
            Self::Version(version) => {
                write!(f, "this recording has version {version}; version {VERSION} can be read")
            }
            Self::Observation => f.write_str("the recording is damaged"),
        }
    }
}

impl std::error::Error for Bad {}

/// Appends what was observed, without the rest of the observation.
pub fn put_what(what: &What<'_>, to: &mut Vec<u8>) {
    to.push(sorts::sort(what));
    sorts::put(what, to);
}

/// Reads it back. `None`: these bytes are none, or more.
#[must_use]
pub fn take_what(bytes: &[u8]) -> Option<What<'static>> {
    let (&sort, rest) = bytes.split_first()?;
    let mut input = Input(rest);
    let what = sorts::take(sort, &mut input)?;
    input.0.is_empty().then_some(what)
}

/// What the next observation is told apart from.
#[derive(Debug, Clone)]
struct Before {
    at: Nanos,
    pid: Pid,
    tid: Tid,
    sites: [u64; 256],
}

impl Default for Before {
    fn default() -> Self {
        Self { at: 0, pid: 0, tid: 0, sites: [0; 256] }
    }
}

/// Writes a recording.
#[derive(Debug, Clone, Default)]
pub struct Writer {
    before: Before,
    has_begun: bool,
    body: Vec<u8>,
}

impl Writer {
    /// Appends an observation; before the first one, what a recording begins with.
    pub fn write(&mut self, observation: &Observation<'_>, to: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.has_begun, true) {
            to.extend(MAGIC);
            to.push(VERSION);
        }
        let Observation { at, pid, tid, site, what } = observation;
        let (body, before) = (&mut self.body, &mut self.before);
        let sort = sorts::sort(what);
        body.clear();
        body.push(sort);
        (at.wrapping_sub(before.at) as i64).put(body);
        pid.wrapping_sub(before.pid).put(body);
        tid.wrapping_sub(before.tid).put(body);
        let before_site = &mut before.sites[usize::from(sort)];
        (site.0.wrapping_sub(*before_site) as i64).put(body);
        sorts::put(what, body);
        (before.at, before.pid, before.tid, *before_site) = (*at, *pid, *tid, site.0);
        (body.len() as u64).put(to);
        to.append(body);
    }
}

/// Reads a recording.
#[derive(Debug, Clone, Default)]
pub struct Reader {
    before: Before,
    has_begun: bool,
}

impl Reader {
    /// Takes the next observation off the front of the bytes. `None`: not all of it is there; what is
    /// left of the bytes is its begin.
    ///
    /// # Errors
    ///
    /// The bytes are no recording.
    pub fn read(&mut self, bytes: &mut &[u8]) -> Result<Option<Observation<'static>>, Bad> {
        if !self.has_begun {
            let Some((magic, rest)) = bytes.split_at_checked(MAGIC.len()) else {
                return if MAGIC.starts_with(bytes) { Ok(None) } else { Err(Bad::Magic) };
            };
            if magic != MAGIC {
                return Err(Bad::Magic);
            }
            match rest.split_first() {
                None => return Ok(None),
                Some((&VERSION, rest)) => *bytes = rest,
                Some((&version, _)) => return Err(Bad::Version(version)),
            }
            self.has_begun = true;
        }
        let mut input = Input(bytes);
        let Some(length) = u64::take(&mut input) else {
            // The longest number has ten bytes.
            return if bytes.len() < 10 { Ok(None) } else { Err(Bad::Observation) };
        };
        if length > LONGEST {
            return Err(Bad::Observation);
        }
        let Some((body, rest)) = input.0.split_at_checked(length as usize) else {
            return Ok(None);
        };
        let observation = self.body(body).ok_or(Bad::Observation)?;
        *bytes = rest;
        Ok(Some(observation))
    }

    fn body(&mut self, body: &[u8]) -> Option<Observation<'static>> {
        let (&sort, rest) = body.split_first()?;
        let mut input = Input(rest);
        let before = &mut self.before;
        let at = before.at.wrapping_add(i64::take(&mut input)? as u64);
        let pid = before.pid.wrapping_add(i32::take(&mut input)?);
        let tid = before.tid.wrapping_add(i32::take(&mut input)?);
        let before_site = &mut before.sites[usize::from(sort)];
        let site = before_site.wrapping_add(i64::take(&mut input)? as u64);
        let what = sorts::take(sort, &mut input)?;
        if !input.0.is_empty() {
            return None;
        }
        (before.at, before.pid, before.tid, *before_site) = (at, pid, tid, site);
        Some(Observation { at, pid, tid, site: Site(site), what })
    }
}
