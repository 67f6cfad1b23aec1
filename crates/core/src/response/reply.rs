//! An answer of the gateway's own.

use super::error::error_status::ErrorStatus;
use crate::backend::reference::Location;
use crate::fields::{Field, field};
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// An answer of the gateway's own: status, fields specific to it, body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    status: StatusCode,
    /// Fields beside those that every response gets.
    pub fields: Vec<Field>,
    /// The body; never sent with HEAD.
    pub body: String,
}

/// The body of an error. Members that are `None` are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ErrorBody {
    /// What kind of error it is, in the words of the status.
    pub error: String,
    /// What happened, and what to do about it.
    pub message: String,
    /// The backend that the request was meant for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<String>,
    /// Why the backend gave no answer, in the words of `/backends`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The ids that `x-backend` may name, sorted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_backends: Option<Vec<String>>,
    /// The values that `x-backend-location` may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_locations: Option<Vec<Location>>,
}

impl Reply {
    /// A 200 with a body that is not to be stored.
    pub fn ok(content_type: &str, body: String) -> Self {
        let fields = vec![field("content-type", content_type), field("cache-control", "no-store")];
        Reply { status: StatusCode::OK, fields, body }
    }

    /// A 200 in JSON.
    pub fn json(value: &impl Serialize) -> Self {
        Reply::ok("application/json", to_json(value))
    }

    /// An error in JSON.
    pub fn error(status: ErrorStatus, body: &ErrorBody) -> Self {
        Reply { status: status.code(), ..Reply::json(body) }
    }

    /// The status: 200, or one of the table of errors.
    pub fn status(&self) -> StatusCode {
        self.status
    }
}

/// The types of answers hold texts, numbers and lists, none of which can fail to be written.
fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
