//! Route and selection follow method, path and the two fields alone.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway_fuzz::route(data));
