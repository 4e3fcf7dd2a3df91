//! Distributions of the whole run, right to three digits, in constant memory.

use crate::document::{Bucket, Histogram, Kind, Measure, Unit};

/// A longer time counts as this: an hour and more.
const MOST: u64 = 1 << 42;

/// The distribution of one measure.
#[derive(Debug, Clone)]
pub struct Distribution {
    all: hdrhistogram::Histogram<u64>,
    /// To the last digit.
    least: u64,
    greatest: u64,
}

impl Default for Distribution {
    fn default() -> Self {
        let all = hdrhistogram::Histogram::new_with_bounds(1, MOST, 3);
        Self { all: all.expect("these bounds are allowed"), least: u64::MAX, greatest: 0 }
    }
}

impl Distribution {
    pub fn add(&mut self, value: u64) {
        self.all.saturating_record(value);
        (self.least, self.greatest) = (self.least.min(value), self.greatest.max(value));
    }

    /// What 99 of 100 are at most; `None`: there is none.
    pub fn p99(&self) -> Option<u64> {
        self.at(0.99)
    }

    pub fn max(&self) -> Option<u64> {
        (!self.all.is_empty()).then_some(self.greatest)
    }

    fn at(&self, quantile: f64) -> Option<u64> {
        (!self.all.is_empty()).then(|| self.all.value_at_quantile(quantile).min(self.greatest))
    }

    /// As the document has it.
    pub fn document(&self, what: Measure) -> Histogram {
        let (unit, kind) = match what {
            Measure::Batch => (Unit::Count, Kind::Exact),
            Measure::Lag | Measure::Late => (Unit::Ns, Kind::Bound),
            _ => (Unit::Ns, Kind::Exact),
        };
        let mut buckets: Vec<Bucket> = Vec::new();
        for value in self.all.iter_recorded() {
            let (from, to) = bucket(value.value_iterated_to());
            match buckets.last_mut() {
                Some(last) if last.from == from => last.count += value.count_since_last_iteration(),
                _ => buckets.push(Bucket { from, to, count: value.count_since_last_iteration() }),
            }
        }
        Histogram {
            what,
            unit,
            kind,
            count: self.all.len(),
            min: (!self.all.is_empty()).then_some(self.least),
            p50: self.at(0.5),
            p90: self.at(0.9),
            p99: self.p99(),
            p999: self.at(0.999),
            max: self.max(),
            mean: (!self.all.is_empty()).then(|| self.all.mean()),
            buckets,
        }
    }
}

/// The bucket of a value: four a doubling.
const fn bucket(value: u64) -> (u64, u64) {
    if value < 4 {
        return (value, value + 1);
    }
    let shift = value.ilog2() - 2;
    let from = value >> shift << shift;
    (from, from + (1 << shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_join_without_a_gap_and_have_all() {
        let mut all = Distribution::default();
        for value in 0..100_000 {
            all.add(value);
        }
        let document = all.document(Measure::Turn);
        assert_eq!(document.buckets.iter().map(|one| one.count).sum::<u64>(), 100_000);
        assert!(document.buckets.windows(2).all(|pair| pair[0].to == pair[1].from));
        let p99 = document.p99.expect("a number");
        assert!((98_900..=99_100).contains(&p99), "{p99}");
        assert_eq!(Distribution::default().document(Measure::Lag).max, None);
    }
}
