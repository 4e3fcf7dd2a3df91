//! The words of a trace that stand for numbers: events, operations, kinds of descriptors, times.

use crate::bits;
use crate::ctl::{ADD, DEL, MOD};
use crate::descriptors::Kind;
use crate::terms::{MILLISECOND, Nanos, SECOND};
use std::fmt;

/// `epoll_ctl`'s operations.
pub(super) const OPERATIONS: [(&str, i32); 3] = [("add", ADD), ("mod", MOD), ("del", DEL)];

const KINDS: [(&str, Kind); 8] = [
    ("unknown", Kind::Unknown),
    ("stream", Kind::Stream),
    ("listener", Kind::Listener),
    ("datagram", Kind::Datagram),
    ("pipe", Kind::Pipe),
    ("counter", Kind::Counter),
    ("queue", Kind::Queue),
    ("epoll", Kind::Epoll),
];

const UNITS: [(&str, Nanos); 4] = [("s", SECOND), ("ms", MILLISECOND), ("us", 1000), ("ns", 1)];

/// Events, joined by `|`; bits without a name as a number.
pub(super) struct Events(pub u32);

impl fmt::Display for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.0;
        let mut bar = "";
        for (name, bit) in bits::NAMES.into_iter().filter(|&(_, bit)| self.0 & bit != 0) {
            write!(f, "{bar}{name}")?;
            (left, bar) = (left & !bit, "|");
        }
        if left != 0 || self.0 == 0 { write!(f, "{bar}{left:#x}") } else { Ok(()) }
    }
}

pub(super) fn events(word: &str) -> Option<u32> {
    if word == "nothing" || word == "0" {
        return Some(0);
    }
    let bit = |name: &str| match name.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => bits::NAMES.into_iter().find(|(known, _)| *known == name).map(|(_, bit)| bit),
    };
    word.split('|').map(bit).try_fold(0, |all, bit| Some(all | bit?))
}

pub(super) fn kind(word: &str) -> Option<Kind> {
    KINDS.into_iter().find(|(name, _)| *name == word).map(|(_, kind)| kind)
}

pub(super) fn name_of_kind(kind: Kind) -> &'static str {
    KINDS.into_iter().find(|&(_, one)| one == kind).map_or("unknown", |(name, _)| name)
}

/// A time, in the greatest unit of which it is a whole number.
pub(super) struct Time(pub Nanos);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_whole = |&(_, unit): &(&str, Nanos)| self.0 % unit == 0;
        let (name, unit) = UNITS.into_iter().find(is_whole).unwrap_or(("ns", 1));
        write!(f, "{}{name}", self.0 / unit)
    }
}

pub(super) fn time(word: &str) -> Option<Nanos> {
    let name = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let amount = &word[..word.len() - name.len()];
    let (_, unit) = UNITS.into_iter().find(|&(known, _)| known == name)?;
    // A whole number has more digits than a fraction can hold.
    if !amount.contains('.') {
        return amount.parse::<Nanos>().ok()?.checked_mul(unit);
    }
    let fraction: f64 = amount.parse().ok()?;
    Some((fraction * unit as f64).round() as Nanos)
}
