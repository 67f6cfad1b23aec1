//! The gateway component: the thin edge between a Spin/WASI host and the decisions in `gateway-core`.
//!
//! The path of a request, in the order of the modules:
//!
//! ```text
//! inbound   the host's request becomes a head (plain data) and a body (a stream)
//! handler   route → select → look up → gate → forward → relay → record, in one place
//!   variables, store, clock   what the decisions need to know
//! upload    the request body: whether there is one, and its transfer
//! outbound  the request to the backend: fields, timeouts, deadline, one retry
//! shootout  where several backends are named: the exchanges with all of them, instead of one
//! relay     the response to the client: fields, body, truncation kept visible
//! health    what the exchange taught, written after the response; active checks
//! ```
//!
//! With the feature `plain-wasi` the component imports wasi:* alone. Then `variables`, `store` and `origin` do without Spin, and `manifest` and
//! `outgoing_handler` take over what Spin reads from `spin.toml`: defaults and allowed hosts.
//!
//! Only this package names `spin_sdk`, and only for wasm: natively it is empty.
#![cfg(target_family = "wasm")]

mod comparing;
mod handler;
mod host;
mod inbound;
mod outbound;
mod probing;
mod relay;
mod upload;

/// The exported entry point.
mod entry {
    #![allow(unsafe_code, reason = "the macro's export glue is unsafe; nothing of ours is")]

    use spin_sdk::http::{IncomingRequest, ResponseOutparam};
    use spin_sdk::http_component;

    #[http_component]
    async fn handle(request: IncomingRequest, out: ResponseOutparam) {
        crate::handler::handle(request, out.into_inner()).await;
    }
}
