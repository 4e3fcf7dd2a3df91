//! Round trips, counted by their length: within 1%, without allocation in a slice.

use hdrhistogram::Histogram as Counts;

/// The longest that is told apart: a minute. What is longer is counted as that.
const LONGEST: u64 = 60_000_000_000;

/// Counts of nanoseconds.
#[derive(Clone)]
pub struct Histogram(Counts<u32>);

impl Histogram {
    pub fn new() -> Self {
        Self(Counts::new_with_bounds(1, LONGEST, 2).expect("bounds that are in order"))
    }

    pub fn clear(&mut self) {
        self.0.reset();
    }

    pub fn add(&mut self, nanoseconds: u64) {
        self.0.saturating_record(nanoseconds);
    }

    pub fn merge(&mut self, other: &Self) {
        self.0.add(&other.0).expect("all have the same bounds");
    }

    /// What this part of the round trips took at most.
    pub fn quantile(&self, part: f64) -> u64 {
        self.0.value_at_quantile(part)
    }
}

#[cfg(test)]
mod tests {
    use super::Histogram;

    #[test]
    fn a_value_is_within_one_per_cent_of_its_class() {
        for value in (0..35).flat_map(|power| [1 << power, (1 << power) | (1_u64 << power >> 3)]) {
            let mut histogram = Histogram::new();
            histogram.add(value);
            let found = histogram.quantile(0.5);
            assert!(found >= value && found as f64 <= value as f64 * 1.01, "{value} {found}");
        }
    }

    #[test]
    fn quantiles_are_found() {
        let mut histogram = Histogram::new();
        (1..=1000).for_each(|value| histogram.add(value * 100));
        let mut twice = histogram.clone();
        twice.merge(&histogram);
        for quantile in [histogram.quantile(0.5), twice.quantile(0.5)] {
            assert!((50_000..51_000).contains(&quantile), "{quantile}");
        }
        assert!((99_000..101_000).contains(&histogram.quantile(0.99)));
        histogram.add(u64::MAX);
        assert!(histogram.quantile(1.0) >= 60_000_000_000);
        histogram.clear();
        assert_eq!(histogram.quantile(0.5), 0);
    }
}
