//! Ways in which the exchange with a backend can fail before its response head is there.

use crate::time::display_duration;
use std::time::Duration;
use thiserror::Error;

/// What went wrong between the gateway and a backend.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UpstreamFailure {
    /// Nothing listens there, or the connection could not be made for another reason than time.
    #[error("connection refused")]
    ConnectionRefused,
    /// The connection broke before the response head.
    #[error("connection closed before the response")]
    ConnectionTerminated,
    /// The connection was not made within this time.
    #[error("no connection within {}", display_duration(*.0))]
    ConnectTimeout(Duration),
    /// The host name does not resolve.
    #[error("host name not found")]
    Dns,
    /// The host name did not resolve within this time.
    #[error("host name not resolved within {}", display_duration(*.0))]
    DnsTimeout(Duration),
    /// The TLS handshake failed.
    #[error("TLS handshake failed")]
    Tls,
    /// The backend's certificate was refused.
    #[error("TLS certificate refused")]
    TlsCertificate,
    /// An answer began, and is not valid HTTP.
    #[error("no valid HTTP response")]
    Protocol,
    /// The connection closed without an answer, or what came back is not HTTP: most hosts do not tell which.
    #[error("no valid HTTP response")]
    Unanswered,
    /// The response head is larger than a host can hold.
    #[error("response headers too large")]
    ResponseHeadTooLarge,
    /// The allowed-hosts policy forbids this URL.
    #[error("{origin} is not in allowed_outbound_hosts")]
    Denied {
        /// The URL's origin.
        origin: String,
    },
    /// The host has no connection left.
    #[error("connection limit reached")]
    ConnectionLimit,
    /// No response head within this time.
    #[error("no response within {}", display_duration(*.0))]
    ResponseTimeout(Duration),
    /// The upload made no progress for this time.
    #[error("upload without progress for {}", display_duration(*.0))]
    UploadStalled(Duration),
    /// The backend is known to be down and is not tried before this time has passed.
    #[error("known to be down ({reason}), next try in {}s", whole_seconds(*retry_after))]
    Gated {
        /// Until it is tried again.
        retry_after: Duration,
        /// Why it is down.
        reason: String,
    },
    /// A failure the host could not name; its own words.
    #[error("{0}")]
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
            UpstreamFailure::DnsTimeout(_) => "dns_timeout",
            UpstreamFailure::Tls => "tls_protocol_error",
            UpstreamFailure::TlsCertificate => "tls_certificate_error",
            UpstreamFailure::Protocol | UpstreamFailure::Unanswered => "http_protocol_error",
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
                | UpstreamFailure::DnsTimeout(_)
                | UpstreamFailure::ResponseTimeout(_)
                | UpstreamFailure::UploadStalled(_)
        )
    }
}

/// A wait in whole seconds, rounded up and at least one, as `retry-after` states it (RFC 9110 §10.2.3).
pub fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// Whether a request may be sent a second time after `failure`: GET and HEAD without a body, where the connection failed or ended before an answer
/// began. So it is when a server closes a kept connection just as the next request arrives. Never after a timeout: the time of the client is over.
pub fn may_retry(method: &http::Method, has_body: bool, failure: &UpstreamFailure) -> bool {
    let no_answer_began = matches!(failure, UpstreamFailure::ConnectionTerminated | UpstreamFailure::Unanswered);
    !has_body
        && matches!(*method, http::Method::GET | http::Method::HEAD)
        && !failure.is_timeout()
        && (failure.nothing_was_sent() || no_answer_began)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;

    #[test]
    fn only_safe_bodyless_requests_are_retried_and_only_before_an_answer_began() {
        let refused = UpstreamFailure::ConnectionRefused;
        assert!(may_retry(&Method::GET, false, &refused));
        assert!(may_retry(&Method::HEAD, false, &UpstreamFailure::Dns));
        assert!(
            may_retry(&Method::GET, false, &UpstreamFailure::ConnectionTerminated),
            "a kept connection that closed"
        );
        assert!(may_retry(&Method::HEAD, false, &UpstreamFailure::Unanswered), "the same on other hosts");
        assert!(!may_retry(&Method::GET, true, &refused), "has a body");
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            assert!(!may_retry(&method, false, &refused), "{method}");
            assert!(!may_retry(&method, false, &UpstreamFailure::ConnectionTerminated), "{method}");
        }
        let time = Duration::from_secs(1);
        for answered_or_late in [
            UpstreamFailure::Protocol,
            UpstreamFailure::ResponseHeadTooLarge,
            UpstreamFailure::ResponseTimeout(time),
            UpstreamFailure::ConnectTimeout(time),
            UpstreamFailure::DnsTimeout(time),
            UpstreamFailure::Denied { origin: String::new() },
            UpstreamFailure::ConnectionLimit,
        ] {
            assert!(!may_retry(&Method::GET, false, &answered_or_late), "{answered_or_late:?}");
        }
    }
}
