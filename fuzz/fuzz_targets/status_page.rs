//! No value changes the structure of the page, and each is shown.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway_fuzz::status_page(data));
