//! Round trips, counted by their length: within 3%, without allocation.

/// Each power of two is divided into so many classes.
const PARTS: usize = 32;
const CLASSES: usize = 64 * PARTS;

/// Counts of nanoseconds.
#[derive(Clone)]
pub struct Histogram {
    counts: Box<[u32; CLASSES]>,
}

impl Histogram {
    pub fn new() -> Self {
        Self { counts: Box::new([0; CLASSES]) }
    }

    pub fn clear(&mut self) {
        self.counts.fill(0);
    }

    pub fn add(&mut self, nanoseconds: u64) {
        self.counts[class(nanoseconds)] += 1;
    }

    pub fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts[..]).for_each(|(count, more)| *count += more);
    }

    /// What so large a part of the round trips took at most.
    pub fn quantile(&self, part: f64) -> u64 {
        let total: u64 = self.counts.iter().map(|&count| u64::from(count)).sum();
        let wanted = (total as f64 * part).ceil() as u64;
        let mut seen = 0;
        for (i, &count) in self.counts.iter().enumerate() {
            seen += u64::from(count);
            if seen >= wanted {
                return upper(i);
            }
        }
        0
    }
}

fn class(value: u64) -> usize {
    let value = value.max(1);
    let power = value.ilog2() as usize;
    if power < 5 {
        return value as usize;
    }
    power * PARTS + ((value >> (power - 5)) as usize - PARTS)
}

/// The largest value of a class.
fn upper(class: usize) -> u64 {
    if class < PARTS {
        return class as u64;
    }
    let (power, part) = (class / PARTS, class % PARTS);
    (((PARTS + part + 1) as u128) << (power - 5)).saturating_sub(1).min(u64::MAX.into()) as u64
}

#[cfg(test)]
mod tests {
    use super::{Histogram, class, upper};

    #[test]
    fn a_value_is_within_three_per_cent_of_its_class() {
        for value in (0..64).flat_map(|power| [1 << power, (1 << power) | (1_u64 << power >> 3)]) {
            let upper = upper(class(value));
            assert!(upper >= value && upper as f64 <= value as f64 * 1.035, "{value} {upper}");
        }
    }

    #[test]
    fn quantiles_are_found() {
        let mut histogram = Histogram::new();
        (1..=1000).for_each(|value| histogram.add(value * 100));
        let mut twice = histogram.clone();
        twice.merge(&histogram);
        for quantile in [histogram.quantile(0.5), twice.quantile(0.5)] {
            assert!((50_000..52_000).contains(&quantile), "{quantile}");
        }
        assert!((99_000..103_000).contains(&histogram.quantile(0.99)));
        histogram.clear();
        assert_eq!(histogram.quantile(0.5), 0);
    }
}
