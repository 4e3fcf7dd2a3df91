//! The rules that were made, by address: a program makes its calls from the same places again.
//!
//! An address belongs into one of many small sets, in which the oldest gives way: with one place for each,
//! two frames of the same stack could take turns in it. What is kept holds as long as the modules do:
//! the caller that knows of a closed one has it forgotten.

use crate::rule::Rule;

/// The number of sets, and of places in each.
const SETS: usize = 32;
const PLACES: usize = 4;
/// No address of code.
const FREE: u64 = u64::MAX;

/// What is known of an address.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Known {
    /// How the caller is found.
    Rule(Rule),
    /// It is in a module's code, and no table describes it.
    Undescribed,
}

#[derive(Debug, Clone, Copy)]
struct Set {
    addresses: [u64; PLACES],
    known: [Known; PLACES],
    oldest: usize,
}

#[derive(Debug)]
pub(crate) struct Cache {
    sets: Vec<Set>,
}

impl Set {
    const EMPTY: Self =
        Self { addresses: [FREE; PLACES], known: [Known::Undescribed; PLACES], oldest: 0 };
}

impl Cache {
    /// `None`: no memory.
    pub(crate) fn new() -> Option<Self> {
        let mut sets = Vec::new();
        sets.try_reserve_exact(SETS).ok()?;
        sets.resize(SETS, Set::EMPTY);
        Some(Self { sets })
    }

    pub(crate) fn forget(&mut self) {
        self.sets.iter_mut().for_each(|set| set.addresses = [FREE; PLACES]);
    }

    pub(crate) fn get(&self, address: u64) -> Option<&Known> {
        let set = &self.sets[set_of(address)];
        let place = set.addresses.iter().position(|&of| of == address && of != FREE)?;
        Some(&set.known[place])
    }

    pub(crate) fn keep(&mut self, address: u64, known: Known) {
        let set = &mut self.sets[set_of(address)];
        let place = set.oldest % PLACES;
        set.addresses[place] = address;
        set.known[place] = known;
        set.oldest = place + 1;
    }
}

/// Fibonacci hashing: the upper bits of the product depend on all bits of the address.
fn set_of(address: u64) -> usize {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    (address.wrapping_mul(GOLDEN) >> 32) as usize % SETS
}
