//! [`Tag`]: which reactor a key belongs to.
//!
//! Every key carries the tag of its reactor, so that a key of another one is refused. No two
//! reactors that live at the same time have the same tag, and a tag is used again as late as
//! possible, after all others. 0 is no tag: user data without one is the reactor's own waker, and
//! no key is 0.

use crate::sys::{Errno, Result};
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// A bit for each tag: taken or not.
static TAKEN: [AtomicU32; 2048] = [const { AtomicU32::new(0) }; 2048];
/// Where to look for a free tag first. Only what is looked at depends on it, never who gets what.
static NEXT: AtomicU32 = AtomicU32::new(1);

/// The tag of a reactor, its own as long as this value lives.
#[derive(Debug)]
pub(super) struct Tag(u16);

impl Tag {
    /// A tag that no other reactor has. `EAGAIN` while 65,535 reactors live.
    pub fn take() -> Result<Self> {
        for _ in 0..=u16::MAX {
            let tag = NEXT.fetch_add(1, Relaxed) as u16;
            let (word, bit) = place(tag);
            if tag != 0 && word.fetch_or(bit, Relaxed) & bit == 0 {
                return Ok(Self(tag));
            }
        }
        Err(Errno(libc::EAGAIN))
    }

    pub fn number(&self) -> u16 {
        self.0
    }
}

impl Drop for Tag {
    fn drop(&mut self) {
        let (word, bit) = place(self.0);
        word.fetch_and(!bit, Relaxed);
    }
}

fn place(tag: u16) -> (&'static AtomicU32, u32) {
    (&TAKEN[usize::from(tag / 32)], 1 << (tag % 32))
}

#[cfg(test)]
mod tests {
    use super::Tag;
    use std::collections::HashSet;

    #[test]
    fn no_two_live_tags_are_equal_however_many_came_and_went() {
        let kept: Vec<_> = (0..100).map(|_| Tag::take().unwrap()).collect();
        let numbers: HashSet<_> = kept.iter().map(Tag::number).collect();
        assert_eq!(numbers.len(), kept.len());
        assert!(!numbers.contains(&0));
        let rounds = if cfg!(miri) { 1000 } else { 200_000 };
        for _ in 0..rounds {
            assert!(!numbers.contains(&Tag::take().unwrap().number()));
        }
    }
}
