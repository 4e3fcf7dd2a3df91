//! Lists of whole numbers as text: LEB128, then base64. Small numbers take a byte, and no number loses a digit.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A list as text.
pub(super) fn list(numbers: impl IntoIterator<Item = u64>) -> String {
    STANDARD.encode(bytes(numbers))
}

/// A list as LEB128: seven bits a byte, the low ones first; the top bit says that more follow.
fn bytes(numbers: impl IntoIterator<Item = u64>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for mut number in numbers {
        while number >= 0x80 {
            bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
    }
    bytes
}

/// How many bytes a number takes, before base64 makes four of three.
pub(super) const fn size(number: u64) -> usize {
    let bits = 64 - (number | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unpacked(text: &str) -> Vec<u64> {
        let (mut numbers, mut number, mut shift) = (Vec::new(), 0, 0);
        for byte in STANDARD.decode(text).unwrap() {
            number |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                numbers.push(number);
                (number, shift) = (0, 0);
            }
        }
        numbers
    }

    proptest! {
        #[test]
        fn no_number_is_lost(numbers: Vec<u64>) {
            prop_assert_eq!(unpacked(&list(numbers.iter().copied())), numbers);
        }

        #[test]
        fn its_size_is_known_before(number: u64) {
            prop_assert_eq!(bytes([number]).len(), size(number));
        }
    }
}
