#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| epshim_trace::any_bytes::read_record(bytes));
