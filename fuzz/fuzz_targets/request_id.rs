//! An id is kept where it is the only one and cannot break a log line; made ids are UUIDs.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway_fuzz::request_id(data));
