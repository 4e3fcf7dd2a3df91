//! Times with a unit: a whole number, and what is behind it.

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
