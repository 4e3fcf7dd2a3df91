//! The bytes that are sent: random, repeated after a prime number of bytes.

use std::iter;

/// The period. It fits the first cache beside what it is copied to or compared with.
const PERIOD: usize = 8_191;
/// A piece of this size is never cut.
pub const WHOLE: usize = 1024;

/// The pattern, with enough of its repetition behind it that a small message need not be put together.
/// A large one walks over it again and again: a repetition that was as long as it would fill the second
/// cache, and the load be slower than the servers.
pub struct Pattern(Vec<u8>);

impl Pattern {
    pub fn new() -> Self {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = || {
            // xorshift64: any bytes without a pattern of their own will do.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        };
        let mut bytes: Vec<u8> = (0..PERIOD).map(|_| random()).collect();
        bytes.extend_from_within(..WHOLE);
        Self(bytes)
    }

    /// The bytes from a place on.
    #[inline(always)]
    pub fn pieces(&self, mut from: u64, mut size: usize) -> impl Iterator<Item = &[u8]> {
        iter::from_fn(move || {
            let rest = &self.0[(from % PERIOD as u64) as usize..];
            let piece = &rest[..rest.len().min(size)];
            from += piece.len() as u64;
            size -= piece.len();
            (!piece.is_empty()).then_some(piece)
        })
    }

    /// Where the walk of a connection begins: neighbours begin far apart.
    pub fn start(number: usize) -> u64 {
        (number * 7919 % PERIOD) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::{PERIOD, Pattern, WHOLE};

    fn bytes(pattern: &Pattern, from: u64, size: usize) -> Vec<u8> {
        pattern.pieces(from, size).flatten().copied().collect()
    }

    #[test]
    fn a_shift_is_always_seen() {
        let pattern = Pattern::new();
        for from in 0..PERIOD as u64 {
            let piece = bytes(&pattern, from, 64);
            assert!((1..300).all(|shift| bytes(&pattern, from + shift, 64) != piece), "{from}");
        }
    }

    #[test]
    fn it_is_repeated_and_small_messages_are_whole() {
        let pattern = Pattern::new();
        let from = PERIOD as u64 - 5;
        assert_eq!(pattern.pieces(from, WHOLE).count(), 1);
        let long = bytes(&pattern, from, 3 * PERIOD);
        assert_eq!(long.len(), 3 * PERIOD);
        assert_eq!(long[..PERIOD], long[2 * PERIOD..]);
        assert_eq!(long[100..200], bytes(&pattern, from + 100, 100));
    }
}
