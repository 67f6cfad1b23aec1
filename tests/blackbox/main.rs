//! The black-box suite: what a client and a backend see of the gateway, over real sockets, through the built component.
//!
//! Without `GATEWAY_URL` it builds the component and starts it in the embedded host, in this process. With `GATEWAY_URL` it runs against
//! whatever answers there (Spin, another wasmtime host), and prints the variables and key-value entries that gateway has to be started with.
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

/// Bodies in both directions: framing, streaming, truncation.
mod bodies;

/// Cross-origin resource sharing.
mod cors;

/// Every row of the error table.
mod errors;

/// Deadlines, stalls and the one retry.
mod deadline;

/// The gate, active checks, and what they cost the store.
mod health;

/// `GET /health` and `GET /backends`.
mod endpoints;

/// The status page in a real browser.
mod browser;

/// What only the embedded host can show: its log lines, limits and counters.
mod embedded;

/// The example backend on Bun and SQLite, end to end.
mod bun_sqlite;

/// Both example backends, directly and through the gateway: one contract.
mod task_api;
