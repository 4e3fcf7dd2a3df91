//! Callers where no table says them: by the instruction that has called, and by frame pointers. x86-64 only.

use super::Stacks;
use crate::gather::Memory;
use std::ops::Deref;

impl<M: Deref<Target = Memory>> Stacks<M> {
    /// Who called the function without a frame, or with a small one, that an address is in, where no table says it: the
    /// first word of the stack behind a call of just that function. A static program often has no table.
    #[must_use]
    pub fn caller_by_call(&self, pc: u64, stack: &[u8]) -> Option<u64> {
        /// `call` with the distance to its target, in four bytes.
        const CALL: u8 = 0xe8;
        const LENGTH: u64 = 5;
        /// The wrappers of system calls are short.
        const LONGEST: u64 = 512;
        let words = stack.chunks_exact(8).filter_map(|word| word.try_into().ok());
        words.map(u64::from_le_bytes).find(|&address| {
            let is_code = self.knows(address);
            let bytes =
                is_code.then(|| self.memory.bytes(address.wrapping_sub(LENGTH), 5)).flatten();
            let distance =
                bytes.filter(|bytes| bytes[0] == CALL).and_then(|bytes| bytes[1..].try_into().ok());
            let target = distance
                .map(|distance| address.wrapping_add_signed(i32::from_le_bytes(distance).into()));
            target.is_some_and(|target| target < pc && pc - target < LONGEST)
        })
    }

    /// The same where functions keep a frame pointer and no tables are there, as in Go: the thread is in a function
    /// without a frame, which has called the kernel.
    pub fn chain_copy(&mut self, pc: u64, sp: u64, bp: u64, copy: &[u8], most: usize) -> Vec<u64> {
        let word = |address: u64| {
            let at = usize::try_from(address.checked_sub(sp)?).ok()?;
            Some(u64::from_le_bytes(copy.get(at..at.checked_add(8)?)?.try_into().ok()?))
        };
        let mut addresses = vec![pc];
        addresses.extend(word(sp).filter(|&address| self.knows(address)));
        let mut frame = bp;
        while addresses.len() < most {
            let Some((next, address)) = word(frame).zip(word(frame.wrapping_add(8))) else { break };
            if !self.knows(address) {
                break;
            }
            addresses.push(address);
            if next <= frame {
                break;
            }
            frame = next;
        }
        addresses
    }
}
