//! What one exchange with a backend says about its health.

use crate::backend::url::fingerprint;
use crate::failure::UpstreamFailure;
use crate::time::Timestamp;
use http::StatusCode;
use std::time::Duration;

/// The health endpoint where none is configured.
pub const DEFAULT_ENDPOINT: &str = "/health";

/// What a request or a check says about a backend.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It answered well, in this time.
    Success(Duration),
    /// Something answered, but perhaps not this backend, or not for this question: it can be reached, and nothing else is known. What a
    /// check got, in words.
    Unclear(String),
    /// It cannot be reached, or says itself that it is unwell: down at once.
    Down(String),
    /// It was silent or broke off: a check decides after three in a row.
    Doubtful(String),
    /// Its URL leads back to the gateway: unhealthy, but not gated, as the 508 that requests get says more than a gate would.
    Loop,
    /// Nothing: an error of the application's own, of the client, or of the gateway's configuration.
    Nothing,
}

/// What is wrong with a backend whose URL leads back to the gateway.
pub(super) const LOOP: &str = "its URL points back at the gateway (508 Loop Detected)";

/// How something was learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// A client's request, which went to the backend anyway.
    Traffic,
    /// An active check.
    Check {
        /// The health endpoint, where one is configured, as the fingerprint of its path.
        endpoint: Option<u32>,
        /// It was made by the periodic survey, which renews entries before they expire.
        periodic: bool,
    },
}

impl Evidence {
    /// A check of this configured endpoint, or of the default one.
    pub fn check(endpoint: Option<&str>, periodic: bool) -> Self {
        Evidence::Check { endpoint: endpoint.map(endpoint_fingerprint), periodic }
    }

    pub(super) fn is_periodic(self) -> bool {
        matches!(self, Evidence::Check { periodic: true, .. })
    }
}

/// What an exchange says, when, and how it came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Sign {
    /// What it says about the backend.
    pub outcome: Outcome,
    /// When it was seen, by the gateway's clock: of an answer, when its head was there, however long its body takes.
    pub at: Timestamp,
    /// How it came about.
    pub evidence: Evidence,
}

/// The path of a configured health endpoint, as entries name it.
pub fn endpoint_fingerprint(path: &str) -> u32 {
    fingerprint(&[path])
}

/// What a failed exchange says about the backend.
pub fn of_failure(failure: &UpstreamFailure) -> Outcome {
    match failure {
        UpstreamFailure::ConnectionRefused
        | UpstreamFailure::Dns
        | UpstreamFailure::Tls
        | UpstreamFailure::TlsCertificate => Outcome::Down(failure.to_string()),
        UpstreamFailure::ConnectionTerminated
        | UpstreamFailure::ConnectTimeout(_)
        | UpstreamFailure::DnsTimeout(_)
        | UpstreamFailure::ResponseTimeout(_)
        | UpstreamFailure::Protocol
        | UpstreamFailure::Unanswered => Outcome::Doubtful(failure.to_string()),
        UpstreamFailure::ResponseHeadTooLarge
        | UpstreamFailure::Denied { .. }
        | UpstreamFailure::ConnectionLimit
        | UpstreamFailure::UploadStalled(_)
        | UpstreamFailure::Gated { .. }
        | UpstreamFailure::Host(_) => Outcome::Nothing,
    }
}

/// What a proxied answer says about the backend: below 500 it is well, but anything might answer 401, 403 or 404. A 5xx is the application's own
/// affair.
pub fn of_answer(status: StatusCode, latency: Duration) -> Outcome {
    match status.as_u16() {
        500.. => Outcome::Nothing,
        401 | 403 | 404 => Outcome::Unclear(String::new()),
        _ => Outcome::Success(latency),
    }
}

/// What the answer to an active check says. Where the path of the endpoint is `configured`, 2xx is good and 5xx is bad; at the default one all below 500 is good,
/// except what anything might answer that listens there. A typo in the path, a redirect or a login page is no outage.
pub fn of_check(status: StatusCode, configured: bool, latency: Duration) -> Outcome {
    let code = status.as_u16();
    match code {
        508 => Outcome::Loop,
        500.. => Outcome::Down(format!("health endpoint answered {code}")),
        200..300 => Outcome::Success(latency),
        401 | 403 | 404 => Outcome::Unclear(format!("health endpoint answered {code}")),
        _ if configured => Outcome::Unclear(format!("health endpoint answered {code}")),
        _ => Outcome::Success(latency),
    }
}

