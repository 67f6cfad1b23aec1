//! Every answer the gateway gives instead of a backend's: one table from failure to reply. No other file chooses a status.

use crate::GATEWAY_NAME;
use crate::backend::reference::Location;
use crate::config::ConfigError;
use crate::failure::{UpstreamFailure, whole_seconds};
use crate::fields::field;
use crate::json::Json;
use crate::response::reply::Reply;
use crate::text::shorten;
use crate::time::display_duration;
use http::StatusCode;
use std::time::Duration;

/// Why a request gets no backend's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayError {
    /// `x-backend` selects nothing.
    InvalidBackend {
        /// What was asked for, as text.
        requested: String,
        /// The ids that are configured, sorted.
        configured: Vec<String>,
    },
    /// `x-backend-location` is neither of its two values.
    InvalidLocation {
        /// What was asked for, as text.
        requested: String,
    },
    /// A method that the gateway's own endpoints do not have.
    MethodNotAllowed {
        /// The endpoint's path.
        path: &'static str,
    },
    /// CONNECT, which no backend of an HTTP gateway can serve.
    MethodNotSupported,
    /// The request has passed this gateway before.
    Loop,
    /// The request's fields exceed what a host can hold.
    RequestHeadTooLarge,
    /// A method whose body cannot be sent without its length came with a chunked body.
    LengthRequired,
    /// The request's body broke off, or was framed wrongly.
    BrokenRequestBody,
    /// The request's target or framing cannot be forwarded.
    BadRequest(&'static str),
    /// A configuration value cannot be used.
    Configuration(ConfigError),
    /// No backend is left for a shootout of all.
    NoneToCompare {
        /// Which ones were left out, and why.
        reasons: String,
    },
    /// The backend did not finish its response; only where the gateway reads it whole.
    Unfinished {
        /// Its id.
        backend: String,
        /// The time limit it met; `None` where it broke off.
        limit: Option<Duration>,
    },
    /// The backend did not answer.
    Upstream {
        /// Its id.
        backend: String,
        /// The registry it came from.
        location: Location,
        /// What went wrong.
        failure: UpstreamFailure,
    },
}

impl From<ConfigError> for GatewayError {
    fn from(error: ConfigError) -> Self {
        GatewayError::Configuration(error)
    }
}

/// The body of an error. Members that are `None` are left out.
#[derive(Default)]
struct ErrorBody<'a> {
    error: &'a str,
    message: String,
    backend: Option<&'a str>,
    valid_backends: Option<&'a [String]>,
    valid_locations: Option<[&'a str; 2]>,
}

impl ErrorBody<'_> {
    fn to_json(&self) -> String {
        let mut json = Json::with_capacity(256);
        json.open('{');
        json.name("error").text(Some(self.error));
        json.name("message").text(Some(&self.message));
        if self.backend.is_some() {
            json.name("backend").text(self.backend);
        }
        if let Some(ids) = self.valid_backends {
            json.name("valid_backends").texts(ids.iter().map(String::as_str));
        }
        if let Some(locations) = self.valid_locations {
            json.name("valid_locations").texts(locations);
        }
        json.close('}');
        json.finish()
    }
}

