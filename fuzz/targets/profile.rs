#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    epshim_profile::any_bytes::of_trace(bytes);
    epshim_profile::any_bytes::profile(bytes);
});
