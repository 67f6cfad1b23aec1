//! What fits is exactly what the host holds.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway_fuzz::field_size(data));
