//! Times with a unit: a whole number, and what is behind it. And times between two looks, in seconds.

use std::time::Duration;

/// Milliseconds of each unit.
pub const IN_MILLISECONDS: [(&str, u64); 4] =
    [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];

/// `10s`: the number, and what its unit has of the smallest one. `None`: it is no number with one of these units.
pub fn number_and_unit(word: &str, units: &[(&str, u64)]) -> Option<(u64, u64)> {
    let end = word.find(|one: char| !one.is_ascii_digit()).unwrap_or(word.len());
    let (number, unit) = word.split_at(end);
    let &(_, each) = units.iter().find(|(name, _)| *name == unit)?;
    Some((number.parse().ok()?, each))
}

/// From a tenth of a second, in which a loop should have turned, to an hour.
pub fn seconds(word: &str) -> Result<Duration, String> {
    let seconds: f64 = word.parse().map_err(|_| "a number of seconds".to_owned())?;
    if (0.1..=3600.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err("from 0.1 to 3600".to_owned())
    }
}

/// A time with its unit: seconds where it has none.
pub fn some_time(word: &str) -> Result<Duration, String> {
    let units = [&IN_MILLISECONDS[..], &[("", 1000)]].concat();
    let milliseconds =
        number_and_unit(word, &units).and_then(|(number, each)| number.checked_mul(each));
    let time = milliseconds.filter(|&time| time > 0).map(Duration::from_millis);
    time.ok_or_else(|| "a time, as 500ms, 10s, 2m or 1h".to_owned())
}
