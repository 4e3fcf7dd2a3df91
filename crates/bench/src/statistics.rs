//! Medians, with the interval that holds the true median in 95 of 100 such measurements.

use serde::Serialize;

/// A median and its 95% interval.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Median {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

impl Median {
    /// The median of the values, and the interval by their ranks: n/2 -+ 1.96 * sqrt(n)/2, which
    /// assumes nothing of how they are distributed.
    pub fn of(mut values: Vec<f64>) -> Self {
        assert!(!values.is_empty());
        values.sort_by(f64::total_cmp);
        let count = values.len() as f64;
        let rank = |rank: f64| values[(rank.max(0.0) as usize).min(values.len() - 1)];
        let spread = 0.98 * count.sqrt();
        Self {
            value: rank(count / 2.0),
            low: rank(count / 2.0 - spread),
            high: rank((count / 2.0 + spread).ceil()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Median;

    #[test]
    fn the_interval_encloses_the_median() {
        let median = Median::of((0..100).rev().map(f64::from).collect());
        assert_eq!((median.low, median.value, median.high), (40.0, 50.0, 60.0));
        let one = Median::of(vec![7.0]);
        assert_eq!((one.low, one.value, one.high), (7.0, 7.0, 7.0));
    }
}
