//! Builds the gateway component, for `cargo up`, the tests, the benchmarks and the container image alike.
//!
//! ```text
//! component            the one cargo call that makes gateway.wasm, for Spin or for plain WASI
//!   target             is the wasm32-wasip2 target there?
//!     install-target.sh  if not: with rustup, else from Debian's packages
//! error                what failed, and what to do about it
//! ```
//!
//! In scope: one target, for the `rustc` in use. Out of scope: installing Rust itself, other targets, the system's packages.

mod component;
mod error;
mod target;

pub use component::{build_component, build_plain_component};
pub use error::BuildError;
