//! Text of a fixed size that one process writes and another reads at any time.
//!
//! Surprising: two writers at once may mix their bytes. A reader gets some text then, never a fault.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering, Ordering::Relaxed};

/// A text of at most this many bytes.
#[derive(Debug)]
#[repr(C)]
pub struct Text<const N: usize> {
    /// 0: there is none.
    length: AtomicU32,
    bytes: [AtomicU8; N],
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Self { length: AtomicU32::new(0), bytes: [const { AtomicU8::new(0) }; N] }
    }
}

impl<const N: usize> Text<N> {
    /// Writes as much of a text as there is room for.
    pub fn set(&self, text: &[u8]) {
        self.clear();
        let length = text.len().min(N);
        for (place, byte) in self.bytes.iter().zip(text) {
            place.store(*byte, Relaxed);
        }
        self.length.store(length as u32, Ordering::Release);
    }

    /// There is none.
    pub fn clear(&self) {
        self.length.store(0, Ordering::Release);
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let length = (self.length.load(Ordering::Acquire) as usize).min(N);
        self.bytes[..length].iter().map(|byte| byte.load(Relaxed)).collect()
    }

    /// The text; a character that was cut in two is replaced.
    #[must_use]
    pub fn get(&self) -> Option<String> {
        let bytes = self.bytes();
        (!bytes.is_empty()).then(|| String::from_utf8_lossy(&bytes).into_owned())
    }

    fn is(&self, text: &[u8]) -> bool {
        self.bytes() == text[..text.len().min(N)]
    }
}

/// The bytes that are kept of a line.
pub const LINE: usize = 200;

/// Different lines, of which this many are kept.
#[derive(Debug)]
#[repr(C)]
pub struct Lines<const N: usize> {
    taken: AtomicU32,
    lines: [Text<LINE>; N],
}

impl<const N: usize> Lines<N> {
    /// Adds a line, unless it is there.
    pub fn add(&self, line: &str) {
        if self.lines.iter().any(|one| one.is(line.as_bytes())) {
            return;
        }
        let place = self.taken.fetch_add(1, Relaxed) as usize;
        if let Some(place) = self.lines.get(place) {
            place.set(line.as_bytes());
        }
    }

    /// There is none.
    pub fn clear(&self) {
        self.lines.iter().for_each(Text::clear);
        self.taken.store(0, Relaxed);
    }

    /// The lines that are kept, and how many are not.
    #[must_use]
    pub fn all(&self) -> (Vec<String>, u64) {
        let kept = self.lines.iter().filter_map(Text::get).collect();
        let taken = u64::from(self.taken.load(Relaxed));
        (kept, taken.saturating_sub(N as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<const N: usize>() -> Text<N> {
        Text { length: AtomicU32::new(0), bytes: [const { AtomicU8::new(0) }; N] }
    }

    #[test]
    fn a_text_is_cut_and_a_foreign_length_reads_nothing_else() {
        let text = text::<4>();
        assert_eq!(text.get(), None);
        text.set(b"abcdef");
        assert_eq!(text.get().as_deref(), Some("abcd"));
        text.length.store(u32::MAX, Relaxed);
        assert_eq!(text.bytes(), b"abcd");
    }

    #[test]
    fn a_line_is_kept_once_and_what_has_no_room_is_counted() {
        let lines = Lines::<2> { taken: AtomicU32::new(0), lines: [text(), text()] };
        for line in ["a", "b", "a", "c", "d"] {
            lines.add(line);
        }
        assert_eq!(lines.all(), (vec!["a".to_owned(), "b".to_owned()], 2));
        lines.clear();
        assert_eq!(lines.all(), (Vec::new(), 0));
    }
}
