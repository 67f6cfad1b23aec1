//! What clients do wrong.

use crate::config::SHOOTOUT;
use crate::limits::{MAX_COMPARED_BACKENDS, MAX_RUNS, MAX_WARMUP};
use thiserror::Error;

/// The field that says how backends are asked; `comparison` reads it.
pub const X_SHOOTOUT_METHOD: &str = "x-shootout-method";

/// What is wrong with a request. Shown as the message for the client.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
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
    #[error("Only GET can go to several backends at once: anything else could be written several times")]
    ComparedMethod,
    /// A comparison asked for with HEAD, whose answer has no body for the report.
    #[error(
        "A comparison is asked for with GET, as its answer is the report; to ask the backends with HEAD, add the field {X_SHOOTOUT_METHOD}: HEAD"
    )]
    ComparedHead,
    /// A comparison of requests with a body.
    #[error("Only a request without a body can go to several backends at once")]
    ComparedBody,
    /// The number of rounds is not one.
    #[error("x-shootout-runs must be a number from 1 to {MAX_RUNS}")]
    Runs,
    /// The number of rounds before the measured ones is not one.
    #[error("x-shootout-warmup must be a number from 0 to {MAX_WARMUP}")]
    Warmup,
    /// Backends are not asked with this method.
    #[error("{X_SHOOTOUT_METHOD} must be GET or HEAD")]
    ShootoutMethod,
    /// A part that is not to be compared is not named in a way that is understood.
    #[error(
        "x-shootout-ignore: '{rule}' is not a JSON Pointer such as /0/id or /*/id, nor header:NAME; at most 64 of them, with commas between them"
    )]
    Ignore {
        /// What was asked for.
        rule: String,
    },
    /// The reference is none of the backends.
    #[error("x-shootout-reference must be one of the backends that are compared, not '{asked}'")]
    Reference {
        /// What was asked for.
        asked: String,
    },
    /// The operator allows no comparison.
    #[error("Comparisons are switched off: the variable '{SHOOTOUT}' is 'off'")]
    ShootoutOff,
    /// A comparison of more exchanges than the operator allows.
    #[error(
        "{asked} exchanges are more than one comparison may have: the variable '{SHOOTOUT}' allows {limit}. Ask for fewer backends or rounds"
    )]
    TooManyExchanges {
        /// Rounds, those before the measured ones too, times backends.
        asked: usize,
        /// The most that are allowed.
        limit: usize,
    },
}
