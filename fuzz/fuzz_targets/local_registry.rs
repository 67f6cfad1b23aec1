//! An id selects the URL of its own variable, or nothing; its credential goes to it alone.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway_fuzz::local_registry(data));
