#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| epshim_check::any_bytes::trace(bytes));