impl GatewayError {
    /// The reply of the table in design §1, Errors.
    pub fn reply(&self) -> Reply {
        use StatusCode as S;
        match self {
            GatewayError::InvalidBackend { requested, configured } => build(
                S::BAD_REQUEST,
                "http_request_error",
                "no such backend",
                ErrorBody {
                    error: "Invalid Backend",
                    message: format!("Backend '{}' is not configured", shorten(requested, MOST_REPEATED)),
                    valid_backends: Some(configured),
                    ..ErrorBody::default()
                },
            ),
            GatewayError::InvalidLocation { requested } => build(
                S::BAD_REQUEST,
                "http_request_error",
                "no such backend location",
                ErrorBody {
                    error: "Invalid Backend",
                    message: format!(
                        "Backend location '{}' is not valid: x-backend-location must be 'local' or 'cloud'",
                        shorten(requested, MOST_REPEATED)
                    ),
                    valid_locations: Some(["cloud", "local"]),
                    ..ErrorBody::default()
                },
            ),
            GatewayError::MethodNotAllowed { path } => {
                let mut reply = plain(
                    S::METHOD_NOT_ALLOWED,
                    "http_request_error",
                    "Method Not Allowed",
                    format!("{path} is answered by the gateway itself and has GET, HEAD and OPTIONS only"),
                );
                reply.fields.push(field("allow", "GET, HEAD, OPTIONS"));
                reply
            }
            GatewayError::MethodNotSupported => plain(
                S::NOT_IMPLEMENTED,
                "http_request_error",
                "Method Not Supported",
                "The gateway does not open tunnels: CONNECT is not supported".into(),
            ),
            GatewayError::Loop => plain(
                S::LOOP_DETECTED,
                "proxy_loop_detected",
                "Loop Detected",
                "The request has passed this gateway before: a backend's URL points back at the gateway".into(),
            ),
            GatewayError::RequestHeadTooLarge => plain(
                S::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "http_request_error",
                "Request Header Fields Too Large",
                "The request's header fields are larger than the gateway can forward (about 128 KiB)".into(),
            ),
            GatewayError::LengthRequired => plain(
                S::LENGTH_REQUIRED,
                "http_request_error",
                "Length Required",
                "A GET or HEAD request with a body needs a content-length".into(),
            ),
            GatewayError::BrokenRequestBody => plain(
                S::BAD_REQUEST,
                "http_request_error",
                "Bad Request",
                "The request body ended early or is framed wrongly".into(),
            ),
            GatewayError::BadRequest(reason) => {
                plain(S::BAD_REQUEST, "http_request_error", "Bad Request", (*reason).into())
            }
            GatewayError::Configuration(error) => plain(
                S::INTERNAL_SERVER_ERROR,
                "proxy_configuration_error",
                "Gateway Error",
                format!("The gateway is misconfigured: {error}"),
            ),
            GatewayError::NoneToCompare { reasons } => plain(
                S::SERVICE_UNAVAILABLE,
                "destination_unavailable",
                "Backend Unavailable",
                format!("No backend is left to compare: {reasons}"),
            ),
            GatewayError::Unfinished { backend, limit: Some(limit) } => unfinished(
                S::GATEWAY_TIMEOUT,
                "http_response_timeout",
                "Gateway Timeout",
                backend,
                format!("Backend did not finish its response within {}", display_duration(*limit)),
            ),
            GatewayError::Unfinished { backend, limit: None } => unfinished(
                S::SERVICE_UNAVAILABLE,
                "http_response_incomplete",
                "Backend Unavailable",
                backend,
                format!("The requested backend '{backend}' broke off its response"),
            ),
            GatewayError::Upstream { backend, location, failure } => {
                let (status, error) = if failure.is_timeout() {
                    (S::GATEWAY_TIMEOUT, "Gateway Timeout")
                } else {
                    (S::SERVICE_UNAVAILABLE, "Backend Unavailable")
                };
                let mut reply = build(
                    status,
                    failure.proxy_error(),
                    &failure.to_string(),
                    ErrorBody {
                        error,
                        message: upstream_message(backend, *location, failure),
                        backend: Some(backend),
                        ..ErrorBody::default()
                    },
                );
                if let UpstreamFailure::Gated { retry_after, .. } = failure {
                    reply.fields.push(field("retry-after", whole_seconds(*retry_after).to_string()));
                }
                reply
            }
        }
    }

    /// The reply as a JSON object, for a row of a shootout: its status, the reason as the log has it, and what its body says.
    pub fn brief(&self) -> String {
        let Reply { status, body, .. } = self.reply();
        let mut json = Json::default();
        json.open('{');
        json.name("status").raw(status.as_str());
        json.name("reason").text(Some(&self.log_text()));
        json.raw(body.as_deref().and_then(|body| body.strip_prefix('{')).unwrap_or("}"));
        json.finish()
    }

    /// A short text for the log.
    pub fn log_text(&self) -> String {
        match self {
            GatewayError::NoneToCompare { .. } => "no backend left to compare".into(),
            GatewayError::Unfinished { .. } => "response not finished".into(),
            GatewayError::Upstream { failure, .. } => failure.to_string(),
            GatewayError::Configuration(error) => error.to_string(),
            GatewayError::InvalidBackend { .. } => "invalid backend".into(),
            GatewayError::InvalidLocation { .. } => "invalid backend location".into(),
            GatewayError::MethodNotAllowed { .. } => "method not allowed".into(),
            GatewayError::MethodNotSupported => "method not supported".into(),
            GatewayError::Loop => "loop detected".into(),
            GatewayError::RequestHeadTooLarge => "request headers too large".into(),
            GatewayError::LengthRequired => "length required".into(),
            GatewayError::BrokenRequestBody => "request body broke off".into(),
            GatewayError::BadRequest(reason) => (*reason).into(),
        }
    }
}

fn upstream_message(backend: &str, location: Location, failure: &UpstreamFailure) -> String {
    match failure {
        UpstreamFailure::Denied { origin } => {
            let setting = match location {
                Location::Local => "'allowed_outbound_hosts' in spin.toml",
                Location::Cloud => {
                    "'allowed_outbound_hosts' in spin.toml, which takes the hosts of cloud backends from the variable 'cloud_hosts'"
                }
            };
            format!(
                "The requested backend '{backend}' is not responding: {origin} is denied by the allowed-hosts policy, see {setting}"
            )
        }
        UpstreamFailure::ResponseTimeout(limit) => {
            format!("Backend did not respond within {}", display_duration(*limit))
        }
        UpstreamFailure::ConnectTimeout(limit) => {
            format!("Backend did not accept a connection within {}", display_duration(*limit))
        }
        UpstreamFailure::UploadStalled(limit) => {
            format!("Backend did not respond: the upload made no progress within {}", display_duration(*limit))
        }
        _ => format!("The requested backend '{backend}' is not responding"),
    }
}

