//! One line of JSON without control characters or query; its members are what was told.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway_fuzz::log_line(data));
