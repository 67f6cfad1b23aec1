//! An id selects the URL under its own key, or nothing; internal hosts need `cloud_hosts`; errors hide passwords.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway_fuzz::cloud_registry(data));
