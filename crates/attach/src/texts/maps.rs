//! `/proc/PID/maps` (proc_pid_maps(5)): where which file is in memory.

use super::{decimal, hex, lines};
use std::ops::Range;

/// A mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// Its addresses.
    pub range: Range<u64>,
    /// Whether it may be executed.
    pub is_code: bool,
    /// Where in the file it begins.
    pub offset: u64,
    /// The file's inode; 0: none.
    pub inode: u64,
    /// The path, `[vdso]`, or nothing. A deleted file's ends in ` (deleted)`.
    pub path: String,
}

/// All mappings, in the order of their addresses.
#[must_use]
pub fn mappings(text: &[u8]) -> Vec<Mapping> {
    lines(text).filter_map(mapping).collect()
}

fn mapping(line: &[u8]) -> Option<Mapping> {
    // The path is behind spaces, and may have spaces itself.
    let mut rest = line;
    let mut next = || {
        rest = rest.trim_ascii_start();
        let end = rest.iter().position(|&byte| byte == b' ').unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        word
    };
    let (range, rights, offset, _device, inode) = (next(), next(), next(), next(), next());
    let dash = range.iter().position(|&byte| byte == b'-')?;
    let (start, end) = (hex(&range[..dash])?, hex(&range[dash + 1..])?);
    if start >= end {
        return None;
    }
    Some(Mapping {
        range: start..end,
        is_code: rights.get(2) == Some(&b'x'),
        offset: hex(offset)?,
        inode: decimal(inode)?,
        path: String::from_utf8_lossy(rest.trim_ascii()).into_owned(),
    })
}
