//! The black-box suite: what a client and a backend see of the gateway, over real sockets, through the built component.
//!
//! It builds the component and starts it in the host that `GATEWAY_HOST` names: `embedded` (in this process, or in one
//! of its own for tests that measure it; the default), `wasmtime-serve` or
//! `workerd`. For `spin` the gateway has to run already, at `GATEWAY_URL`; the suite prints the variables and key-value entries that it has to be
//! started with. What a host cannot do stands in one table, `harness/hosts.rs`.
//!
//! Backends are sockets that the tests themselves hold: each test gets a path of its own and answers the request that arrives there by hand,
//! so it decides about every byte and every pause. Nothing waits for a fixed time; what has to happen is awaited.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails loudly, and says what it skips on stdout"
)]

mod harness;

/// Which backend gets a request, and which requests none gets.
mod routing;

/// Method, target and fields arrive as they were sent.
mod passthrough;

/// What backends learn of a request's origin.
mod forwarded;

/// What the operator keeps from clients.
mod guards;

/// Backends by host name, and whose pages may read answers.
mod labels;

/// Bodies in both directions: framing, streaming, truncation.
mod bodies;

/// Cross-origin resource sharing.
mod cors;

/// Every row of the error table.
mod errors;

/// Deadlines, stalls and the one retry.
mod deadline;

/// Connections of clients: refused uploads, HTTP/1.0, status lines, upgrades.
mod client_connections;

/// Connections to backends that are used again, let go, or closed under a request.
mod kept_connections;

/// Backends behind TLS whose certificates a private authority has signed.
mod private_ca;

/// Everything that can break around the gateway, as a table, and `docs/faults.md`, which is made of it.
mod faults;

/// Input that is meant to do harm, byte by byte.
mod hostile;

/// The gate, active checks, and what they cost the store.
mod health;

/// `GET /health` and `GET /backends`.
mod endpoints;

/// One request to several backends, compared.
mod shootout;

/// The status page, and labels, in a real browser.
mod browser;

/// What other settings than the suite's show.
mod settings;

/// The component for plain WASI in `wasmtime serve`: its variables and its store.
mod plain_wasi;

/// The example backend on Bun and SQLite, end to end.
mod bun_sqlite;

/// The example backends, directly and through the gateway: one contract.
mod task_api;
