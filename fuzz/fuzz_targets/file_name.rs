//! Every key has one file name that is special to no file system, and the other way round.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway_fuzz::file_name(data));
