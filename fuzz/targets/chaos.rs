#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| epshim_observe::fault::Plan::read_any(bytes));
