//! One length, or none, or a refusal.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway_fuzz::content_length(data));
