//! Builds the gateway component, for `cargo up`, the tests, the benchmarks and the container image alike.
//!
//! ```text
//! component   the one cargo call that makes gateway.wasm, for Spin or for plain WASI
//!   target    is the wasm32-wasip2 target there? if not: rustup, else the fallback, under a lock
//!     stdlib    the fallback: the target from sources, made beside its destination, checked, renamed in
//!       debian    where the sources come from: two packages of the machine's own Debian mirror
//!         sources   which mirror that is: the machine's apt configuration, read and never changed
//!     toolchain what rustc says about itself
//! command     runs one program with a time limit and keeps what it said
//! error       what failed, in which command, and what to do about it
//! ```
//!
//! In scope: one target, for the `rustc` on the path. Out of scope: installing Rust itself, other targets, the system's packages.
//! No dependencies: this crate is compiled before anything else can be.

mod command;
mod component;
mod debian;
mod error;
mod sources;
mod stdlib;
mod target;
mod toolchain;

pub use component::{build_component, build_plain_component};
pub use error::{BuildError, Failure};
pub use target::ensure_target;
