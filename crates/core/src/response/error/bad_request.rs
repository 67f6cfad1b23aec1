//! What clients do wrong.

use crate::config::SHOOTOUT;
use crate::limits::{MAX_COMPARED_BACKENDS, MAX_RUNS};
use thiserror::Error;

/// What is wrong with a request. Shown as the message for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadRequest {
    /// `*` with another method than OPTIONS.
    #[error("Only OPTIONS has the target '*'")]
    AsteriskTarget,
    /// A backend could read the path as one outside the base path of its URL.
    #[error("The path's '..' segments lead above the base path of the backend's URL")]
    LeavesBasePath,
    /// `content-length` is not a number, or contradicts itself.
    #[error("The request's content-length is not valid")]
    ContentLength,
    /// `x-backend` names more than can be compared.
    #[error("x-backend names too many backends: at most {MAX_COMPARED_BACKENDS} can be compared")]
    TooManyBackends,
    /// A comparison of requests that could write.
    #[error("Only GET and HEAD can go to several backends at once: anything else could be written several times")]
    ComparedMethod,
    /// A comparison of requests with a body.
    #[error("Only a request without a body can go to several backends at once")]
    ComparedBody,
    /// The number of rounds is not one.
    #[error("x-shootout-runs must be a number from 1 to {MAX_RUNS}")]
    Runs,
    /// The operator allows no comparison.
    #[error("Comparisons are switched off: the variable '{SHOOTOUT}' is 'off'")]
    ShootoutOff,
    /// A comparison of more exchanges than the operator allows.
    #[error(
        "{asked} exchanges are more than one comparison may have: the variable '{SHOOTOUT}' allows {limit}. Ask for fewer backends or rounds"
    )]
    TooManyExchanges {
        /// Rounds times backends.
        asked: usize,
        /// The most that are allowed.
        limit: usize,
    },
}