fn unfinished(status: StatusCode, proxy_error: &str, error: &str, backend: &str, message: String) -> Reply {
    let details = message.clone();
    build(status, proxy_error, &details, ErrorBody { error, message, backend: Some(backend), ..ErrorBody::default() })
}

fn plain(status: StatusCode, proxy_error: &str, error: &str, message: String) -> Reply {
    let details = message.clone();
    build(status, proxy_error, &details, ErrorBody { error, message, ..ErrorBody::default() })
}

fn build(status: StatusCode, proxy_error: &str, details: &str, body: ErrorBody<'_>) -> Reply {
    Reply {
        status,
        fields: vec![
            field("content-type", "application/json"),
            field("cache-control", "no-store"),
            field("proxy-status", proxy_status(proxy_error, details)),
        ],
        body: Some(body.to_json()),
    }
}

/// A `proxy-status` value (RFC 9209 §2) with `details` as a structured-field string (RFC 8941 §3.3.3).
///
/// Configuration can be of any length, and a response whose fields are too large would trap the component; the body has the whole text.
fn proxy_status(error: &str, details: &str) -> String {
    const MOST: usize = 1_024;
    let mut value = format!("{GATEWAY_NAME}; error={error}; details=\"");
    for c in details.chars().take(MOST) {
        match c {
            '"' | '\\' => value.extend(['\\', c]),
            ' '..='~' => value.push(c),
            _ => value.push('?'),
        }
    }
    value.push('"');
    value
}

/// The most characters of a value that an error message repeats to the client.
const MOST_REPEATED: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::last_str;

    fn check(error: GatewayError, status: u16, body: &str, proxy_error: &str) {
        let reply = error.reply();
        assert_eq!(reply.status.as_u16(), status, "{error:?}");
        assert_eq!(reply.body.as_deref(), Some(body), "{error:?}");
        assert_eq!(last_str(&reply.fields, "cache-control"), Some("no-store"));
        assert_eq!(last_str(&reply.fields, "content-type"), Some("application/json"));
        let shown = last_str(&reply.fields, "proxy-status").unwrap();
        assert!(shown.starts_with(&format!("backend-shootout-gateway; error={proxy_error};")), "{shown}");
    }

    fn upstream(failure: UpstreamFailure) -> GatewayError {
        GatewayError::Upstream { backend: "ruby-rails".into(), location: Location::Local, failure }
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
            r#"{"error":"Backend Unavailable","message":"The requested backend 'ruby-rails' is not responding","backend":"ruby-rails"}"#,
            "connection_refused",
        );
        check(
            upstream(UpstreamFailure::ResponseTimeout(Duration::from_secs(30))),
            504,
            r#"{"error":"Gateway Timeout","message":"Backend did not respond within 30s","backend":"ruby-rails"}"#,
            "http_response_timeout",
        );
        let gated =
            UpstreamFailure::Gated { retry_after: Duration::from_millis(1_200), reason: "connection refused".into() };
        assert_eq!(last_str(&upstream(gated.clone()).reply().fields, "retry-after"), Some("2"));
        check(
            upstream(gated),
            503,
            r#"{"error":"Backend Unavailable","message":"The requested backend 'ruby-rails' is not responding","backend":"ruby-rails"}"#,
            "destination_unavailable",
        );
        check(
            GatewayError::Configuration(ConfigError::variable("backend_cf_d1_url", "must name a host")),
            500,
            r#"{"error":"Gateway Error","message":"The gateway is misconfigured: variable 'backend_cf_d1_url' must name a host"}"#,
            "proxy_configuration_error",
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
                backend: "x".into(),
                location,
                failure: UpstreamFailure::Denied { origin: "http://h:1".into() },
            }
            .reply()
            .body
            .unwrap()
        };
        assert!(
            denied(Location::Local)
                .contains("http://h:1 is denied by the allowed-hosts policy, see 'allowed_outbound_hosts'")
        );
        assert!(denied(Location::Cloud).contains("cloud_hosts"));
    }

    #[test]
    fn an_invalid_location_says_which_two_are_valid() {
        let body = GatewayError::InvalidLocation { requested: "moon".into() }.reply().body.unwrap();
        assert!(body.contains("'moon'") && body.contains("'local' or 'cloud'"), "{body}");
    }

    #[test]
    fn hostile_text_stays_inside_its_quotes() {
        let requested = format!("\"}}\\\u{e9}{}", "x".repeat(5_000));
        let reply = GatewayError::InvalidBackend { requested, configured: vec![] }.reply();
        let body: serde_json::Value = serde_json::from_str(&reply.body.unwrap()).unwrap();
        assert!(body["message"].as_str().unwrap().len() < 200);
        assert_eq!(
            proxy_status("e", "a\"b\\c\r\n\u{e9}"),
            "backend-shootout-gateway; error=e; details=\"a\\\"b\\\\c???\""
        );
        assert!(proxy_status("e", &"\\".repeat(200_000)).len() < 2_200);
    }
}
