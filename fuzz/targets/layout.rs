#![no_main]

#[path = "../../crates/layouts/tests/targets/mod.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| drop(targets::ask(bytes.to_vec())));
