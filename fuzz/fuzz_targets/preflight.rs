//! Allowed is what was asked for beside the fixed names: tokens, once each.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway_fuzz::preflight(data));
