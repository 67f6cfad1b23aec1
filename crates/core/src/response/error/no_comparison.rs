//! Why a comparison of all backends of a location does not come about.

use crate::backend::reference::BackendRef;
use thiserror::Error;

/// What keeps it from being made, though nothing is wrong with the request. Shown as the message for the client.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoComparison {
    /// Fewer than two are left.
    #[error("Fewer than two backends are left to compare: {reasons}")]
    TooFew {
        /// Which ones were left out, and why.
        reasons: String,
    },
    /// The one that the others are to be compared with does not take part.
    #[error("The reference '{backend}' does not take part: {reason}")]
    ReferenceLeftOut {
        /// The reference that was asked for.
        backend: BackendRef,
        /// Why it was left out.
        reason: String,
    },
}
