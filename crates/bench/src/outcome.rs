//! What the slices of an instance say, compared round by round with the reference's.

use crate::instance::Instance;
use crate::load::Slice;
use crate::statistics::Median;
use serde::Serialize;

/// One server in one scenario.
#[derive(Debug, Serialize)]
pub struct Outcome {
    pub subject: String,
    /// Messages a second.
    pub rate: Median,
    /// Of the rates, to the reference in the same round.
    pub ratio: Median,
    /// Nanoseconds of the server's processor.
    pub cpu_per_message: Median,
    pub cpu_ratio: Median,
    /// Parts of the time in which the server and the load had a processor. A load that had one all the time
    /// was the slower side: a faster server would show in the processor time of a message only.
    pub server_busy: f64,
    pub load_busy: f64,
    /// Round trips in microseconds: half, 99% and 99.9% were not longer.
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
    pub syscalls_per_message: Option<f64>,
    /// Bytes of the server's own memory; where there are connections enough to measure it.
    pub memory_per_connection: Option<f64>,
    pub connections: usize,
    pub slices: usize,
    pub thrown_away: usize,
}

/// Fewer connections do not show what one costs: memory comes in pages.
const ENOUGH_FOR_MEMORY: usize = 500;

impl Outcome {
    /// Of one instance; the system calls were counted elsewhere.
    pub fn of(
        instance: &Instance,
        reference: &Instance,
        syscalls_per_message: Option<f64>,
    ) -> Self {
        let pairs = pairs(instance, reference);
        let mine = |value: fn(&Slice) -> f64| pairs.iter().map(|(slice, _)| value(slice)).collect();
        let mut trips = pairs[0].0.round_trips.clone();
        pairs[1..].iter().for_each(|(slice, _)| trips.merge(&slice.round_trips));
        let microseconds = |part| trips.quantile(part) as f64 / 1000.0;
        Self {
            subject: instance.name.clone(),
            rate: Median::of(mine(rate)),
            ratio: ratio(instance, reference, rate),
            cpu_per_message: Median::of(mine(cost)),
            cpu_ratio: ratio(instance, reference, cost),
            server_busy: Median::of(mine(|slice| slice.cpu / slice.seconds / 1e9)).value,
            load_busy: Median::of(mine(|slice| slice.load / slice.seconds / 1e9)).value,
            p50: microseconds(0.5),
            p99: microseconds(0.99),
            p999: microseconds(0.999),
            syscalls_per_message,
            memory_per_connection: (instance.connections() >= ENOUGH_FOR_MEMORY)
                .then_some(instance.memory),
            connections: instance.connections(),
            slices: pairs.len(),
            thrown_away: instance.slices.len() - pairs.len(),
        }
    }
}

/// The slices of both in the same rounds, where both count. More than half of each one's do, so
/// that there is one at least.
fn pairs<'a>(instance: &'a Instance, reference: &'a Instance) -> Vec<(&'a Slice, &'a Slice)> {
    let both = instance.kept().into_iter().zip(reference.kept()).map(|(one, other)| one && other);
    let slices = instance.slices.iter().zip(&reference.slices);
    slices.zip(both).filter(|(_, both)| *both).map(|(pair, _)| pair).collect()
}

/// Of a value, round by round.
pub fn ratio(instance: &Instance, reference: &Instance, value: fn(&Slice) -> f64) -> Median {
    let pairs = pairs(instance, reference);
    Median::of(pairs.into_iter().map(|(mine, its)| value(mine) / value(its)).collect())
}

/// Messages a second.
pub fn rate(slice: &Slice) -> f64 {
    slice.messages as f64 / slice.seconds
}

/// Nanoseconds of the server's processor for a message.
pub fn cost(slice: &Slice) -> f64 {
    slice.cpu / slice.messages as f64
}