/// What an active check without an answer says: that the backend is down. Unless it never left the gateway, or an answer was there that is too large.
pub fn of_failed_check(failure: &UpstreamFailure) -> Outcome {
    match failure {
        UpstreamFailure::Denied { .. } | UpstreamFailure::ConnectionLimit | UpstreamFailure::Gated { .. } => {
            Outcome::Nothing
        }
        UpstreamFailure::ResponseHeadTooLarge => Outcome::Unclear(failure.to_string()),
        _ => Outcome::Down(failure.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: Duration = Duration::from_millis(1);

    fn status(code: u16) -> StatusCode {
        StatusCode::from_u16(code).expect("a status")
    }

    #[test]
    fn answers_to_requests() {
        for code in [200, 204, 301, 400, 405, 429] {
            assert_eq!(of_answer(status(code), TIME), Outcome::Success(TIME), "{code}");
        }
        for code in [401, 403, 404] {
            assert!(matches!(of_answer(status(code), TIME), Outcome::Unclear(_)), "{code}: anything might answer so");
        }
        for code in [500, 503, 508, 599] {
            assert_eq!(of_answer(status(code), TIME), Outcome::Nothing, "{code} is the application's own");
        }
    }

    #[test]
    fn answers_to_checks() {
        let unclear = |code| Outcome::Unclear(format!("health endpoint answered {code}"));
        let down = |code| Outcome::Down(format!("health endpoint answered {code}"));
        for (code, default, configured) in [
            (200, Outcome::Success(TIME), Outcome::Success(TIME)),
            (204, Outcome::Success(TIME), Outcome::Success(TIME)),
            (301, Outcome::Success(TIME), unclear(301)),
            (302, Outcome::Success(TIME), unclear(302)),
            (400, Outcome::Success(TIME), unclear(400)),
            (401, unclear(401), unclear(401)),
            (403, unclear(403), unclear(403)),
            (404, unclear(404), unclear(404)),
            (405, Outcome::Success(TIME), unclear(405)),
            (429, Outcome::Success(TIME), unclear(429)),
            (500, down(500), down(500)),
            (503, down(503), down(503)),
            (508, Outcome::Loop, Outcome::Loop),
        ] {
            assert_eq!(of_check(status(code), false, TIME), default, "{code} at the default endpoint");
            assert_eq!(of_check(status(code), true, TIME), configured, "{code} at a configured endpoint");
        }
    }

    #[test]
    fn failures_of_requests_and_of_checks() {
        use UpstreamFailure as F;
        let time = Duration::from_secs(2);
        for (failure, request, check) in [
            (F::ConnectionRefused, "down", "down"),
            (F::Dns, "down", "down"),
            (F::Tls, "down", "down"),
            (F::TlsCertificate, "down", "down"),
            (F::ConnectionTerminated, "doubtful", "down"),
            (F::ConnectTimeout(time), "doubtful", "down"),
            (F::DnsTimeout(time), "doubtful", "down"),
            (F::ResponseTimeout(time), "doubtful", "down"),
            (F::Protocol, "doubtful", "down"),
            (F::Host("a word of the host".into()), "nothing", "down"),
            (F::ResponseHeadTooLarge, "nothing", "unclear"),
            (F::Denied { origin: "http://h".into() }, "nothing", "nothing"),
            (F::ConnectionLimit, "nothing", "nothing"),
        ] {
            let kind = |outcome| match outcome {
                Outcome::Down(_) => "down",
                Outcome::Doubtful(_) => "doubtful",
                Outcome::Unclear(_) => "unclear",
                Outcome::Nothing => "nothing",
                Outcome::Success(_) | Outcome::Loop => "impossible",
            };
            assert_eq!((kind(of_failure(&failure)), kind(of_failed_check(&failure))), (request, check), "{failure}");
        }
    }
}
