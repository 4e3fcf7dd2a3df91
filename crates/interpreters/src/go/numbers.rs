//! Numbers of the table: of a fixed size, and of as many bytes as they need.

/// Bytes that are read one behind the other, and may end.
#[derive(Debug, Clone)]
pub(super) struct Numbers<'a>(&'a [u8]);

impl<'a> Numbers<'a> {
    pub(super) fn from(bytes: &'a [u8], offset: usize) -> Option<Self> {
        bytes.get(offset..).map(Self)
    }

    /// Seven bits a byte, the lowest first; the highest bit says that there are more.
    pub(super) fn variable(&mut self) -> Option<u32> {
        let (mut number, mut shift) = (0_u32, 0);
        loop {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u32::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
            shift += 7;
        }
    }
}

/// The value at an instruction in a table of (step of the value, step of the address), the value's with its
/// sign in the lowest bit (`runtime.pcvalue`). It begins with -1 at the function's first instruction.
pub(super) fn value_at(mut numbers: Numbers<'_>, from_entry: u64, quantum: u32) -> Option<i32> {
    let (mut value, mut end) = (-1_i32, 0_u64);
    let mut is_first = true;
    loop {
        let step = numbers.variable()?;
        if step == 0 && !is_first {
            return None;
        }
        is_first = false;
        let size = (step >> 1) as i32;
        value = value.wrapping_add(if step & 1 == 0 { size } else { !size });
        end += u64::from(numbers.variable()?) * u64::from(quantum);
        if from_entry < end {
            return Some(value);
        }
    }
}
