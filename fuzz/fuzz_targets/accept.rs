//! HTML or JSON: the page only for who accepts HTML, by weights (RFC 9110 §12.5.1).
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway_fuzz::accept(data));
