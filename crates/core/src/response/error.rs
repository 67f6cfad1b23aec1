//! Every answer the gateway gives instead of a backend's: one table from failure to reply.

pub mod bad_request;
pub mod error_status;
pub mod no_comparison;

use self::bad_request::BadRequest;
use self::error_status::ErrorStatus;
use self::no_comparison::NoComparison;
use super::cors::ALLOW_METHODS;
use super::proxy_status::proxy_status;
use super::reply::{ErrorBody, Reply};
use crate::backend::reference::{BackendRef, Location};
use crate::config::{ConfigError, LOCAL_BACKENDS};
use crate::failure::{UpstreamFailure, whole_seconds};
use crate::fields::field;
use crate::request::body::InvalidLength;
use crate::request::route::{OWN_METHODS, RouteError};
use crate::text::shorten;
use crate::time::display_duration;
use std::time::Duration;
use thiserror::Error;

/// Why a request gets no backend's answer. Shown as the short text of the log.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GatewayError {
    /// `x-backend` selects nothing that is configured.
    #[error("invalid backend")]
    InvalidBackend {
        /// What was asked for, as text.
        requested: String,
        /// The ids that are configured, sorted.
        configured: Vec<String>,
    },
    /// `x-backend-location` is neither of its two values.
    #[error("invalid backend location")]
    InvalidLocation {
        /// What was asked for, as text.
        requested: String,
    },
    /// A local backend, where none can be reached (see [`LocalBackends`](crate::request::local_backends::LocalBackends)).
    #[error("local backends not reachable")]
    LocalUnreachable,
    /// A method that the gateway's own endpoints do not have.
    #[error("method not allowed")]
    MethodNotAllowed {
        /// `/health` or `/backends`.
        path: &'static str,
    },
    /// TRACE, on any path.
    #[error("method not allowed")]
    TraceNotAllowed,
    /// CONNECT, which no backend of an HTTP gateway can serve.
    #[error("method not supported")]
    MethodNotSupported,
    /// The client wants to switch to another protocol.
    #[error("upgrade not supported")]
    UpgradeNotSupported,
    /// The request has passed this gateway before.
    #[error("loop detected")]
    Loop,
    /// The request's fields exceed what a host can hold.
    #[error("request headers too large")]
    RequestHeadTooLarge,
    /// A method whose body cannot be sent without its length came with a chunked body.
    #[error("length required")]
    LengthRequired,
    /// The request's body broke off, or was framed wrongly.
    #[error("request body broke off")]
    BrokenRequestBody,
    /// The request cannot be forwarded or compared as it is.
    #[error(transparent)]
    BadRequest(#[from] BadRequest),
    /// A configuration value cannot be used.
    #[error(transparent)]
    Configuration(#[from] ConfigError),
    /// Too few backends are left for a comparison of all, or the reference is not.
    #[error(transparent)]
    NoComparison(#[from] NoComparison),
    /// The time of the comparison was over before it was the backend's turn.
    #[error("not asked, as no time was left")]
    NoTimeLeft {
        /// The backend that was not asked.
        backend: BackendRef,
    },
    /// The backend did not finish its response; only where the gateway reads it whole.
    #[error("response not finished")]
    Unfinished {
        /// The backend that was asked.
        backend: BackendRef,
        /// The time limit it met; `None` where it broke off.
        limit: Option<Duration>,
    },
    /// The backend did not answer.
    #[error("{failure}")]
    Upstream {
        /// The backend that was, or would have been, asked.
        backend: BackendRef,
        /// What went wrong on the way to it.
        #[source]
        failure: UpstreamFailure,
    },
}

impl From<RouteError> for GatewayError {
    fn from(error: RouteError) -> Self {
        match error {
            RouteError::MethodNotAllowed { path } => GatewayError::MethodNotAllowed { path },
            RouteError::Trace => GatewayError::TraceNotAllowed,
            RouteError::Tunnel => GatewayError::MethodNotSupported,
            RouteError::AsteriskTarget => BadRequest::AsteriskTarget.into(),
        }
    }
}

impl From<InvalidLength> for GatewayError {
    fn from(InvalidLength: InvalidLength) -> Self {
        BadRequest::ContentLength.into()
    }
}

/// A row of the table: the status, the error type of `proxy-status` (RFC 9209 §2.3), and what the body calls it.
type Row = (ErrorStatus, &'static str, &'static str);

const UNAVAILABLE: &str = "Backend Unavailable";
const TIMEOUT: &str = "Gateway Timeout";

impl GatewayError {
    /// The row of this failure.
    fn row(&self) -> Row {
        use ErrorStatus as S;
        const REQUEST: &str = "http_request_error";
        match self {
            GatewayError::InvalidBackend { .. }
            | GatewayError::InvalidLocation { .. }
            | GatewayError::LocalUnreachable => (S::BAD_REQUEST, REQUEST, "Invalid Backend"),
            GatewayError::BrokenRequestBody | GatewayError::BadRequest(_) => (S::BAD_REQUEST, REQUEST, "Bad Request"),
            GatewayError::MethodNotAllowed { .. } | GatewayError::TraceNotAllowed => {
                (S::METHOD_NOT_ALLOWED, REQUEST, "Method Not Allowed")
            }
            GatewayError::LengthRequired => (S::LENGTH_REQUIRED, REQUEST, "Length Required"),
            GatewayError::RequestHeadTooLarge => {
                (S::HEADER_FIELDS_TOO_LARGE, REQUEST, "Request Header Fields Too Large")
            }
            GatewayError::MethodNotSupported => (S::NOT_IMPLEMENTED, REQUEST, "Method Not Supported"),
            GatewayError::UpgradeNotSupported => (S::NOT_IMPLEMENTED, REQUEST, "Upgrade Not Supported"),
            GatewayError::Configuration(_) => (S::INTERNAL_SERVER_ERROR, "proxy_configuration_error", "Gateway Error"),
            GatewayError::Loop => (S::LOOP_DETECTED, "proxy_loop_detected", "Loop Detected"),
            GatewayError::NoComparison(_) => (S::CONFLICT, "destination_unavailable", "Nothing To Compare"),
            GatewayError::NoTimeLeft { .. } | GatewayError::Unfinished { limit: Some(_), .. } => {
                (S::GATEWAY_TIMEOUT, "http_response_timeout", TIMEOUT)
            }
            GatewayError::Unfinished { limit: None, .. } => {
                (S::SERVICE_UNAVAILABLE, "http_response_incomplete", UNAVAILABLE)
            }
            GatewayError::Upstream { failure, .. } if failure.is_timeout() => {
                (S::GATEWAY_TIMEOUT, failure.proxy_error(), TIMEOUT)
            }
            GatewayError::Upstream { failure, .. } => (S::SERVICE_UNAVAILABLE, failure.proxy_error(), UNAVAILABLE),
        }
    }

    /// The status that the client gets.
    pub fn status(&self) -> ErrorStatus {
        self.row().0
    }

    /// The body of the reply.
    pub fn body(&self) -> ErrorBody {
        let mut body = ErrorBody { error: self.row().2.to_owned(), message: self.message(), ..ErrorBody::default() };
        match self {
            GatewayError::InvalidBackend { configured, .. } => body.valid_backends = Some(configured.clone()),
            GatewayError::InvalidLocation { .. } => {
                body.valid_locations = Some(vec![Location::Cloud, Location::Local]);
            }
            GatewayError::LocalUnreachable => body.valid_locations = Some(vec![Location::Cloud]),
            GatewayError::Upstream { backend, failure } => {
                body.backend = Some(backend.id.clone());
                body.reason = Some(match failure {
                    UpstreamFailure::Gated { reason, .. } => reason.clone(),
                    _ => failure.to_string(),
                });
            }
            GatewayError::Unfinished { backend, .. } | GatewayError::NoTimeLeft { backend } => {
                body.backend = Some(backend.id.clone());
            }
            _ => {}
        }
        body
    }

    /// The reply to the client.
    pub fn reply(&self) -> Reply {
        let (status, proxy_error, _) = self.row();
        let body = self.body();
        let details = match self {
            GatewayError::InvalidBackend { .. } => "no such backend",
            GatewayError::InvalidLocation { .. } => "no such backend location",
            GatewayError::Upstream { failure, .. } => &failure.to_string(),
            _ => &body.message,
        };
        let mut reply = Reply::error(status, &body);
        reply.fields.push(field("proxy-status", proxy_status(proxy_error, details)));
        match self {
            GatewayError::MethodNotAllowed { .. } => reply.fields.push(field("allow", OWN_METHODS)),
            GatewayError::TraceNotAllowed => reply.fields.push(field("allow", ALLOW_METHODS)),
            GatewayError::Upstream { failure: UpstreamFailure::Gated { retry_after, .. }, .. } => {
                reply.fields.push(field("retry-after", whole_seconds(*retry_after).to_string()));
            }
            _ => {}
        }
        reply
    }

    /// What the client is told.
    fn message(&self) -> String {
        match self {
            GatewayError::InvalidBackend { requested, .. } => {
                format!("Backend '{}' is not configured", shorten(requested, MAX_REPEATED))
            }
            GatewayError::InvalidLocation { requested } => format!(
                "Backend location '{}' is not valid: x-backend-location must be 'local' or 'cloud'",
                shorten(requested, MAX_REPEATED)
            ),
            GatewayError::LocalUnreachable => format!(
                "Local backends cannot be reached through this gateway; where that is meant to be, set the variable '{LOCAL_BACKENDS}' to 'on'"
            ),
            GatewayError::MethodNotAllowed { path } => RouteError::MethodNotAllowed { path }.to_string(),
            GatewayError::TraceNotAllowed => RouteError::Trace.to_string(),
            GatewayError::MethodNotSupported => RouteError::Tunnel.to_string(),
            GatewayError::UpgradeNotSupported => {
                "The gateway cannot switch protocols: WASI HTTP has no upgrades. Open WebSockets to the backend itself"
                    .into()
            }
            GatewayError::Loop => {
                "The request has passed this gateway before: a backend's URL points back at the gateway".into()
            }
            GatewayError::RequestHeadTooLarge => {
                "The request's header fields are larger than the gateway can forward (about 128 KiB)".into()
            }
            GatewayError::LengthRequired => "A GET or HEAD request with a body needs a content-length".into(),
            GatewayError::BrokenRequestBody => "The request body ended early or is framed wrongly".into(),
            GatewayError::BadRequest(reason) => reason.to_string(),
            GatewayError::Configuration(error) => format!("The gateway is misconfigured: {error}"),
            GatewayError::NoComparison(reason) => reason.to_string(),
            GatewayError::NoTimeLeft { backend } => {
                format!("The comparison had no time left to ask the backend '{}'", backend.id)
            }
            GatewayError::Unfinished { limit: Some(limit), .. } => {
                format!("Backend did not finish its response within {}", display_duration(*limit))
            }
            GatewayError::Unfinished { backend, limit: None } => {
                format!("The requested backend '{}' broke off its response", backend.id)
            }
            GatewayError::Upstream { backend, failure } => upstream_message(backend, failure),
        }
    }
}

fn upstream_message(backend: &BackendRef, failure: &UpstreamFailure) -> String {
    let not_responding = format!("The requested backend '{}' is not responding", backend.id);
    match failure {
        UpstreamFailure::Denied { origin } => {
            let cloud_hosts = match backend.location {
                Location::Local => "",
                Location::Cloud => ", which takes the hosts of cloud backends from the variable 'cloud_hosts'",
            };
            format!(
                "{not_responding}: {origin} is denied by the allowed-hosts policy, see 'allowed_outbound_hosts' in spin.toml{cloud_hosts}"
            )
        }
        UpstreamFailure::ResponseTimeout(limit) => {
            format!("Backend did not respond within {}", display_duration(*limit))
        }
        UpstreamFailure::ConnectTimeout(limit) => {
            format!("Backend did not accept a connection within {}", display_duration(*limit))
        }
        UpstreamFailure::DnsTimeout(limit) => {
            format!("Backend did not respond: its host name was not resolved within {}", display_duration(*limit))
        }
        UpstreamFailure::UploadStalled(limit) => {
            format!("Backend did not respond: the upload made no progress within {}", display_duration(*limit))
        }
        _ => not_responding,
    }
}

/// The most characters of a client's value that an error message, or the log, repeats.
pub const MAX_REPEATED: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::last_str;

    fn check(error: GatewayError, status: u16, body: &str, proxy_error: &str) {
        let reply = error.reply();
        assert_eq!(reply.status().as_u16(), status, "{error:?}");
        assert_eq!(reply.body, body, "{error:?}");
        assert_eq!(last_str(&reply.fields, "cache-control"), Some("no-store"));
        assert_eq!(last_str(&reply.fields, "content-type"), Some("application/json"));
        let shown = last_str(&reply.fields, "proxy-status").unwrap();
        assert!(shown.starts_with(&format!("backend-shootout-gateway; error={proxy_error};")), "{shown}");
    }

    fn upstream(failure: UpstreamFailure) -> GatewayError {
        GatewayError::Upstream { backend: BackendRef::new("ruby-rails", Location::Local), failure }
    }

    #[test]
    fn the_table() {
        check(
            GatewayError::InvalidBackend { requested: "x".into(), configured: vec!["a".into(), "b".into()] },
            400,
            r#"{"error":"Invalid Backend","message":"Backend 'x' is not configured","valid_backends":["a","b"]}"#,
            "http_request_error",
        );
        check(
            upstream(UpstreamFailure::ConnectionRefused),
            503,
            r#"{"error":"Backend Unavailable","message":"The requested backend 'ruby-rails' is not responding","backend":"ruby-rails","reason":"connection refused"}"#,
            "connection_refused",
        );
        check(
            upstream(UpstreamFailure::ResponseTimeout(Duration::from_secs(30))),
            504,
            r#"{"error":"Gateway Timeout","message":"Backend did not respond within 30s","backend":"ruby-rails","reason":"no response within 30s"}"#,
            "http_response_timeout",
        );
        let gated =
            UpstreamFailure::Gated { retry_after: Duration::from_millis(1_200), reason: "connection refused".into() };
        assert_eq!(last_str(&upstream(gated.clone()).reply().fields, "retry-after"), Some("2"));
        check(
            upstream(gated),
            503,
            r#"{"error":"Backend Unavailable","message":"The requested backend 'ruby-rails' is not responding","backend":"ruby-rails","reason":"connection refused"}"#,
            "destination_unavailable",
        );
        check(
            GatewayError::Configuration(ConfigError::variable("backend_cf_d1_url", "must name a host")),
            500,
            r#"{"error":"Gateway Error","message":"The gateway is misconfigured: variable 'backend_cf_d1_url' must name a host"}"#,
            "proxy_configuration_error",
        );
        check(
            GatewayError::UpgradeNotSupported,
            501,
            r#"{"error":"Upgrade Not Supported","message":"The gateway cannot switch protocols: WASI HTTP has no upgrades. Open WebSockets to the backend itself"}"#,
            "http_request_error",
        );
        let backend = BackendRef::new("ruby-rails", Location::Local);
        check(
            NoComparison::ReferenceLeftOut { backend: backend.clone(), reason: "known to be down".into() }.into(),
            409,
            r#"{"error":"Nothing To Compare","message":"The reference 'ruby-rails@local' does not take part: known to be down"}"#,
            "destination_unavailable",
        );
        check(
            GatewayError::NoTimeLeft { backend },
            504,
            r#"{"error":"Gateway Timeout","message":"The comparison had no time left to ask the backend 'ruby-rails'","backend":"ruby-rails"}"#,
            "http_response_timeout",
        );
        check(
            GatewayError::Loop,
            508,
            r#"{"error":"Loop Detected","message":"The request has passed this gateway before: a backend's URL points back at the gateway"}"#,
            "proxy_loop_detected",
        );
    }

    #[test]
    fn a_denied_host_is_named_with_the_setting() {
        let denied = |location| {
            GatewayError::Upstream {
                backend: BackendRef::new("x", location),
                failure: UpstreamFailure::Denied { origin: "http://h:1".into() },
            }
            .reply()
            .body
        };
        assert!(
            denied(Location::Local)
                .contains("http://h:1 is denied by the allowed-hosts policy, see 'allowed_outbound_hosts'")
        );
        assert!(denied(Location::Cloud).contains("cloud_hosts"));
    }

    #[test]
    fn an_invalid_location_says_which_two_are_valid() {
        let body = GatewayError::InvalidLocation { requested: "moon".into() }.reply().body;
        assert!(body.contains("'moon'") && body.contains("'local' or 'cloud'"), "{body}");
    }

    #[test]
    fn hostile_text_stays_inside_its_quotes() {
        let requested = format!("\"}}\\\u{e9}{}", "x".repeat(5_000));
        let reply = GatewayError::InvalidBackend { requested, configured: vec![] }.reply();
        let body: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
        assert!(body["message"].as_str().unwrap().len() < 200);
    }
}
