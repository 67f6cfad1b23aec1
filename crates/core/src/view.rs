//! A backend as `/backends` shows it, to programs as JSON and to people as a page.

use serde::Serialize;

/// One backend of a listing. The members are those of the JSON answer, in its order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BackendView {
    /// The id.
    pub id: String,
    /// The name, for people.
    pub name: String,
    /// The URL; in the cloud its origin only; `None` where it is malformed, because nobody knows what it holds.
    pub url: Option<String>,
    /// `healthy`, `unhealthy` or `unknown`.
    pub health: &'static str,
    /// When that was found out, as RFC 3339.
    pub last_check: Option<String>,
    /// How long the last successful check or answer took, in milliseconds.
    pub latency_ms: Option<f64>,
    /// `local` or `cloud`.
    pub location: &'static str,
    /// Why it is unhealthy, or what is wrong with its configuration.
    pub reason: Option<String>,
    /// The last latencies in milliseconds, oldest first, at most 20.
    pub latencies_ms: Vec<f64>,
}
