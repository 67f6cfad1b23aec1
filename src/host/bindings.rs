//! Bindings of `wit/`, beside the SDK's: they give what the SDK's convenience types lack (request options, the monotonic clock).
//!
//! Resources of wasi:http and wasi:io are the SDK's own types, so that a request can pass between both without conversion.
#![allow(missing_docs, unreachable_pub, unsafe_code, clippy::all, reason = "generated code")]

wit_bindgen::generate!({
    path: "wit",
    world: "gateway-imports",
    with: {
        "wasi:http/types@0.2.1": spin_sdk::wit::wasi::http0_2_0::types,
        "wasi:io/poll@0.2.1": ::wasi::io::poll,
        "wasi:io/streams@0.2.1": ::wasi::io::streams,
        "wasi:io/error@0.2.1": ::wasi::io::error,
    },
    generate_all,
});

pub(crate) use self::wasi::clocks::{monotonic_clock, wall_clock};
pub(crate) use self::wasi::http::outgoing_handler;
pub(crate) use self::wasi::random::random;
pub(crate) use ::wasi::io::poll::Pollable;
pub(crate) use ::wasi::io::streams::{InputStream, OutputStream, StreamError};
pub(crate) use spin_sdk::wit::wasi::http0_2_0::types as http_types;
