//! Several backends in one request, compared: plain Rust, no IO, no clock, no knowledge of Spin or wasmtime.
//!
//! What is asked (`asked`, `ignore`, `exchange_limit`), in which order and for how long (`rounds`), what came back (`body`, `tally`), how the answers differ, and what
//! follows (`verdict`, `report`). The same code serves the component and the command line.
//!
//! What the component calls is not inlined (`inline(never)`): there it would be compiled with the optimisation of the caller, 5 KB larger.

mod alignment;
pub mod asked;
pub mod body;
mod content;
mod differ;
pub mod exchange_limit;
pub mod fastest;
mod gzip;
mod headers;
pub mod ignore;
mod json;
mod judge;
mod measure;
mod patch;
pub mod report;
pub mod rounds;
mod sorted;
pub mod tally;
mod varying;
pub mod verdict;
mod words;
