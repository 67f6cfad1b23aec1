//! A URL is what was written: scheme, host, port and base path, without user, query or fragment.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway_fuzz::backend_url(data));
