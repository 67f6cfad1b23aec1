//! Several backends in one request, compared: plain Rust, no IO, no clock, no knowledge of Spin or wasmtime.
//!
//! What is asked (`asked`, `ignore`, `exchange_limit`), in which order and for how long (`rounds`), what came back (`body`, `tally`), how the answers differ, and what
//! follows (`verdict`, `report`). The same code serves the component and the command line.

pub mod asked;
pub mod body;
pub mod exchange_limit;
pub mod fastest;
pub mod ignore;
mod judge;
mod measure;
pub mod report;
pub mod rounds;
pub mod tally;
pub mod verdict;
mod words;
