//! Several backends in one request, compared.

pub mod asked;
pub mod body;
mod document;
mod equality;
mod measure;
mod patch;
pub mod report;
pub mod tally;
pub mod verdict;
