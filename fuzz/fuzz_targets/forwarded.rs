//! The host’s own fields count, the chain grows at its end, a loop is seen in any position.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway_fuzz::forwarded(data));
