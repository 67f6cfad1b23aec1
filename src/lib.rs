//! The gateway component: the thin edge between a Spin/WASI host and the decisions in `gateway-core`.
//!
//! The path of a request, in the order of the modules:
//!
//! ```text
//! handler     the order of the phases, nothing else
//! inbound     the host's request becomes a head (plain data) and a body (a stream)
//! lookup      which backend, from variables and store
//! prepare     what every request to a backend needs: base path, gate, credentials, fields, deadline
//! upload      the request body: whether there is one, and its transfer
//! outbound    the request to the backend: timeouts, deadline, one retry
//! relay       the response to the client: fields, body, truncation kept visible
//! record      the facts of the log line
//! comparing   where several backends are named: the exchanges with all of them, instead of one
//! probing     active checks; what was learnt, written after the response
//! host/       the host's capabilities, one file each
//! ```
//!
//! With the feature `plain-wasi` the component imports wasi:* alone. Then `host/variables`, `host/store` and `host/origin` do without Spin, and
//! `host/manifest` and `host/outgoing_handler` take over what Spin reads from `spin.toml`: defaults and allowed hosts.
//!
//! Only this package names `spin_sdk`, and only for wasm: natively it is empty.
#![cfg(target_family = "wasm")]

mod comparing;
mod handler;
mod host;
mod inbound;
mod lookup;
mod outbound;
mod prepare;
mod probing;
mod record;
mod relay;
mod upload;

/// The exported entry point.
mod component {
    #![allow(unsafe_code, reason = "the macro's export glue is unsafe; nothing of ours is")]

    use spin_sdk::http::{IncomingRequest, ResponseOutparam};
    use spin_sdk::http_component;

    #[http_component]
    async fn handle(request: IncomingRequest, out: ResponseOutparam) {
        crate::handler::handle(request, out.into_inner()).await;
    }
}
