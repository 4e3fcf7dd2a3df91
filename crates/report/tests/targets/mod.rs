//! The target of fuzzing: any text as `EPSHIM_OPTIONS` and as a file of suppressions. `any_bytes.rs` calls it with a
//! fixed corpus and with random bytes, and cargo-fuzz with what it makes up (`fuzz/`).

use epshim_check::Options;
use epshim_report::Suppressions;

/// Reads a text as both, and has each complaint printed.
pub fn read_options(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (options, complaints) = Options::parse(&text);
    complaints.iter().for_each(|complaint| assert!(!complaint.to_string().is_empty()));
    // What is written is read again as the same.
    let (again, complaints) = Options::parse(&options.to_string());
    assert!(complaints.is_empty(), "{options}: {complaints:?}");
    assert_eq!(again, options);
    let (_, complaints) = Suppressions::parse(&text);
    complaints.iter().for_each(|complaint| assert!(complaint.line > 0));
}
