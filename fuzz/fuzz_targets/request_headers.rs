//! A backend gets what came, minus the named fields, in order, plus what the gateway adds.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway_fuzz::request_headers(data));
