//! Statuses of the gateway's own errors. Their type is what keeps the choice in one place: no other file can make one.

use http::StatusCode;

/// A status that the table of errors has chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorStatus(StatusCode);

impl ErrorStatus {
    pub(super) const BAD_REQUEST: Self = ErrorStatus(StatusCode::BAD_REQUEST);
    pub(super) const METHOD_NOT_ALLOWED: Self = ErrorStatus(StatusCode::METHOD_NOT_ALLOWED);
    pub(super) const CONFLICT: Self = ErrorStatus(StatusCode::CONFLICT);
    pub(super) const LENGTH_REQUIRED: Self = ErrorStatus(StatusCode::LENGTH_REQUIRED);
    pub(super) const HEADER_FIELDS_TOO_LARGE: Self = ErrorStatus(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    pub(super) const INTERNAL_SERVER_ERROR: Self = ErrorStatus(StatusCode::INTERNAL_SERVER_ERROR);
    pub(super) const NOT_IMPLEMENTED: Self = ErrorStatus(StatusCode::NOT_IMPLEMENTED);
    pub(super) const SERVICE_UNAVAILABLE: Self = ErrorStatus(StatusCode::SERVICE_UNAVAILABLE);
    pub(super) const GATEWAY_TIMEOUT: Self = ErrorStatus(StatusCode::GATEWAY_TIMEOUT);
    pub(super) const LOOP_DETECTED: Self = ErrorStatus(StatusCode::LOOP_DETECTED);

    /// The status as the client gets it; 400 or above.
    pub fn code(self) -> StatusCode {
        self.0
    }
}
