#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| epshim_attach::any_bytes::read_net(bytes));
