//! Whatever stands in an error: valid JSON, fields of one line, balanced quotes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway_fuzz::error_reply(data));
