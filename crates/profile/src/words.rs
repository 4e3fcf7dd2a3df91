//! Numbers as people read them.

use epshim_observe::Nanos;

/// A length of time: `412 ms`, `9.1 ms`, `14 us`, `61.0 s`.
#[must_use]
pub fn time(nanos: Nanos) -> String {
    let (part, unit) = match nanos {
        0..1_000 => return format!("{nanos} ns"),
        1_000..1_000_000 => (nanos as f64 / 1e3, "us"),
        1_000_000..1_000_000_000 => (nanos as f64 / 1e6, "ms"),
        _ => (nanos as f64 / 1e9, "s"),
    };
    if part < 9.95 || unit == "s" {
        format!("{part:.1} {unit}")
    } else {
        format!("{part:.0} {unit}")
    }
}

/// A part of one, in percent: `83%`.
#[must_use]
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        0.0 => "0%".to_owned(),
        ..1.0 => format!("{percent:.1}%"),
        _ => format!("{percent:.0}%"),
    }
}

/// A whole number, in groups: `1,204,331`.
#[must_use]
pub fn number(whole: u64) -> String {
    let digits = whole.to_string();
    let mut text = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 turn`, `5 turns`.
#[must_use]
pub fn counted(whole: u64, one: &str, more: &str) -> String {
    format!("{} {}", number(whole), if whole == 1 { one } else { more })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_short_as_they_are_read() {
        let times = [14, 14_000, 9_140_000, 9_960_000, 412_300_000, 61_040_000_000];
        assert_eq!(times.map(time), ["14 ns", "14 us", "9.1 ms", "10 ms", "412 ms", "61.0 s"]);
        assert_eq!([0.0, 0.004, 0.834].map(percent), ["0%", "0.4%", "83%"]);
        assert_eq!([7, 1_204, 12_345_678].map(number), ["7", "1,204", "12,345,678"]);
        assert_eq!(counted(1, "turn", "turns"), "1 turn");
    }
}
