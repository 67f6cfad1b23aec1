//! Base path and request path are joined byte for byte; no server’s reading leads above the base path.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway_fuzz::url_join(data));
