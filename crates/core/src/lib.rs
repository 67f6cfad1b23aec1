//! The gateway's decisions, as plain Rust: no IO, no clock, no randomness, no knowledge of Spin or wasmtime.
//!
//! Whatever a decision needs (time, configuration values, random bits) is an argument; whatever it decides is a value. The component
//! in `src/` performs it. The modules follow the path of a request:
//!
//! ```text
//! request ── route ── registry (local | cloud) ── headers, forwarded ──► backend
//!              │            │                                              │
//!              ▼            ▼                                              ▼
//!          endpoints      error ◄─────────────── failure ──────────── response, cors ──► client
//!                                                                                  log
//! ```
//!
//! In scope: which backend, which headers, which answer, where the component may connect to. Out of scope: sockets, storage, and bytes of bodies.

pub mod authority;
pub mod backend;
pub mod config;
pub mod failure;
pub mod fields;
pub mod file_name;
pub mod health;
pub mod limits;
pub mod network;
pub mod request;
pub mod response;
pub mod status;
pub mod target;
pub mod text;
pub mod time;

/// The gateway's name in `via` and `proxy-status`, and the mark by which it recognises a loop.
pub const GATEWAY_NAME: &str = "backend-shootout-gateway";

/// The component's version, shown by `GET /health`.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
