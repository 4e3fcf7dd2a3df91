#![no_main]

#[allow(dead_code)] // Each binary calls some of them.
#[path = "../../crates/interpreters/tests/targets/mod.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::perf_map(bytes));
