//! The target of fuzzing: any bytes as a text of /proc. `proc.rs` calls it with a fixed corpus and with random bytes, and
//! cargo-fuzz with what it makes up (`fuzz/`).

use epshim_observe::proc::{anonymous_kind, in_call, registrations, run_times, signals, stat};

/// Reads them as each of the texts.
pub fn parse_all(bytes: &[u8]) {
    let listed = registrations(bytes);
    assert!(listed.len() <= bytes.len() / 20, "each takes a line");
    let _ = (stat(bytes), in_call(bytes), anonymous_kind(bytes));
    let _ = (run_times(bytes), signals(bytes, "SigBlk"));
}
