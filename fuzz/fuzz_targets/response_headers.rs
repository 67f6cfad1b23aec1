//! A client gets what came, minus the named fields, in order, plus CORS and notes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway_fuzz::response_headers(data));
