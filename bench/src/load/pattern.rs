//! The bytes that are sent: random, repeated after a prime number of bytes.

/// The period. It fits the first caches.
const PERIOD: usize = 16_381;

/// The pattern, with enough of its repetition behind it that no piece has to be put together.
pub struct Pattern(Vec<u8>);

impl Pattern {
    /// With pieces of at most so many bytes.
    pub fn new(longest: usize) -> Self {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = || {
            // xorshift64: any bytes without a pattern of their own will do.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        };
        let mut bytes: Vec<u8> = (0..PERIOD).map(|_| random()).collect();
        (0..longest).for_each(|i| bytes.push(bytes[i]));
        Self(bytes)
    }

    /// The bytes from a place on.
    pub fn piece(&self, from: u64, size: usize) -> &[u8] {
        &self.0[(from % PERIOD as u64) as usize..][..size]
    }

    /// Where the walk of a connection begins: neighbours begin far apart.
    pub fn start(number: usize) -> u64 {
        (number * 7919 % PERIOD) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::{PERIOD, Pattern};

    #[test]
    fn a_shift_is_always_seen() {
        let pattern = Pattern::new(1000);
        for from in 0..PERIOD as u64 {
            let piece = pattern.piece(from, 64);
            assert!((1..300).all(|shift| pattern.piece(from + shift, 64) != piece), "{from}");
        }
        assert_eq!(pattern.piece(5, 1000), pattern.piece(5 + 3 * PERIOD as u64, 1000));
    }
}
