//! An answer of the gateway's own.

use crate::fields::Field;
use http::StatusCode;

/// An answer of the gateway's own: status, fields specific to it, JSON body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// Fields beside those that every response gets.
    pub fields: Vec<Field>,
    /// The body; `None` means no content.
    pub body: Option<String>,
}
