//! Ways in which the exchange with a backend can fail before its response head is there.

use crate::time::display_duration;
use std::fmt;
use std::time::Duration;

/// What went wrong between the gateway and a backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpstreamFailure {
    /// Nothing listens there, or the connection could not be made for another reason than time.
    ConnectionRefused,
    /// The connection broke before the response head.
    ConnectionTerminated,
    /// The connection was not made within this time.
    ConnectTimeout(Duration),
    /// The host name does not resolve.
    Dns,
    /// The TLS handshake failed.
    Tls,
    /// The backend's certificate was refused.
    TlsCertificate,
    /// What came back is no HTTP, or the connection closed without an answer.
    Protocol,
    /// The response head is larger than a host can hold.
    ResponseHeadTooLarge,
    /// The allowed-hosts policy forbids this URL.
    Denied {
        /// The URL's origin.
        origin: String,
    },
    /// The host has no connection left.
    ConnectionLimit,
    /// No response head within this time.
    ResponseTimeout(Duration),
    /// The upload made no progress for this time.
    UploadStalled(Duration),
    /// The backend is known to be down and is not tried before this time has passed.
    Gated {
        /// Until it is tried again.
        retry_after: Duration,
        /// Why it is down.
        reason: String,
    },
    /// A failure the host could not name; its own words.
    Host(String),
}

impl UpstreamFailure {
    /// The error type for `proxy-status` (RFC 9209 §2.3).
    pub fn proxy_error(&self) -> &'static str {
        match self {
            UpstreamFailure::ConnectionRefused => "connection_refused",
            UpstreamFailure::ConnectionTerminated => "connection_terminated",
            UpstreamFailure::ConnectTimeout(_) => "connection_timeout",
            UpstreamFailure::Dns => "dns_error",
            UpstreamFailure::Tls => "tls_protocol_error",
            UpstreamFailure::TlsCertificate => "tls_certificate_error",
            UpstreamFailure::Protocol => "http_protocol_error",
            UpstreamFailure::ResponseHeadTooLarge => "http_response_header_section_size",
            UpstreamFailure::Denied { .. } => "http_request_denied",
            UpstreamFailure::ConnectionLimit => "connection_limit_reached",
            UpstreamFailure::ResponseTimeout(_) => "http_response_timeout",
            UpstreamFailure::UploadStalled(_) => "connection_write_timeout",
            UpstreamFailure::Gated { .. } => "destination_unavailable",
            UpstreamFailure::Host(_) => "proxy_internal_error",
        }
    }

    /// Whether the failure came before anything was sent, so that trying again cannot repeat an effect.
    pub fn nothing_was_sent(&self) -> bool {
        matches!(
            self,
            UpstreamFailure::ConnectionRefused
                | UpstreamFailure::ConnectTimeout(_)
                | UpstreamFailure::Dns
                | UpstreamFailure::Tls
        )
    }

    /// Whether it ran out of time, which is a 504, rather than failed, which is a 503.
    pub fn is_timeout(&self) -> bool {
        matches!(
            self,
            UpstreamFailure::ConnectTimeout(_)
                | UpstreamFailure::ResponseTimeout(_)
                | UpstreamFailure::UploadStalled(_)
        )
    }
}

impl fmt::Display for UpstreamFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UpstreamFailure::ConnectionRefused => f.write_str("connection refused"),
            UpstreamFailure::ConnectionTerminated => f.write_str("connection closed before the response"),
            UpstreamFailure::ConnectTimeout(limit) => write!(f, "no connection within {}", display_duration(*limit)),
            UpstreamFailure::Dns => f.write_str("host name not found"),
            UpstreamFailure::Tls => f.write_str("TLS handshake failed"),
            UpstreamFailure::TlsCertificate => f.write_str("TLS certificate refused"),
            UpstreamFailure::Protocol => f.write_str("no valid HTTP response"),
            UpstreamFailure::ResponseHeadTooLarge => f.write_str("response headers too large"),
            UpstreamFailure::Denied { origin } => write!(f, "{origin} is not in allowed_outbound_hosts"),
            UpstreamFailure::ConnectionLimit => f.write_str("connection limit reached"),
            UpstreamFailure::ResponseTimeout(limit) => write!(f, "no response within {}", display_duration(*limit)),
            UpstreamFailure::UploadStalled(limit) => {
                write!(f, "upload without progress for {}", display_duration(*limit))
            }
            UpstreamFailure::Gated { retry_after, reason } => {
                write!(f, "known to be down ({reason}), next try in {}s", whole_seconds(*retry_after))
            }
            UpstreamFailure::Host(text) => f.write_str(text),
        }
    }
}

/// A wait in whole seconds, rounded up and at least one, as `retry-after` states it (RFC 9110 §10.2.3).
pub fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// Whether a request may be tried once more after `failure`: GET and HEAD without a body, and only when nothing was sent (design §1).
pub fn may_retry(method: &http::Method, has_body: bool, failure: &UpstreamFailure) -> bool {
    !has_body && matches!(*method, http::Method::GET | http::Method::HEAD) && failure.nothing_was_sent()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;

    #[test]
    fn only_safe_bodyless_requests_are_retried_and_only_before_sending() {
        let refused = UpstreamFailure::ConnectionRefused;
        assert!(may_retry(&Method::GET, false, &refused));
        assert!(may_retry(&Method::HEAD, false, &UpstreamFailure::Dns));
        assert!(!may_retry(&Method::GET, true, &refused), "has a body");
        assert!(!may_retry(&Method::POST, false, &refused), "not idempotent");
        assert!(!may_retry(&Method::GET, false, &UpstreamFailure::Protocol), "may have been sent");
        let late = UpstreamFailure::ResponseTimeout(Duration::from_secs(1));
        assert!(!may_retry(&Method::GET, false, &late), "was sent");
    }
}
