//! Distributions.

use super::figure::{Kind, Unit};
use serde::{Deserialize, Serialize};

/// What is distributed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Measure {
    /// Lengths of turns.
    Turn,
    /// Lengths of waits.
    Wait,
    /// How long deliveries were ready at most.
    Lag,
    /// From a wait's return to a delivery's first call.
    Delay,
    /// Both together: how long deliveries were ready before their first call, at most.
    Late,
    /// Events of a wait with some.
    Batch,
    /// What waits took beyond their timeout.
    Timer,
}

/// The distribution of one measure, over the whole run. Numbers are right to three digits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// Of what.
    pub what: Measure,
    /// In which unit.
    pub unit: Unit,
    /// How sure.
    pub kind: Kind,
    /// Numbers that are in it.
    pub count: u64,
    /// The least; `None`: there is none.
    pub min: Option<u64>,
    /// Half are at most this.
    pub p50: Option<u64>,
    /// 90 of 100 are at most this.
    pub p90: Option<u64>,
    /// 99 of 100 are at most this.
    pub p99: Option<u64>,
    /// 999 of 1,000 are at most this.
    pub p999: Option<u64>,
    /// The greatest.
    pub max: Option<u64>,
    /// The average.
    pub mean: Option<f64>,
    /// Each four a doubling, empty ones left out, in their order.
    pub buckets: Vec<Bucket>,
}

/// A part of a distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// From this on,
    pub from: u64,
    /// below this,
    pub to: u64,
    /// there are so many.
    pub count: u64,
}
