//! An id selects the first element that has it; no element takes the place of a known backend.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway_fuzz::extra_backends(data));
