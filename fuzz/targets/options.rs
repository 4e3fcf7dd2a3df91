#![no_main]

#[path = "../../crates/report/tests/targets/mod.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::read_options(bytes));
