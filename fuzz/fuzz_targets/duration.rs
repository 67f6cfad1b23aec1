//! Times and environments mean what is written, within their limits.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway_fuzz::duration(data));
