//! What a seed asks for: for a whole run each kind of fault, and each place in the program, is on or off, and
//! what is on happens in a share of the cases.
//!
//! A draw is a function of the seed and of the fault's name: it has no state, and threads cannot change it.
//! Uniform noise everywhere would hide bugs; a fault that never comes at one place lets another one come there.
//!
//! Surprising: seeds are drawn in rows of 4, of which the second has the kinds that the first has not, and two rows have
//! between them each place. So 16 seeds, wherever they begin, have each kind at each place once at least.

use super::kind::{Fault, Faults};
use super::name::Name;

/// A seed, and what it may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// The seed.
    pub seed: u64,
    /// The faults that may be made.
    pub faults: Faults,
    /// Percent of the cases, instead of the seed's own; 0: none at all.
    pub rate: Option<u8>,
}

/// Every fourth seed has one kind of fault only.
const SINGLE: u64 = 4;
/// Percent of the cases in which a fault that is on happens: at least, and at most.
const RATES: (u64, u64) = (5, 40);

impl Draw {
    /// The kinds of fault that this seed has.
    #[must_use]
    pub fn on(&self) -> Faults {
        let all: Vec<Fault> = self.faults.iter().collect();
        if all.is_empty() || self.rate.is_some() {
            return self.faults;
        }
        if self.is_single() {
            let place = mix(self.seed, 1) % all.len() as u64;
            return Faults(all[place as usize].bit());
        }
        let is_on = |fault: Fault| {
            let bit = |number| mix(number, 16 + fault as u64) & 1 != 0;
            match self.seed % SINGLE {
                0 => bit(self.block()),
                1 => !bit(self.block()),
                _ => bit(self.seed),
            }
        };
        let some: Faults = all.iter().copied().filter(|&fault| is_on(fault)).collect();
        // A seed that has none tests nothing.
        if some.0 == 0 { self.faults } else { some }
    }

    /// The row of seeds that end with a single kind.
    fn block(&self) -> u64 {
        self.seed / SINGLE
    }

    fn is_single(&self) -> bool {
        self.seed % SINGLE == SINGLE - 1
    }

    /// Percent of the cases in which it happens, where it is on.
    #[must_use]
    pub fn rate(&self, fault: Fault) -> u64 {
        let (least, most) = RATES;
        let drawn = least + mix(self.seed, 64 + fault as u64) % (most - least + 1);
        self.rate.map_or(drawn, u64::from)
    }

    /// Whether it happens at calls from this place, by the bits of its address that stay the same.
    #[must_use]
    pub fn is_on_at(&self, fault: Fault, site: u64) -> bool {
        if self.is_single() || self.rate.is_some() {
            return true;
        }
        let bit = |number| mix(mix(number, 128 + fault as u64), site & 0xfff) & 1 != 0;
        match self.seed % SINGLE {
            0 | 1 => bit(self.block() / 2) == (self.block() % 2 == 0),
            _ => bit(self.seed),
        }
    }

    /// Whether the fault of this name happens. Returns a number to draw its size from.
    #[must_use]
    pub fn decide(&self, on: Faults, name: &Name, site: u64) -> Option<u64> {
        if !on.has(name.fault) || !self.is_on_at(name.fault, site) {
            return None;
        }
        let place = mix(u64::from(name.process) << 32 | u64::from(name.number), name.offset);
        let drawn = mix(mix(self.seed, place), name.fault as u64 + ((name.subject as u64) << 8));
        (drawn % 100 < self.rate(name.fault)).then(|| mix(drawn, 7))
    }
}

/// A number that is another one where a bit of either is another (splitmix64).
fn mix(one: u64, other: u64) -> u64 {
    let mut z = one
        .wrapping_add(other.wrapping_mul(0xd1b5_4a32_d192_ed03))
        .wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::super::{Level, Subject};
    use super::*;

    fn draw(seed: u64) -> Draw {
        Draw { seed, faults: Faults::of(Level::Rough), rate: None }
    }

    fn name(fault: Fault, offset: u64) -> Name {
        Name { fault, process: 1, subject: Subject::Connection, number: 3, offset }
    }

    #[test]
    fn a_seed_is_a_run() {
        for seed in 0..100 {
            let (one, other) = (draw(seed), draw(seed));
            for offset in 0..50 {
                let name = name(Fault::ShortRead, offset);
                assert_eq!(
                    one.decide(one.on(), &name, 0x123),
                    other.decide(other.on(), &name, 0x7000_0123),
                    "the same place in a page is the same site"
                );
            }
        }
    }

    #[test]
    fn every_kind_is_on_in_half_of_the_seeds_and_alone_in_some() {
        for fault in Faults::of(Level::Rough).iter() {
            let on = (0..400).filter(|&seed| draw(seed).on().has(fault)).count();
            let alone = (0..400).filter(|&seed| draw(seed).on() == Faults(fault.bit())).count();
            assert!((100..260).contains(&on), "{fault} is on in {on} of 400 seeds");
            assert!(alone >= 1, "{fault} is never alone");
        }
    }

    #[test]
    fn sixteen_seeds_have_each_kind_at_each_place() {
        for (first, site) in (0..200).zip((0x1040..).step_by(37)) {
            for fault in Faults::of(Level::Brutal).iter() {
                let is_on = |seed: u64| {
                    let draw = Draw { seed, faults: Faults::of(Level::Brutal), rate: None };
                    draw.on().has(fault) && draw.is_on_at(fault, site)
                };
                assert!((first..first + 16).any(is_on), "{fault} at {site:x} from {first}");
            }
        }
    }

    #[test]
    fn a_share_of_the_cases_is_drawn_and_none_at_rate_0() {
        let none = Draw { rate: Some(0), ..draw(1) };
        let all = Draw { rate: Some(100), ..draw(1) };
        let happens = |draw: &Draw| {
            let names = (0..1000).map(|offset| name(Fault::ShortRead, offset));
            names.filter(|name| draw.decide(draw.on(), name, 1).is_some()).count()
        };
        assert_eq!((happens(&none), happens(&all)), (0, 1000));
        let seed = (0..).find(|&seed| draw(seed).on() == Faults(Fault::ShortRead.bit()));
        let drawn = happens(&draw(seed.expect("some seed")));
        assert!((20..=450).contains(&drawn), "{drawn}");
    }
}
