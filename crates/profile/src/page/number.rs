//! Numbers in words: three digits, and the unit. `script/number.js` says the same, and a test holds them together.
//!
//! The exact number is beside it: cells have it in `data-v`, and it is what tables are sorted by.

use crate::document::{Figure, Unit};

pub(super) use crate::words::number as count;

/// A length of time: `14 ns`, `1.20 us`, `412 ms`, `61.0 s`, `12 min 5 s`, `2 h 3 min`.
pub(super) fn duration(ns: u64) -> String {
    let ns = ns as f64;
    // From here on the larger unit is rounded to itself, not to 1,000 of the smaller one.
    match ns {
        0.0 => "0".to_string(),
        _ if ns < 999.5 => format!("{ns:.0} ns"),
        _ if ns < 999.5e3 => format!("{} us", digits(ns / 1e3)),
        _ if ns < 999.5e6 => format!("{} ms", digits(ns / 1e6)),
        _ if ns < 599.5e9 => format!("{} s", digits(ns / 1e9)),
        _ if ns < 3_599.5e9 => parts((ns / 1e9).round() as u64, "min", "s"),
        _ => parts((ns / 60e9).round() as u64, "h", "min"),
    }
}

fn parts(small: u64, large_unit: &str, small_unit: &str) -> String {
    format!("{} {large_unit} {} {small_unit}", small / 60, small % 60)
}

/// Bytes: `812 B`, `1.20 kB`, `175 MB`.
pub(super) fn bytes(bytes: u64) -> String {
    let bytes = bytes as f64;
    match bytes {
        _ if bytes < 999.5 => format!("{bytes:.0} B"),
        _ if bytes < 999.5e3 => format!("{} kB", digits(bytes / 1e3)),
        _ if bytes < 999.5e6 => format!("{} MB", digits(bytes / 1e6)),
        _ if bytes < 999.5e9 => format!("{} GB", digits(bytes / 1e9)),
        _ => format!("{} TB", digits(bytes / 1e12)),
    }
}

/// A part of one: `47.3%`.
pub(super) fn share(part: f64) -> String {
    format!("{:.1}%", part * 100.0)
}

/// A share of two whole numbers; `None`: of nothing.
pub(super) fn share_of(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// All of a list together.
pub(super) fn sum(list: &[u64]) -> u64 {
    list.iter().fold(0, |sum, one| sum.saturating_add(*one))
}

/// A number that is not whole: `2.53`, `107`, `13,032`.
pub(super) fn rate(number: f64) -> String {
    if number < 999.5 { digits(number) } else { count(number.round() as u64) }
}

/// Three digits of a number below 1,000; of one below 1, two places.
fn digits(number: f64) -> String {
    if number < 9.995 {
        format!("{number:.2}")
    } else if number < 99.95 {
        format!("{number:.1}")
    } else {
        format!("{number:.0}")
    }
}

/// A whole number of a unit.
pub(super) fn of_unit(number: u64, unit: Unit) -> String {
    match unit {
        Unit::Ns => duration(number),
        Unit::Bytes => bytes(number),
        Unit::Count | Unit::Share | Unit::Rate => count(number),
    }
}

/// A figure; `None`: it is not known.
pub(super) fn figure(figure: &Figure) -> Option<String> {
    let number = figure.number()?;
    Some(match (figure.unit, figure.whole()) {
        (Unit::Share, _) => share(number),
        (Unit::Rate, _) | (_, None) => rate(number),
        (unit, Some(whole)) => of_unit(whole, unit),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_their_unit() {
        let cases = [
            (0, "0"),
            (14, "14 ns"),
            (999, "999 ns"),
            (1_200, "1.20 us"),
            (999_400, "999 us"),
            (999_600, "1.00 ms"),
            (412_331_572, "412 ms"),
            (999_999_999, "1.00 s"),
            (61_000_000_000, "61.0 s"),
            (725_000_000_000, "12 min 5 s"),
            (7_380_000_000_000, "2 h 3 min"),
        ];
        for (ns, words) in cases {
            assert_eq!(duration(ns), words);
        }
    }

    #[test]
    fn counts_have_groups_and_shares_a_percent_sign() {
        assert_eq!(
            [count(0), count(999), count(13_032), count(1_234_567)],
            ["0", "999", "13,032", "1,234,567"]
        );
        assert_eq!([share(0.4728), share(1.0)], ["47.3%", "100.0%"]);
        assert_eq!([rate(2.525), rate(106.84), rate(130_320.4)], ["2.52", "107", "130,320"]);
        assert_eq!([bytes(0), bytes(1_204), bytes(175_496_021)], ["0 B", "1.20 kB", "175 MB"]);
    }
}
