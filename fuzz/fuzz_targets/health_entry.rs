//! An entry gates only when it is fresh and for at most 30 s; failures mark, successes clear.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway_fuzz::health_entry(data));
