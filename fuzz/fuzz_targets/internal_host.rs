//! Addresses that are not public are internal in every spelling; public names and addresses are not.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway_fuzz::internal_host(data));
