//! An entry allows what its three parts say; one that names a host allows it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway_fuzz::allowed_hosts(data));
