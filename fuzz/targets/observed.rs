#![no_main]

#[path = "../../crates/observe/tests/targets/mod.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::parse_all(bytes));
